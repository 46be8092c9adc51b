import numpy as np

from cs231n.classifiers.fc_net import _l2
from cs231n.fast_layers import *
from cs231n.layer_utils import *
from cs231n.layers import *

POOL = {"pool_height": 2, "pool_width": 2, "stride": 2}


def _same(W):
    """stride 1, and the padding that keeps the size (of odd filters)"""
    return {"stride": 1, "pad": (W.shape[2] - 1) // 2}


class ThreeLayerConvNet:
    """conv - relu - 2x2 max pool - affine - relu - affine - softmax"""

    def __init__(self, input_dim=(3, 32, 32), num_filters=32, filter_size=7, hidden_dim=100, num_classes=10,
                 weight_scale=1e-3, reg=0.0, dtype=np.float32):
        C, H, W = input_dim
        shrink = 1 - filter_size % 2
        pooled = ((H - shrink) // 2) * ((W - shrink) // 2)
        shapes = {
            "W1": (num_filters, C, filter_size, filter_size),
            "W2": (num_filters * pooled, hidden_dim),
            "W3": (hidden_dim, num_classes),
        }
        self.reg, self.dtype, self.params = reg, dtype, {}
        for name, shape in shapes.items():
            self.params[name] = (weight_scale * np.random.randn(*shape)).astype(dtype)
        for name, size in (("b1", num_filters), ("b2", hidden_dim), ("b3", num_classes)):
            self.params[name] = np.zeros(size, dtype)

    def loss(self, X, y=None):
        p = self.params
        out, conv = conv_relu_pool_forward(X.astype(self.dtype), p["W1"], p["b1"], _same(p["W1"]), POOL)
        out, hidden = affine_relu_forward(out, p["W2"], p["b2"])
        scores, last = affine_forward(out, p["W3"], p["b3"])
        if y is None:
            return scores
        grads = {}
        loss, dout = softmax_loss(scores, y)
        dout, grads["W3"], grads["b3"] = affine_backward(dout, last)
        dout, grads["W2"], grads["b2"] = affine_relu_backward(dout, hidden)
        dout, grads["W1"], grads["b1"] = conv_relu_pool_backward(dout, conv)
        return loss + _l2(p, grads, self.reg), grads


class MultiLayerConvNet:
    """{conv - relu} x M - 2x2 max pool - {affine - relu} x (L - 1) - affine - softmax"""

    def __init__(self, input_dim=(3, 32, 32), nums_filters=(16, 32), filter_size=5, hidden_dims=(500, 100),
                 num_classes=10, weight_scale=1e-3, reg=0.0, dtype=np.float32):
        self.reg, self.dtype, self.params = reg, dtype, {}
        self.num_convs = len(nums_filters)
        self.num_layers = self.num_convs + len(hidden_dims) + 1
        C, H, W = input_dim
        channels = [C] + list(nums_filters)
        sizes = [channels[-1] * (H // 2) * (W // 2)] + list(hidden_dims) + [num_classes]
        shapes = [(F, C, filter_size, filter_size) for C, F in zip(channels, channels[1:])]
        shapes += list(zip(sizes, sizes[1:]))
        for i, shape in enumerate(shapes, 1):
            biases = shape[0] if len(shape) == 4 else shape[1]
            self.params[f"W{i}"] = (weight_scale * np.random.randn(*shape)).astype(dtype)
            self.params[f"b{i}"] = np.zeros(biases, dtype)

    def loss(self, X, y=None):
        p, L, M = self.params, self.num_layers, self.num_convs
        out, stack = X.astype(self.dtype), []
        for i in range(1, L + 1):
            W, b = p[f"W{i}"], p[f"b{i}"]
            if i < M:
                out, cache = conv_relu_forward(out, W, b, _same(W))
                stack.append((conv_relu_backward, cache))
            elif i == M:
                out, cache = conv_relu_pool_forward(out, W, b, _same(W), POOL)
                stack.append((conv_relu_pool_backward, cache))
            elif i < L:
                out, cache = affine_relu_forward(out, W, b)
                stack.append((affine_relu_backward, cache))
            else:
                out, cache = affine_forward(out, W, b)
                stack.append((affine_backward, cache))
        if y is None:
            return out
        grads = {}
        loss, dout = softmax_loss(out, y)
        for i in range(L, 0, -1):
            backward, cache = stack[i - 1]
            dout, grads[f"W{i}"], grads[f"b{i}"] = backward(dout, cache)
        return loss + _l2(p, grads, self.reg), grads
