import numpy as np

from .. import layers
from ..layers import Cache


class TwoLayerNet(object):

    def __init__(self, input_dim=3*32*32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        self.params = {}
        self.reg = reg
        self.params['W1'] = np.random.randn(input_dim, hidden_dim) * weight_scale
        self.params['b1'] = np.zeros((hidden_dim,))
        self.params['W2'] = np.random.randn(hidden_dim, num_classes) * weight_scale
        self.params['b2'] = np.zeros((num_classes,))

    def loss(self, X, y=None):
        W1, b1, W2, b2 = [self.params[k] for k in ('W1', 'b1', 'W2', 'b2')]
        c = Cache()
        c.a, c.affine1 = layers.affine_forward(X, W1, b1)
        c.h, c.relu = layers.relu_forward(c.a)
        c.scores, c.affine2 = layers.affine_forward(c.h, W2, b2)
        if y is None:
            return c.scores

        data_loss, dscores = layers.softmax_loss(c.scores, y)
        reg_loss = 0.5 * self.reg * np.sum(W1 * W1)
        reg_loss += 0.5 * self.reg * np.sum(W2 * W2)
        loss = data_loss + reg_loss

        grads = {}
        dh, dW2, grads['b2'] = layers.affine_backward(dscores, c.affine2)
        da = layers.relu_backward(dh, c.relu)
        dX, dW1, grads['b1'] = layers.affine_backward(da, c.affine1)
        grads['W2'] = dW2 + self.reg * W2
        grads['W1'] = dW1 + self.reg * W1
        return loss, grads


class FullyConnectedNet(object):

    def __init__(self, hidden_dims, input_dim=3*32*32, num_classes=10, dropout=0, use_batchnorm=False, reg=0.0,
                 weight_scale=1e-2, dtype=np.float32, seed=None, normalization=None):
        self.normalization = normalization
        if use_batchnorm:
            self.normalization = 'batchnorm'
        self.use_batchnorm = self.normalization == 'batchnorm'
        self.use_dropout = dropout > 0
        self.reg = reg
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        self.params = {}

        previous = input_dim
        for layer, size in enumerate(hidden_dims, 1):
            self.params['W%d' % layer] = weight_scale * np.random.randn(previous, size)
            self.params['b%d' % layer] = np.zeros(size)
            if self.normalization is not None:
                self.params['gamma%d' % layer] = np.ones(size)
                self.params['beta%d' % layer] = np.zeros(size)
            previous = size
        self.params['W%d' % self.num_layers] = weight_scale * np.random.randn(previous, num_classes)
        self.params['b%d' % self.num_layers] = np.zeros(num_classes)

        self.dropout_param = {}
        if self.use_dropout:
            self.dropout_param = {'mode': 'train', 'p': dropout}
            if seed is not None:
                self.dropout_param['seed'] = seed
        self.bn_params = []
        if self.normalization == 'batchnorm':
            self.bn_params = [{'mode': 'train'} for i in range(self.num_layers - 1)]
        elif self.normalization == 'layernorm':
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

        # forward: self.trace[i] keeps everything of layer i, the values too, which helped to find mistakes
        self.trace = [Cache() for i in range(self.num_layers + 1)]
        value = X
        for i in range(1, self.num_layers):
            c = self.trace[i]
            c.a, c.affine = layers.affine_forward(value, self.params['W%d' % i], self.params['b%d' % i])
            value = c.a
            if self.normalization is not None:
                f = layers.batchnorm_forward if self.normalization == 'batchnorm' else layers.layernorm_forward
                c.n, c.norm = f(value, self.params['gamma%d' % i], self.params['beta%d' % i], self.bn_params[i - 1])
                value = c.n
            c.r, c.relu = layers.relu_forward(value)
            value = c.r
            if self.use_dropout:
                c.d, c.dropout = layers.dropout_forward(value, self.dropout_param)
                value = c.d
        c = self.trace[self.num_layers]
        scores, c.affine = layers.affine_forward(value, self.params['W%d' % self.num_layers],
                                                 self.params['b%d' % self.num_layers])
        if mode == 'test':
            return scores

        loss, dvalue = layers.softmax_loss(scores, y)
        grads = {}
        for i in range(self.num_layers, 0, -1):
            c = self.trace[i]
            if i < self.num_layers:
                if self.use_dropout:
                    dvalue = layers.dropout_backward(dvalue, c.dropout)
                dvalue = layers.relu_backward(dvalue, c.relu)
                if self.normalization == 'batchnorm':
                    dvalue, grads['gamma%d' % i], grads['beta%d' % i] = layers.batchnorm_backward(dvalue, c.norm)
                elif self.normalization == 'layernorm':
                    dvalue, grads['gamma%d' % i], grads['beta%d' % i] = layers.layernorm_backward(dvalue, c.norm)
            dvalue, dW, grads['b%d' % i] = layers.affine_backward(dvalue, c.affine)
            grads['W%d' % i] = dW + self.reg * self.params['W%d' % i]
        squares = [np.sum(self.params['W%d' % i] ** 2) for i in range(1, self.num_layers + 1)]
        loss = loss + self.reg * sum(squares) / 2
        return loss, grads
