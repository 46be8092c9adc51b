import numpy as np

from ..layers import *
from ..layer_utils import *


class TwoLayerNet(object):

    def __init__(self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        self.params = {}
        self.reg = reg
        self.params['W1'] = np.random.normal(0, weight_scale, (input_dim, hidden_dim))
        self.params['W2'] = np.random.normal(0, weight_scale, (hidden_dim, num_classes))
        self.params['b1'] = np.zeros(hidden_dim)
        self.params['b2'] = np.zeros(num_classes)

    def loss(self, X, y=None):
        W1 = self.params['W1']
        b1 = self.params['b1']
        W2 = self.params['W2']
        b2 = self.params['b2']
        h1, c1 = affine_forward(X, W1, b1)
        h2, c2 = relu_forward(h1)
        scores, c3 = affine_forward(h2, W2, b2)
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        for W in (W1, W2):
            loss += 0.5 * self.reg * np.sum(W ** 2)
        dh2, dW2, db2 = affine_backward(dscores, c3)
        dh1 = relu_backward(dh2, c2)
        dX, dW1, db1 = affine_backward(dh1, c1)
        dW1 += self.reg * W1
        dW2 += self.reg * W2
        grads = {'W1': dW1, 'b1': db1, 'W2': dW2, 'b2': db2}
        return loss, grads


class FullyConnectedNet(object):

    def __init__(self, hidden_dims, input_dim=3 * 32 * 32, num_classes=10, dropout=0, use_batchnorm=False, reg=0.0,
                 weight_scale=1e-2, dtype=np.float32, seed=None, normalization=None):
        if use_batchnorm:
            normalization = 'batchnorm'
        self.normalization = normalization
        self.use_batchnorm = normalization == 'batchnorm'
        self.use_dropout = dropout > 0
        self.reg = reg
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        self.params = {}

        size = input_dim
        for i in range(self.num_layers):
            if i < self.num_layers - 1:
                next_size = hidden_dims[i]
            else:
                next_size = num_classes
            self.params['W' + str(i + 1)] = weight_scale * np.random.randn(size, next_size)
            self.params['b' + str(i + 1)] = np.zeros(next_size)
            if normalization is not None and i < self.num_layers - 1:
                self.params['gamma' + str(i + 1)] = np.ones(next_size)
                self.params['beta' + str(i + 1)] = np.zeros(next_size)
            size = next_size

        self.dropout_param = {}
        if self.use_dropout:
            self.dropout_param = {'mode': 'train', 'p': dropout}
            if seed is not None:
                self.dropout_param['seed'] = seed
        self.bn_params = []
        if self.normalization == 'batchnorm':
            self.bn_params = [{'mode': 'train'} for i in range(self.num_layers - 1)]
        if self.normalization == 'layernorm':
            self.bn_params = [{} for i in range(self.num_layers - 1)]
        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def loss(self, X, y=None):
        X = X.astype(self.dtype)
        mode = 'test' if y is None else 'train'
        if self.use_dropout:
            self.dropout_param['mode'] = mode
        if self.normalization == 'batchnorm':
            for bn_param in self.bn_params:
                bn_param['mode'] = mode

        # every layer puts its name and its cache on a list, backward walks the list from its end
        tape = []
        h = X
        for i in range(1, self.num_layers):
            h, cache = affine_forward(h, self.params['W%d' % i], self.params['b%d' % i])
            tape.append(('affine', i, cache))
            if self.normalization == 'batchnorm':
                h, cache = batchnorm_forward(h, self.params['gamma%d' % i], self.params['beta%d' % i],
                                             self.bn_params[i - 1])
                tape.append(('batchnorm', i, cache))
            elif self.normalization == 'layernorm':
                h, cache = layernorm_forward(h, self.params['gamma%d' % i], self.params['beta%d' % i],
                                             self.bn_params[i - 1])
                tape.append(('layernorm', i, cache))
            h, cache = relu_forward(h)
            tape.append(('relu', i, cache))
            if self.use_dropout:
                h, cache = dropout_forward(h, self.dropout_param)
                tape.append(('dropout', i, cache))
        L = self.num_layers
        scores, cache = affine_forward(h, self.params['W%d' % L], self.params['b%d' % L])
        tape.append(('affine', L, cache))
        if mode == 'test':
            return scores

        grads = {}
        loss, dh = softmax_loss(scores, y)
        while tape:
            kind, i, cache = tape.pop()
            if kind == 'affine':
                dh, dW, db = affine_backward(dh, cache)
                W = self.params['W%d' % i]
                loss += 0.5 * self.reg * np.sum(W * W)
                grads['W%d' % i] = dW + self.reg * W
                grads['b%d' % i] = db
            elif kind == 'batchnorm':
                dh, grads['gamma%d' % i], grads['beta%d' % i] = batchnorm_backward(dh, cache)
            elif kind == 'layernorm':
                dh, grads['gamma%d' % i], grads['beta%d' % i] = layernorm_backward(dh, cache)
            elif kind == 'relu':
                dh = relu_backward(dh, cache)
            else:
                dh = dropout_backward(dh, cache)
        return loss, grads
