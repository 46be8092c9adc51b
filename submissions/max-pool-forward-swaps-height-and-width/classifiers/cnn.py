import numpy as np

from cs231n.layers import *
from cs231n.fast_layers import *
from cs231n.layer_utils import *


class ThreeLayerConvNet(object):

    def __init__(self, input_dim=(3, 32, 32), num_filters=32, filter_size=7,
                 hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0,
                 dtype=np.float32):
        self.params = {}
        self.reg = reg
        self.dtype = dtype
        C, H, W = input_dim
        pad = (filter_size - 1) // 2
        H_pool = (H + 2 * pad - filter_size + 1) // 2
        W_pool = (W + 2 * pad - filter_size + 1) // 2
        self.params['W1'] = weight_scale * np.random.randn(num_filters, C, filter_size, filter_size)
        self.params['b1'] = np.zeros(num_filters)
        self.params['W2'] = weight_scale * np.random.randn(num_filters * H_pool * W_pool, hidden_dim)
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

        scores = None
        X = X.astype(self.dtype)
        conv_out, conv_cache = conv_relu_pool_forward(X, W1, b1, conv_param, pool_param)
        hidden_out, hidden_cache = affine_relu_forward(conv_out, W2, b2)
        scores, scores_cache = affine_forward(hidden_out, W3, b3)
        if y is None:
            return scores

        loss, grads = 0, {}
        loss, dscores = softmax_loss(scores, y)
        loss += 0.5 * self.reg * (np.sum(W1 * W1) + np.sum(W2 * W2) + np.sum(W3 * W3))
        dhidden, dW3, grads['b3'] = affine_backward(dscores, scores_cache)
        dconv, dW2, grads['b2'] = affine_relu_backward(dhidden, hidden_cache)
        dX, dW1, grads['b1'] = conv_relu_pool_backward(dconv, conv_cache)
        grads['W1'] = dW1 + self.reg * W1
        grads['W2'] = dW2 + self.reg * W2
        grads['W3'] = dW3 + self.reg * W3
        return loss, grads


class MultiLayerConvNet(object):

    def __init__(self, input_dim=(3, 32, 32), nums_filters=(16, 32), filter_size=5,
                 hidden_dims=(500, 100), num_classes=10, weight_scale=1e-3, reg=0.0,
                 dtype=np.float32):
        self.params = {}
        self.reg = reg
        self.dtype = dtype
        self.num_convs = len(nums_filters)
        self.num_layers = self.num_convs + len(hidden_dims) + 1
        C, H, W = input_dim
        layer = 1
        for F in nums_filters:
            self.params['W%d' % layer] = weight_scale * np.random.randn(F, C, filter_size, filter_size)
            self.params['b%d' % layer] = np.zeros(F)
            C = F
            layer += 1
        dims = [C * (H // 2) * (W // 2)] + list(hidden_dims) + [num_classes]
        for i in range(len(dims) - 1):
            self.params['W%d' % layer] = weight_scale * np.random.randn(dims[i], dims[i + 1])
            self.params['b%d' % layer] = np.zeros(dims[i + 1])
            layer += 1
        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def loss(self, X, y=None):
        filter_size = self.params['W1'].shape[2]
        conv_param = {'stride': 1, 'pad': (filter_size - 1) // 2}
        pool_param = {'pool_height': 2, 'pool_width': 2, 'stride': 2}

        scores = None
        out = X.astype(self.dtype)
        caches = []
        for i in range(1, self.num_layers + 1):
            W, b = self.params['W%d' % i], self.params['b%d' % i]
            if i < self.num_convs:
                out, cache = conv_relu_forward(out, W, b, conv_param)
            elif i == self.num_convs:
                out, cache = conv_relu_pool_forward(out, W, b, conv_param, pool_param)
            elif i < self.num_layers:
                out, cache = affine_relu_forward(out, W, b)
            else:
                out, cache = affine_forward(out, W, b)
            caches.append(cache)
        scores = out
        if y is None:
            return scores

        loss, grads = 0, {}
        loss, dout = softmax_loss(scores, y)
        for i in range(self.num_layers, 0, -1):
            cache = caches[i - 1]
            if i == self.num_layers:
                dout, dW, db = affine_backward(dout, cache)
            elif i > self.num_convs:
                dout, dW, db = affine_relu_backward(dout, cache)
            elif i == self.num_convs:
                dout, dW, db = conv_relu_pool_backward(dout, cache)
            else:
                dout, dW, db = conv_relu_backward(dout, cache)
            W = self.params['W%d' % i]
            loss += 0.5 * self.reg * np.sum(W * W)
            grads['W%d' % i] = dW + self.reg * W
            grads['b%d' % i] = db
        return loss, grads
