from .. layer_utils import *


class ThreeLayerConvNet(object):

    def __init__(self, input_dim=(3, 32, 32), num_filters=32, filter_size=7, hidden_dim=100, num_classes=10,
                 weight_scale=1e-3, reg=0.0, dtype=np.float32):
        self.params = {}
        self.reg = reg
        self.dtype = dtype
        C, H, W = input_dim
        lost = filter_size - 1 - 2 * ((filter_size - 1) // 2)
        flat = num_filters * ((H - lost) // 2) * ((W - lost) // 2)
        self.params['W1'] = np.random.randn(num_filters, C, filter_size, filter_size) * weight_scale
        self.params['W2'] = np.random.randn(flat, hidden_dim) * weight_scale
        self.params['W3'] = np.random.randn(hidden_dim, num_classes) * weight_scale
        for i, size in enumerate((num_filters, hidden_dim, num_classes), 1):
            self.params['b%d' % i] = np.zeros(size)
        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def loss(self, X, y=None):
        params = self.params
        conv_param = {'stride': 1, 'pad': (params['W1'].shape[2] - 1) // 2}
        pool_param = {'pool_height': 2, 'pool_width': 2, 'stride': 2}
        h, cache1 = conv_relu_pool_forward(X.astype(self.dtype), params['W1'], params['b1'], conv_param, pool_param)
        h, cache2 = affine_relu_forward(h, params['W2'], params['b2'])
        scores, cache3 = affine_forward(h, params['W3'], params['b3'])
        if y is None:
            return scores
        grads = {}
        loss, dh = softmax_loss(scores, y)
        dh, grads['W3'], grads['b3'] = affine_backward(dh, cache3)
        dh, grads['W2'], grads['b2'] = affine_relu_backward(dh, cache2)
        dh, grads['W1'], grads['b1'] = conv_relu_pool_backward(dh, cache1)
        for i in (1, 2, 3):
            loss += 0.5 * self.reg * np.sum(params['W%d' % i] ** 2)
            grads['W%d' % i] += self.reg * params['W%d' % i]
        return loss, grads


class MultiLayerConvNet(object):

    def __init__(self, input_dim=(3, 32, 32), nums_filters=(16, 32), filter_size=5, hidden_dims=(500, 100),
                 num_classes=10, weight_scale=1e-3, reg=0.0, dtype=np.float32):
        self.params = {}
        self.reg = reg
        self.dtype = dtype
        self.num_convs = len(nums_filters)
        self.num_layers = self.num_convs + len(hidden_dims) + 1
        C, H, W = input_dim
        i = 0
        for F in nums_filters:
            i += 1
            self.params['W%d' % i] = np.random.randn(F, C, filter_size, filter_size) * weight_scale
            self.params['b%d' % i] = np.zeros(F)
            C = F
        size = C * (H // 2) * (W // 2)
        for M in list(hidden_dims) + [num_classes]:
            i += 1
            self.params['W%d' % i] = np.random.randn(size, M) * weight_scale
            self.params['b%d' % i] = np.zeros(M)
            size = M
        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def loss(self, X, y=None):
        params = self.params
        conv_param = {'stride': 1, 'pad': (params['W1'].shape[2] - 1) // 2}
        pool_param = {'pool_height': 2, 'pool_width': 2, 'stride': 2}
        caches = {}
        h = X.astype(self.dtype)
        for i in range(1, self.num_layers + 1):
            layer = (h, params['W%d' % i], params['b%d' % i])
            if i < self.num_convs:
                h, caches[i] = conv_relu_forward(*layer, conv_param)
            elif i == self.num_convs:
                h, caches[i] = conv_relu_pool_forward(*layer, conv_param, pool_param)
            elif i < self.num_layers:
                h, caches[i] = affine_relu_forward(*layer)
            else:
                h, caches[i] = affine_forward(*layer)
        if y is None:
            return h
        grads = {}
        loss, dh = softmax_loss(h, y)
        for i in range(self.num_layers, 0, -1):
            if i == self.num_layers:
                back = affine_backward
            elif i > self.num_convs:
                back = affine_relu_backward
            else:
                back = conv_relu_pool_backward if i == self.num_convs else conv_relu_backward
            dh, grads['W%d' % i], grads['b%d' % i] = back(dh, caches[i])
            loss += 0.5 * self.reg * np.sum(params['W%d' % i] ** 2)
            grads['W%d' % i] += self.reg * params['W%d' % i]
        return loss, grads
