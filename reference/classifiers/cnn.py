"""Convolutional nets: one with three layers, and one with any number of convolutions and affine layers."""

import numpy as np

from ..expect import expect_argument, expect_float_dtype, expect_net, expect_pooled_images, expect_sizes
from ..layer_utils import *  # the notebooks import the layers from here
from ..layer_utils import (
    affine_relu_backward,
    affine_relu_forward,
    conv_relu_backward,
    conv_relu_forward,
    conv_relu_pool_backward,
    conv_relu_pool_forward,
)
from ..layers import *
from ..layers import affine_backward, affine_forward, softmax_loss


class ThreeLayerConvNet:
    """A convolutional net: conv - relu - 2x2 max pool - affine - relu - affine - softmax.

    The convolution has stride 1 and pads with (filter_size - 1) // 2 zeros, so that odd filters keep the image size.

    params: {'W1': (F, C, filter_size, filter_size), 'b1': (F,), 'W2': (values after pooling, hidden_dim), 'b2', 'W3':
    (hidden_dim, num_classes), 'b3'}; replace its arrays to train the net. Also reg and dtype.
    Source: CS231n notes, convolutional networks (layer patterns).
    """

    def __init__(
        self,
        input_dim=(3, 32, 32),
        num_filters=32,
        filter_size=7,
        hidden_dim=100,
        num_classes=10,
        weight_scale=1e-3,
        reg=0.0,
        dtype=np.float32,
    ):
        """Draw weights from a normal distribution of mean 0 and standard deviation weight_scale; biases are zero.

        The weights are drawn from np.random in the order of the layers.

        input_dim: (C, H, W) of an image. dtype: all computations are done in it.
        Raises ValueError if a size is not a whole number from 1 up, weight_scale or reg below 0, dtype not of floats,
        or the image too small for the filter and the pooling.
        """
        place = "ThreeLayerConvNet"
        sizes = {"num_filters": num_filters, "filter_size": filter_size, "hidden_dim": hidden_dim}
        expect_net(place, reg, weight_scale, **sizes, num_classes=num_classes)
        expect_float_dtype(place, dtype)
        expect_sizes(place, "input_dim", input_dim, "(C, H, W), whole numbers from 1 up", fewest=3, most=3)
        C, H, W = input_dim
        # The size after the convolution: an even filter makes it one pixel smaller.
        pad = (filter_size - 1) // 2
        H_conv, W_conv = H + 2 * pad - filter_size + 1, W + 2 * pad - filter_size + 1
        expect_pooled_images(place, H_conv, W_conv)

        self.params = {}
        self.reg = reg
        self.dtype = dtype
        ### BEGIN SOLUTION
        pooled = num_filters * (H_conv // 2) * (W_conv // 2)
        self.params["W1"] = weight_scale * np.random.randn(num_filters, C, filter_size, filter_size)
        self.params["b1"] = np.zeros(num_filters)
        self.params["W2"] = weight_scale * np.random.randn(pooled, hidden_dim)
        self.params["b2"] = np.zeros(hidden_dim)
        self.params["W3"] = weight_scale * np.random.randn(hidden_dim, num_classes)
        self.params["b3"] = np.zeros(num_classes)
        ### END SOLUTION
        for name, values in self.params.items():
            self.params[name] = values.astype(dtype)

    def loss(self, X, y=None):
        """Return the scores of X, (N, num_classes), if there is no y; else the loss, and its gradients by name.

        The loss is the softmax loss plus 0.5 * reg * the sum of the squares of all weights W (not of biases).

        X: (N, C, H, W); y: (N,), the right classes; not modified.
        Raises ValueError as conv_forward_naive and softmax_loss do.
        """
        X = X.astype(self.dtype, copy=False)
        conv_param = {"stride": 1, "pad": (self.params["W1"].shape[2] - 1) // 2}
        pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}
        ### BEGIN SOLUTION
        W1, b1, W2, b2, W3, b3 = (self.params[name] for name in ("W1", "b1", "W2", "b2", "W3", "b3"))
        pooled, pooled_cache = conv_relu_pool_forward(X, W1, b1, conv_param, pool_param)
        hidden, hidden_cache = affine_relu_forward(pooled, W2, b2)
        scores, scores_cache = affine_forward(hidden, W3, b3)
        ### END SOLUTION
        if y is None:
            return scores

        grads = {}
        ### BEGIN SOLUTION
        loss, dscores = softmax_loss(scores, y)
        dhidden, grads["W3"], grads["b3"] = affine_backward(dscores, scores_cache)
        dpooled, grads["W2"], grads["b2"] = affine_relu_backward(dhidden, hidden_cache)
        _, grads["W1"], grads["b1"] = conv_relu_pool_backward(dpooled, pooled_cache)
        for name in ("W1", "W2", "W3"):
            W = self.params[name]
            loss += 0.5 * self.reg * np.sum(W * W)
            grads[name] += self.reg * W
        ### END SOLUTION
        return loss, grads


class MultiLayerConvNet:
    """A convolutional net of any depth: {conv - relu} x M - 2x2 max pool - {affine - relu} x (L-1) - affine - softmax.

    The convolutions have stride 1 and keep the image size.

    params: W1, b1, ... by the order of the layers: M convolutions, then L affine layers; replace its arrays to train
    the net. num_convs: M, num_layers: M + L. Also reg and dtype.
    Source: CS231n notes, convolutional networks (layer patterns).
    """

    def __init__(
        self,
        input_dim=(3, 32, 32),
        nums_filters=(16, 32),
        filter_size=5,
        hidden_dims=(500, 100),
        num_classes=10,
        weight_scale=1e-3,
        reg=0.0,
        dtype=np.float32,
    ):
        """Draw weights from a normal distribution of mean 0 and standard deviation weight_scale; biases are zero.

        The weights are drawn from np.random in the order of the layers.

        input_dim: (C, H, W) of an image. nums_filters: the number of filters of each convolution, at least one
        convolution. filter_size: odd, for all convolutions. hidden_dims: the sizes of the hidden affine layers, any
        number of them. dtype: all computations are done in it. Raises ValueError if a size is not a whole number from 1
        up, filter_size even, weight_scale or reg below 0, dtype not of floats, or the image too small for the pooling.
        """
        place = "MultiLayerConvNet"
        expect_net(place, reg, weight_scale, filter_size=filter_size, num_classes=num_classes)
        expect_float_dtype(place, dtype)
        expect_sizes(place, "input_dim", input_dim, "(C, H, W), whole numbers from 1 up", fewest=3, most=3)
        expect_sizes(place, "nums_filters", nums_filters, "a list of at least one whole number from 1 up", fewest=1)
        expect_sizes(place, "hidden_dims", hidden_dims, "a list of whole numbers from 1 up")
        odd = filter_size % 2 == 1
        expect_argument(place, "filter_size", filter_size, odd, "an odd number, with which images keep their size")
        C, H, W = input_dim
        expect_pooled_images(place, H, W)

        self.params = {}
        self.reg = reg
        self.dtype = dtype
        self.num_convs = len(nums_filters)
        self.num_layers = self.num_convs + len(hidden_dims) + 1
        ### BEGIN SOLUTION
        shapes: list = []
        for F in nums_filters:
            shapes.append(((F, C, filter_size, filter_size), F))
            C = F
        D = C * (H // 2) * (W // 2)
        for M in [*hidden_dims, num_classes]:
            shapes.append(((D, M), M))
            D = M
        for layer, (shape, biases) in enumerate(shapes, start=1):
            self.params[f"W{layer}"] = weight_scale * np.random.randn(*shape)
            self.params[f"b{layer}"] = np.zeros(biases)
        ### END SOLUTION
        for name, values in self.params.items():
            self.params[name] = values.astype(dtype)

    def loss(self, X, y=None):
        """Return the scores of X, (N, num_classes), if there is no y; else the loss, and its gradients by name.

        The loss is the softmax loss plus 0.5 * reg * the sum of the squares of all weights W (not of biases).

        X: (N, C, H, W); y: (N,), the right classes; not modified.
        Raises ValueError as conv_forward_naive and softmax_loss do.
        """
        X = X.astype(self.dtype, copy=False)
        conv_param = {"stride": 1, "pad": (self.params["W1"].shape[2] - 1) // 2}
        pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}
        ### BEGIN SOLUTION
        out, caches = X, []
        for layer in range(1, self.num_layers + 1):
            W, b = self.params[f"W{layer}"], self.params[f"b{layer}"]
            if layer < self.num_convs:
                out, cache = conv_relu_forward(out, W, b, conv_param)
            elif layer == self.num_convs:
                out, cache = conv_relu_pool_forward(out, W, b, conv_param, pool_param)
            elif layer < self.num_layers:
                out, cache = affine_relu_forward(out, W, b)
            else:
                out, cache = affine_forward(out, W, b)
            caches.append(cache)
        scores = out
        ### END SOLUTION
        if y is None:
            return scores

        grads = {}
        ### BEGIN SOLUTION
        loss, dout = softmax_loss(scores, y)
        for layer in range(self.num_layers, 0, -1):
            if layer == self.num_layers:
                backward = affine_backward
            elif layer > self.num_convs:
                backward = affine_relu_backward
            elif layer == self.num_convs:
                backward = conv_relu_pool_backward
            else:
                backward = conv_relu_backward
            W = self.params[f"W{layer}"]
            dout, grads[f"W{layer}"], grads[f"b{layer}"] = backward(dout, caches[layer - 1])
            loss += 0.5 * self.reg * np.sum(W * W)
            grads[f"W{layer}"] += self.reg * W
        ### END SOLUTION
        return loss, grads
