import numpy as np

from cs231n.layers import *
from cs231n.layer_utils import *


class TwoLayerNet(object):

    def __init__(self, input_dim=3*32*32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        self.params = {}
        self.reg = reg
        self.params['W1'] = weight_scale * np.random.randn(input_dim, hidden_dim)
        self.params['b1'] = np.zeros(hidden_dim)
        self.params['W2'] = weight_scale * np.random.randn(hidden_dim, num_classes)
        self.params['b2'] = np.zeros(num_classes)

    def loss(self, X, y=None):
        W1, b1, W2, b2 = f32(self.params['W1'], self.params['b1'], self.params['W2'], self.params['b2'])
        h, cache_h = affine_relu_forward(f32(X), W1, b1)
        scores, cache_s = affine_forward(h, W2, b2)
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        loss = float(loss) + 0.5 * self.reg * float(np.sum(W1 ** 2) + np.sum(W2 ** 2))
        grads = {}
        dh, grads['W2'], grads['b2'] = affine_backward(dscores, cache_s)
        dX, grads['W1'], grads['b1'] = affine_relu_backward(dh, cache_h)
        grads['W1'] += np.float32(self.reg) * W1
        grads['W2'] += np.float32(self.reg) * W2
        return loss, grads


class FullyConnectedNet(object):

    def __init__(self, hidden_dims, input_dim=3*32*32, num_classes=10, dropout=0, use_batchnorm=False, reg=0.0,
                 weight_scale=1e-2, dtype=np.float32, seed=None, normalization=None):
        self.normalization = 'batchnorm' if use_batchnorm else normalization
        self.use_batchnorm = self.normalization == 'batchnorm'
        self.use_dropout = dropout > 0
        self.reg = reg
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        self.params = {}
        dims = [input_dim] + list(hidden_dims) + [num_classes]
        for l in range(1, self.num_layers + 1):
            self.params['W%d' % l] = weight_scale * np.random.randn(dims[l - 1], dims[l])
            self.params['b%d' % l] = np.zeros(dims[l])
        if self.normalization in ('batchnorm', 'layernorm'):
            for l in range(1, self.num_layers):
                self.params['gamma%d' % l] = np.ones(dims[l])
                self.params['beta%d' % l] = np.zeros(dims[l])

        self.dropout_param = {}
        if self.use_dropout:
            self.dropout_param = {'mode': 'train', 'p': dropout}
            if seed is not None:
                self.dropout_param['seed'] = seed
        self.bn_params = []
        if self.normalization == 'batchnorm':
            self.bn_params = [{'mode': 'train'} for l in range(self.num_layers - 1)]
        if self.normalization == 'layernorm':
            self.bn_params = [{} for l in range(self.num_layers - 1)]
        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def loss(self, X, y=None):
        mode = 'test' if y is None else 'train'
        if self.use_dropout:
            self.dropout_param['mode'] = mode
        if self.normalization == 'batchnorm':
            for bn_param in self.bn_params:
                bn_param['mode'] = mode

        P = {k: f32(v) for k, v in self.params.items()}
        L = self.num_layers
        h = f32(X)
        caches, drops = [None] * L, [None] * L
        for l in range(1, L):
            W, b = P['W%d' % l], P['b%d' % l]
            if self.normalization == 'batchnorm':
                h, caches[l] = affine_bn_relu_forward(h, W, b, P['gamma%d' % l], P['beta%d' % l], self.bn_params[l - 1])
            elif self.normalization == 'layernorm':
                h, caches[l] = affine_ln_relu_forward(h, W, b, P['gamma%d' % l], P['beta%d' % l], self.bn_params[l - 1])
            else:
                h, caches[l] = affine_relu_forward(h, W, b)
            if self.use_dropout:
                h, drops[l] = dropout_forward(h, self.dropout_param)
        scores, cache = affine_forward(h, P['W%d' % L], P['b%d' % L])
        if mode == 'test':
            return scores

        grads = {}
        loss, dh = softmax_loss(scores, y)
        loss = float(loss)
        dh, grads['W%d' % L], grads['b%d' % L] = affine_backward(dh, cache)
        for l in range(L - 1, 0, -1):
            if self.use_dropout:
                dh = dropout_backward(dh, drops[l])
            if self.normalization == 'batchnorm':
                dh, dW, db, grads['gamma%d' % l], grads['beta%d' % l] = affine_bn_relu_backward(dh, caches[l])
            elif self.normalization == 'layernorm':
                dh, dW, db, grads['gamma%d' % l], grads['beta%d' % l] = affine_ln_relu_backward(dh, caches[l])
            else:
                dh, dW, db = affine_relu_backward(dh, caches[l])
            grads['W%d' % l], grads['b%d' % l] = dW, db
        for l in range(1, L + 1):
            loss += 0.5 * self.reg * float(np.sum(P['W%d' % l] ** 2))
            grads['W%d' % l] = grads['W%d' % l] + np.float32(self.reg) * P['W%d' % l]
        return loss, grads
