import numpy as np

from cs231n.layers import *
from cs231n.fast_layers import *
from cs231n.layer_utils import *


class ThreeLayerConvNet(object):

    def __init__(self, input_dim=(3, 32, 32), num_filters=32, filter_size=7, hidden_dim=100, num_classes=10,
                 weight_scale=1e-3, reg=0.0, dtype=np.float32):
        self.params = {}
        self.reg = reg
        self.dtype = dtype
        C, H, W = input_dim
        P = (filter_size - 1) // 2
        H2 = (H + 2 * P - filter_size + 1) // 2
        W2 = (W + 2 * P - filter_size + 1) // 2
        self.params['W1'] = np.random.normal(0.0, weight_scale, (num_filters, C, filter_size, filter_size))
        self.params['b1'] = np.zeros(num_filters)
        self.params['W2'] = np.random.normal(0.0, weight_scale, (num_filters * H2 * W2, hidden_dim))
        self.params['b2'] = np.zeros(hidden_dim)
        self.params['W3'] = np.random.normal(0.0, weight_scale, (hidden_dim, num_classes))
        self.params['b3'] = np.zeros(num_classes)
        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def loss(self, X, y=None):
        W1, b1, W2, b2, W3, b3 = f32(*[self.params[k] for k in ('W1', 'b1', 'W2', 'b2', 'W3', 'b3')])
        conv_param = {'stride': 1, 'pad': (W1.shape[2] - 1) // 2}
        pool_param = {'pool_height': 2, 'pool_width': 2, 'stride': 2}
        h1, c1 = conv_relu_pool_forward(f32(X), W1, b1, conv_param, pool_param)
        h2, c2 = affine_relu_forward(h1, W2, b2)
        scores, c3 = affine_forward(h2, W3, b3)
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        loss = float(loss) + 0.5 * self.reg * float(np.sum(W1 ** 2) + np.sum(W2 ** 2) + np.sum(W3 ** 2))
        dh2, dW3, db3 = affine_backward(dscores, c3)
        dh1, dW2, db2 = affine_relu_backward(dh2, c2)
        dX, dW1, db1 = conv_relu_pool_backward(dh1, c1)
        reg = np.float32(self.reg)
        return loss, {'W1': dW1 + reg * W1, 'b1': db1, 'W2': dW2 + reg * W2, 'b2': db2, 'W3': dW3 + reg * W3, 'b3': db3}


class MultiLayerConvNet(object):

    def __init__(self, input_dim=(3, 32, 32), nums_filters=(16, 32), filter_size=5, hidden_dims=(500, 100),
                 num_classes=10, weight_scale=1e-3, reg=0.0, dtype=np.float32):
        self.params = {}
        self.reg = reg
        self.dtype = dtype
        self.num_convs = M = len(nums_filters)
        self.num_layers = M + len(hidden_dims) + 1
        C, H, W = input_dim
        dims = [C] + list(nums_filters) + list(hidden_dims) + [num_classes]
        for l in range(1, self.num_layers + 1):
            if l <= M:
                shape = (dims[l], dims[l - 1], filter_size, filter_size)
            elif l == M + 1:
                shape = (dims[M] * (H // 2) * (W // 2), dims[l])
            else:
                shape = (dims[l - 1], dims[l])
            self.params['W%d' % l] = (weight_scale * np.random.randn(*shape)).astype(dtype)
            self.params['b%d' % l] = np.zeros(dims[l], dtype=dtype)

    def loss(self, X, y=None):
        W = {l: f32(self.params['W%d' % l]) for l in range(1, self.num_layers + 1)}
        b = {l: f32(self.params['b%d' % l]) for l in range(1, self.num_layers + 1)}
        conv_param = {'stride': 1, 'pad': (W[1].shape[2] - 1) // 2}
        pool_param = {'pool_height': 2, 'pool_width': 2, 'stride': 2}
        M, L = self.num_convs, self.num_layers
        h = f32(X)
        c = {}
        for l in range(1, M):
            h, c[l] = conv_relu_forward(h, W[l], b[l], conv_param)
        h, c[M] = conv_relu_pool_forward(h, W[M], b[M], conv_param, pool_param)
        for l in range(M + 1, L):
            h, c[l] = affine_relu_forward(h, W[l], b[l])
        scores, c[L] = affine_forward(h, W[L], b[L])
        if y is None:
            return scores
        loss, d = softmax_loss(scores, y)
        loss = float(loss)
        dW, db = {}, {}
        d, dW[L], db[L] = affine_backward(d, c[L])
        for l in range(L - 1, M, -1):
            d, dW[l], db[l] = affine_relu_backward(d, c[l])
        d, dW[M], db[M] = conv_relu_pool_backward(d, c[M])
        for l in range(M - 1, 0, -1):
            d, dW[l], db[l] = conv_relu_backward(d, c[l])
        grads = {}
        for l in range(1, L + 1):
            loss += 0.5 * self.reg * float(np.sum(W[l] ** 2))
            grads['W%d' % l] = dW[l] + np.float32(self.reg) * W[l]
            grads['b%d' % l] = db[l]
        return loss, grads
