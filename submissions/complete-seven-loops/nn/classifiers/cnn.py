import numpy as np

from ..layers import *
from ..fast_layers import *
from ..layer_utils import *


class ThreeLayerConvNet(object):

    def __init__(self, input_dim=(3, 32, 32), num_filters=32, filter_size=7, hidden_dim=100, num_classes=10,
                 weight_scale=1e-3, reg=0.0, dtype=np.float32):
        self.params = {}
        self.reg = reg
        self.dtype = dtype
        C, H, W = input_dim
        pad = (filter_size - 1) // 2
        Hc = H + 2 * pad - filter_size + 1
        Wc = W + 2 * pad - filter_size + 1
        flat = num_filters * (Hc // 2) * (Wc // 2)
        self.params['W1'] = weight_scale * np.random.randn(num_filters, C, filter_size, filter_size)
        self.params['b1'] = np.zeros(num_filters)
        self.params['W2'] = weight_scale * np.random.randn(flat, hidden_dim)
        self.params['b2'] = np.zeros(hidden_dim)
        self.params['W3'] = weight_scale * np.random.randn(hidden_dim, num_classes)
        self.params['b3'] = np.zeros(num_classes)
        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def loss(self, X, y=None):
        W1, b1 = self.params['W1'], self.params['b1']
        W2, b2 = self.params['W2'], self.params['b2']
        W3, b3 = self.params['W3'], self.params['b3']
        filter_size = W1.shape[2]
        conv_param = {'stride': 1, 'pad': (filter_size - 1) // 2}
        pool_param = {'pool_height': 2, 'pool_width': 2, 'stride': 2}

        a1, conv_cache = conv_forward_fast(X.astype(self.dtype), W1, b1, conv_param)
        r1, relu1_cache = relu_forward(a1)
        p1, pool_cache = max_pool_forward_fast(r1, pool_param)
        a2, fc2_cache = affine_forward(p1, W2, b2)
        r2, relu2_cache = relu_forward(a2)
        scores, fc3_cache = affine_forward(r2, W3, b3)
        if y is None:
            return scores

        grads = {}
        loss, dscores = softmax_loss(scores, y)
        loss += 0.5 * self.reg * (np.sum(W1 ** 2) + np.sum(W2 ** 2) + np.sum(W3 ** 2))
        dr2, dW3, grads['b3'] = affine_backward(dscores, fc3_cache)
        da2 = relu_backward(dr2, relu2_cache)
        dp1, dW2, grads['b2'] = affine_backward(da2, fc2_cache)
        dr1 = max_pool_backward_fast(dp1, pool_cache)
        da1 = relu_backward(dr1, relu1_cache)
        dx, dW1, grads['b1'] = conv_backward_fast(da1, conv_cache)
        grads['W1'] = dW1 + self.reg * W1
        grads['W2'] = dW2 + self.reg * W2
        grads['W3'] = dW3 + self.reg * W3
        return loss, grads


class MultiLayerConvNet(object):

    def __init__(self, input_dim=(3, 32, 32), nums_filters=(16, 32), filter_size=5, hidden_dims=(500, 100),
                 num_classes=10, weight_scale=1e-3, reg=0.0, dtype=np.float32):
        self.params = {}
        self.reg = reg
        self.dtype = dtype
        self.num_convs = len(nums_filters)
        self.num_layers = len(nums_filters) + len(hidden_dims) + 1
        C, H, W = input_dim
        i = 1
        for F in nums_filters:
            self.params['W%d' % i] = weight_scale * np.random.randn(F, C, filter_size, filter_size)
            self.params['b%d' % i] = np.zeros(F)
            C = F
            i += 1
        size = C * (H // 2) * (W // 2)
        for M in list(hidden_dims) + [num_classes]:
            self.params['W%d' % i] = weight_scale * np.random.randn(size, M)
            self.params['b%d' % i] = np.zeros(M)
            size = M
            i += 1
        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def loss(self, X, y=None):
        X = X.astype(self.dtype)
        filter_size = self.params['W1'].shape[2]
        conv_param = {'stride': 1, 'pad': (filter_size - 1) // 2}
        pool_param = {'pool_height': 2, 'pool_width': 2, 'stride': 2}

        caches = {}
        h = X
        for i in range(1, self.num_layers + 1):
            W, b = self.params['W%d' % i], self.params['b%d' % i]
            if i <= self.num_convs:
                h, caches['conv', i] = conv_forward_fast(h, W, b, conv_param)
                h, caches['relu', i] = relu_forward(h)
                if i == self.num_convs:
                    h, caches['pool', i] = max_pool_forward_fast(h, pool_param)
            else:
                h, caches['affine', i] = affine_forward(h, W, b)
                if i < self.num_layers:
                    h, caches['relu', i] = relu_forward(h)
        if y is None:
            return h

        grads = {}
        loss, dh = softmax_loss(h, y)
        for i in range(self.num_layers, 0, -1):
            if ('pool', i) in caches:
                dh = max_pool_backward_fast(dh, caches['pool', i])
            if ('relu', i) in caches:
                dh = relu_backward(dh, caches['relu', i])
            if ('conv', i) in caches:
                dh, dW, db = conv_backward_fast(dh, caches['conv', i])
            else:
                dh, dW, db = affine_backward(dh, caches['affine', i])
            W = self.params['W%d' % i]
            loss += 0.5 * self.reg * np.sum(W ** 2)
            grads['W%d' % i] = dW + self.reg * W
            grads['b%d' % i] = db
        return loss, grads
