import numpy as np

from .. import layer_utils, layers


class ThreeLayerConvNet(object):

    def __init__(self, input_dim=(3, 32, 32), num_filters=32, filter_size=7, hidden_dim=100, num_classes=10,
                 weight_scale=1e-3, reg=0.0, dtype=np.float32):
        self.params = {}
        self.reg = reg
        self.dtype = dtype
        C, H, W = input_dim
        pad = (filter_size - 1) // 2
        conv_height = 1 + (H + 2 * pad - filter_size) // 1
        conv_width = 1 + (W + 2 * pad - filter_size) // 1
        pool_height = 1 + (conv_height - 2) // 2
        pool_width = 1 + (conv_width - 2) // 2
        self.params['W1'] = np.random.randn(num_filters, C, filter_size, filter_size) * weight_scale
        self.params['b1'] = np.zeros((num_filters,))
        self.params['W2'] = np.random.randn(num_filters * pool_height * pool_width, hidden_dim) * weight_scale
        self.params['b2'] = np.zeros((hidden_dim,))
        self.params['W3'] = np.random.randn(hidden_dim, num_classes) * weight_scale
        self.params['b3'] = np.zeros((num_classes,))
        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def loss(self, X, y=None):
        X = X.astype(self.dtype)
        W1, b1 = self.params['W1'], self.params['b1']
        W2, b2 = self.params['W2'], self.params['b2']
        W3, b3 = self.params['W3'], self.params['b3']
        conv_param = {'stride': 1, 'pad': (W1.shape[2] - 1) // 2}
        pool_param = {'pool_height': 2, 'pool_width': 2, 'stride': 2}

        caches = []
        value, c = layer_utils.conv_relu_pool_forward(X, W1, b1, conv_param, pool_param)
        caches.append(c)
        pooled_shape = value.shape
        value = value.reshape(value.shape[0], -1)
        value, c = layer_utils.affine_relu_forward(value, W2, b2)
        caches.append(c)
        scores, c = layers.affine_forward(value, W3, b3)
        caches.append(c)
        if y is None:
            return scores

        loss, dvalue = layers.softmax_loss(scores, y)
        for W in (W1, W2, W3):
            loss = loss + 0.5 * self.reg * np.sum(W * W)
        dvalue, dW3, db3 = layers.affine_backward(dvalue, caches.pop())
        dvalue, dW2, db2 = layer_utils.affine_relu_backward(dvalue, caches.pop())
        dvalue = dvalue.reshape(pooled_shape)
        dvalue, dW1, db1 = layer_utils.conv_relu_pool_backward(dvalue, caches.pop())
        grads = {'W1': dW1 + self.reg * W1, 'b1': db1, 'W2': dW2 + self.reg * W2, 'b2': db2,
                 'W3': dW3 + self.reg * W3, 'b3': db3}
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
        layer = 0
        for F in nums_filters:
            layer += 1
            self.params['W%d' % layer] = np.random.randn(F, C, filter_size, filter_size) * weight_scale
            self.params['b%d' % layer] = np.zeros((F,))
            C = F
        size = C * (H // 2) * (W // 2)
        for next_size in hidden_dims:
            layer += 1
            self.params['W%d' % layer] = np.random.randn(size, next_size) * weight_scale
            self.params['b%d' % layer] = np.zeros((next_size,))
            size = next_size
        layer += 1
        self.params['W%d' % layer] = np.random.randn(size, num_classes) * weight_scale
        self.params['b%d' % layer] = np.zeros((num_classes,))
        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def loss(self, X, y=None):
        value = X.astype(self.dtype)
        conv_param = {'stride': 1, 'pad': (self.params['W1'].shape[2] - 1) // 2}
        pool_param = {'pool_height': 2, 'pool_width': 2, 'stride': 2}

        caches = []
        for i in range(1, self.num_layers + 1):
            W, b = self.params['W%d' % i], self.params['b%d' % i]
            if i < self.num_convs:
                value, c = layer_utils.conv_relu_forward(value, W, b, conv_param)
                caches.append((layer_utils.conv_relu_backward, c))
            elif i == self.num_convs:
                value, c = layer_utils.conv_relu_pool_forward(value, W, b, conv_param, pool_param)
                caches.append((layer_utils.conv_relu_pool_backward, c))
            elif i < self.num_layers:
                value, c = layer_utils.affine_relu_forward(value, W, b)
                caches.append((layer_utils.affine_relu_backward, c))
            else:
                value, c = layers.affine_forward(value, W, b)
                caches.append((layers.affine_backward, c))
        if y is None:
            return value

        loss, dvalue = layers.softmax_loss(value, y)
        grads = {}
        for i in range(self.num_layers, 0, -1):
            backward, c = caches[i - 1]
            dvalue, dW, db = backward(dvalue, c)
            grads['W%d' % i] = dW + self.reg * self.params['W%d' % i]
            grads['b%d' % i] = db
            loss = loss + 0.5 * self.reg * np.sum(self.params['W%d' % i] ** 2)
        return loss, grads
