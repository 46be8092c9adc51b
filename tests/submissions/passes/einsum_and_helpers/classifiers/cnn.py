import numpy as np

from cs231n.fast_layers import conv_backward_fast, conv_forward_fast, max_pool_backward_fast, max_pool_forward_fast
from cs231n.layers import (affine_backward, affine_forward, hidden_backward, hidden_forward, init_layer, l2_penalty,
                           relu_backward, relu_forward, softmax_loss)


class Trunk(object):
    """what both networks share: convolutions with relu, one pooling, hidden layers, scores"""

    def build(self, convs, hidden, scale):
        for i, shape in enumerate(convs + hidden, start=1):
            init_layer(self.params, i, shape, scale, self.dtype)
        self.num_convs, self.num_layers = len(convs), len(convs) + len(hidden)

    def loss(self, X, y=None):
        params, M, L = self.params, self.num_convs, self.num_layers
        pad = (params['W1'].shape[-1] - 1) // 2
        out = np.asarray(X, dtype=self.dtype)
        caches = []
        for i in range(1, M + 1):
            a, conv = conv_forward_fast(out, params['W%d' % i], params['b%d' % i], {'stride': 1, 'pad': pad})
            out, mask = relu_forward(a)
            caches.append((conv, mask))
        out, pool = max_pool_forward_fast(out, {'pool_height': 2, 'pool_width': 2, 'stride': 2})
        for i in range(M + 1, L):
            out, cache = hidden_forward(out, params['W%d' % i], params['b%d' % i])
            caches.append(cache)
        scores, last = affine_forward(out, params['W%d' % L], params['b%d' % L])
        if y is None:
            return scores

        grads = {}
        loss, dout = softmax_loss(scores, y)
        dout, grads['W%d' % L], grads['b%d' % L] = affine_backward(dout, last)
        for i in range(L - 1, M, -1):
            (dout, grads['W%d' % i], grads['b%d' % i]), _ = hidden_backward(dout, caches[i - 1])
        dout = max_pool_backward_fast(dout, pool)
        for i in range(M, 0, -1):
            conv, mask = caches[i - 1]
            dout, grads['W%d' % i], grads['b%d' % i] = conv_backward_fast(relu_backward(dout, mask), conv)
        penalty, shrink = l2_penalty(params, self.reg)
        for name, grad in shrink.items():
            grads[name] = grads[name] + grad
        return loss + penalty, grads


class ThreeLayerConvNet(Trunk):
    def __init__(self, input_dim=(3, 32, 32), num_filters=32, filter_size=7, hidden_dim=100, num_classes=10,
                 weight_scale=1e-3, reg=0.0, dtype=np.float32):
        self.params, self.reg, self.dtype = {}, reg, dtype
        C, H, W = input_dim
        even = (filter_size + 1) % 2
        flat = num_filters * ((H - even) // 2) * ((W - even) // 2)
        self.build([(num_filters, C, filter_size, filter_size)], [(flat, hidden_dim), (hidden_dim, num_classes)],
                   weight_scale)


class MultiLayerConvNet(Trunk):
    def __init__(self, input_dim=(3, 32, 32), nums_filters=(16, 32), filter_size=5, hidden_dims=(500, 100),
                 num_classes=10, weight_scale=1e-3, reg=0.0, dtype=np.float32):
        self.params, self.reg, self.dtype = {}, reg, dtype
        depth, height, width = input_dim
        depths = [depth, *nums_filters]
        sizes = [depths[-1] * (height // 2) * (width // 2), *hidden_dims, num_classes]
        convs = [(after, before, filter_size, filter_size) for before, after in zip(depths, depths[1:])]
        self.build(convs, list(zip(sizes, sizes[1:])), weight_scale)
