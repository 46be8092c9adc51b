from functools import partial

import numpy as np

from cs231n.layers import (affine_backward, affine_forward, batchnorm_backward, batchnorm_forward, dropout_backward,
                           dropout_forward, hidden_backward, hidden_forward, init_layer, l2_penalty,
                           layernorm_backward, layernorm_forward, softmax_loss)


class TwoLayerNet(object):
    def __init__(self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        self.params = {}
        self.reg = reg
        init_layer(self.params, 1, (input_dim, hidden_dim), weight_scale, np.float64)
        init_layer(self.params, 2, (hidden_dim, num_classes), weight_scale, np.float64)

    def loss(self, X, y=None):
        hidden, cache1 = hidden_forward(X, self.params['W1'], self.params['b1'])
        scores, cache2 = affine_forward(hidden, self.params['W2'], self.params['b2'])
        if y is None:
            return scores
        grads = {}
        loss, dscores = softmax_loss(scores, y)
        dhidden, grads['W2'], grads['b2'] = affine_backward(dscores, cache2)
        (_, grads['W1'], grads['b1']), _ = hidden_backward(dhidden, cache1)
        penalty, shrink = l2_penalty(self.params, self.reg)
        for name in shrink:
            grads[name] = grads[name] + shrink[name]
        return loss + penalty, grads


class FullyConnectedNet(object):
    def __init__(self, hidden_dims, input_dim=3 * 32 * 32, num_classes=10, dropout=0, use_batchnorm=False, reg=0.0,
                 weight_scale=1e-2, dtype=np.float32, seed=None, normalization=None):
        self.normalization = 'batchnorm' if use_batchnorm else normalization
        self.use_batchnorm = self.normalization == 'batchnorm'
        self.use_dropout = dropout > 0
        self.reg = reg
        self.num_layers = len(hidden_dims) + 1
        self.dtype = dtype
        self.params = {}
        sizes = [input_dim, *hidden_dims, num_classes]
        for i in range(self.num_layers):
            init_layer(self.params, i + 1, (sizes[i], sizes[i + 1]), weight_scale, dtype)
        if self.normalization is not None:
            for i, size in enumerate(hidden_dims):
                self.params['gamma%d' % (i + 1)] = np.ones(size, dtype=dtype)
                self.params['beta%d' % (i + 1)] = np.zeros(size, dtype=dtype)

        self.dropout_param = {'mode': 'train', 'p': dropout} if self.use_dropout else {}
        if self.use_dropout and seed is not None:
            self.dropout_param['seed'] = seed
        self.bn_params = []
        if self.normalization == 'batchnorm':
            self.bn_params = [{'mode': 'train'} for _ in hidden_dims]
        if self.normalization == 'layernorm':
            self.bn_params = [{} for _ in hidden_dims]

    def _norm(self, i):
        """the forward of the norm of layer i as a function of x alone, or None"""
        if self.normalization is None:
            return None
        forward = {'batchnorm': batchnorm_forward, 'layernorm': layernorm_forward}[self.normalization]
        gamma, beta = self.params['gamma%d' % (i + 1)], self.params['beta%d' % (i + 1)]

        def norm(x):
            return forward(x, gamma, beta, self.bn_params[i])

        return norm

    def loss(self, X, y=None):
        mode = 'test' if y is None else 'train'
        if self.use_dropout:
            self.dropout_param['mode'] = mode
        if self.normalization == 'batchnorm':
            for bn_param in self.bn_params:
                bn_param['mode'] = mode
        out = np.asarray(X, dtype=self.dtype)
        undo = []
        for i in range(self.num_layers - 1):
            out, cache = hidden_forward(out, self.params['W%d' % (i + 1)], self.params['b%d' % (i + 1)], self._norm(i))
            drop = None
            if self.use_dropout:
                out, drop = dropout_forward(out, self.dropout_param)
            undo.append((i + 1, cache, drop))
        last = self.num_layers
        scores, cache = affine_forward(out, self.params['W%d' % last], self.params['b%d' % last])
        if mode == 'test':
            return scores

        loss, dout = softmax_loss(scores, y)
        grads = {}
        dout, grads['W%d' % last], grads['b%d' % last] = affine_backward(dout, cache)
        norm_backward = {'batchnorm': batchnorm_backward, 'layernorm': layernorm_backward}.get(self.normalization)
        back = partial(hidden_backward, norm_backward=norm_backward)
        for i, cache, drop in undo[::-1]:
            if self.use_dropout:
                dout = dropout_backward(dout, drop)
            (dout, grads['W%d' % i], grads['b%d' % i]), norm_grads = back(dout, cache)
            for name, grad in zip(('gamma%d', 'beta%d'), norm_grads):
                grads[name % i] = grad
        penalty, shrink = l2_penalty(self.params, self.reg)
        for name, grad in shrink.items():
            grads[name] = grads[name] + grad
        return loss + penalty, grads
