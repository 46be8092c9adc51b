"""Fully connected nets: one with two layers, and one of any depth with normalization and dropout."""

import numpy as np

from ..expect import expect_argument, expect_float_dtype, expect_net, expect_sizes, is_number
from ..layer_utils import *  # the notebooks import the layers from here
from ..layer_utils import (
    affine_bn_relu_backward,
    affine_bn_relu_forward,
    affine_ln_relu_backward,
    affine_ln_relu_forward,
    affine_relu_backward,
    affine_relu_forward,
)
from ..layers import *
from ..layers import affine_backward, affine_forward, dropout_backward, dropout_forward, softmax_loss


class TwoLayerNet:
    """A net with one hidden layer: affine - relu - affine - softmax.

    params: {'W1': (D, H), 'b1': (H,), 'W2': (H, C), 'b2': (C,)}; replace its arrays to train the net.
    reg: the strength of the L2 regularization.
    Source: CS231n notes, neural networks part 1; the case study.
    """

    def __init__(self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        """Draw weights from a normal distribution of mean 0 and standard deviation weight_scale; biases are zero.

        The weights are drawn from np.random in the order of the layers.
        Raises ValueError if a size is not a whole number from 1 up, or weight_scale or reg below 0.
        """
        sizes = {"input_dim": input_dim, "hidden_dim": hidden_dim, "num_classes": num_classes}
        expect_net("TwoLayerNet", reg, weight_scale, **sizes)
        self.params = {}
        self.reg = reg
        ### BEGIN SOLUTION
        self.params["W1"] = weight_scale * np.random.randn(input_dim, hidden_dim)
        self.params["b1"] = np.zeros(hidden_dim)
        self.params["W2"] = weight_scale * np.random.randn(hidden_dim, num_classes)
        self.params["b2"] = np.zeros(num_classes)
        ### END SOLUTION

    def loss(self, X, y=None):
        """Return the scores of X, (N, C), if there is no y; else the loss, and its gradients by the names in params.

        The loss is the softmax loss plus 0.5 * reg * the sum of the squares of all weights W (not of biases).

        X: (N, d_1, ..., d_k) with d_1 * ... * d_k = D; y: (N,), the right classes; not modified.
        Raises ValueError as affine_forward and softmax_loss do.
        """
        ### BEGIN SOLUTION
        hidden, hidden_cache = affine_relu_forward(X, self.params["W1"], self.params["b1"])
        scores, scores_cache = affine_forward(hidden, self.params["W2"], self.params["b2"])
        ### END SOLUTION
        if y is None:
            return scores

        grads = {}
        ### BEGIN SOLUTION
        loss, dscores = softmax_loss(scores, y)
        dhidden, grads["W2"], grads["b2"] = affine_backward(dscores, scores_cache)
        _, grads["W1"], grads["b1"] = affine_relu_backward(dhidden, hidden_cache)
        for name in ("W1", "W2"):
            W = self.params[name]
            loss += 0.5 * self.reg * np.sum(W * W)
            grads[name] += self.reg * W
        ### END SOLUTION
        return loss, grads


class FullyConnectedNet:
    """A net of any depth: {affine - [batch or layer norm] - relu - [dropout]} x (L - 1) - affine - softmax.

    params: W1, b1, ..., WL, bL by the order of the layers, and with a normalization gamma1, beta1, ... for the hidden
    layers; replace its arrays to train the net.
    bn_params: for each hidden layer a dict, its bn_param or ln_param. dropout_param: the dict of all dropout layers.
    num_layers: L. Also reg, dtype, normalization, use_batchnorm and use_dropout.
    Source: CS231n notes, neural networks parts 1 and 2.
    """

    def __init__(
        self,
        hidden_dims,
        input_dim=3 * 32 * 32,
        num_classes=10,
        dropout=0,
        use_batchnorm=False,
        reg=0.0,
        weight_scale=1e-2,
        dtype=np.float32,
        seed=None,
        normalization=None,
    ):
        """Draw weights from a normal distribution of mean 0 and standard deviation weight_scale.

        Biases and betas are zero, gammas one. The weights are drawn from np.random in the order of the layers.

        hidden_dims: the sizes of the hidden layers, any number of them.
        dropout: the probability to drop a value; 0 means no dropout.
        normalization: None, "batchnorm" or "layernorm". use_batchnorm=True means the same as "batchnorm".
        dtype: all computations are done in it: float32 is fast, float64 is for gradient checks.
        seed: passed to the dropout layers, so that they drop the same values each time; None for others each time.
        Raises ValueError if a size is not a whole number from 1 up, weight_scale or reg below 0, dropout not from 0 to
        below 1, dtype not one of floats, normalization another word, or "layernorm" along with use_batchnorm=True.
        """
        place = "FullyConnectedNet"
        expect_net(place, reg, weight_scale, input_dim=input_dim, num_classes=num_classes)
        expect_float_dtype(place, dtype)
        expect_sizes(place, "hidden_dims", hidden_dims, "a list of whole numbers from 1 up")
        right = is_number(dropout) and 0 <= dropout < 1
        expect_argument(place, "dropout", dropout, right, "the probability of dropping, from 0 (off) to below 1")
        right = normalization in (None, "batchnorm", "layernorm")
        expect_argument(place, "normalization", normalization, right, "None, 'batchnorm' or 'layernorm'")
        right = not (use_batchnorm and normalization == "layernorm")
        expect_argument(place, "normalization", normalization, right, "None or 'batchnorm' beside use_batchnorm=True")

        self.normalization = "batchnorm" if use_batchnorm else normalization
        self.use_batchnorm = self.normalization == "batchnorm"
        self.use_dropout = dropout > 0
        self.reg = reg
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        self.params = {}
        ### BEGIN SOLUTION
        sizes = [input_dim, *hidden_dims, num_classes]
        for layer in range(1, self.num_layers + 1):
            fan_in, fan_out = sizes[layer - 1 : layer + 1]
            self.params[f"W{layer}"] = weight_scale * np.random.randn(fan_in, fan_out)
            self.params[f"b{layer}"] = np.zeros(fan_out)
            if self.normalization is not None and layer < self.num_layers:
                self.params[f"gamma{layer}"] = np.ones(fan_out)
                self.params[f"beta{layer}"] = np.zeros(fan_out)
        ### END SOLUTION

        # All dropout layers may share one dict; each batch norm stores its running averages in its own dict.
        self.dropout_param = {}
        if self.use_dropout:
            self.dropout_param = {"mode": "train", "p": dropout}
            if seed is not None:
                self.dropout_param["seed"] = seed
        self.bn_params = []
        if self.use_batchnorm:
            self.bn_params = [{"mode": "train"} for _ in hidden_dims]
        elif self.normalization == "layernorm":
            self.bn_params = [{} for _ in hidden_dims]

        for name, values in self.params.items():
            self.params[name] = values.astype(dtype)

    def loss(self, X, y=None):
        """Return the scores of X, (N, C), in test mode if there is no y; else loss and gradients, in train mode.

        The loss is the softmax loss plus 0.5 * reg * the sum of the squares of all weights W (not of biases, gammas or
        betas). The gradients are a dict with the names in params.

        X: (N, d_1, ..., d_k) with d_1 * ... * d_k = D; y: (N,), the right classes; not modified.
        Raises ValueError as affine_forward and softmax_loss do.
        """
        X = X.astype(self.dtype, copy=False)
        mode = "test" if y is None else "train"
        if self.use_dropout:
            self.dropout_param["mode"] = mode
        if self.use_batchnorm:
            for bn_param in self.bn_params:
                bn_param["mode"] = mode
        ### BEGIN SOLUTION
        out, caches = X, []
        for layer in range(1, self.num_layers):
            W, b = self.params[f"W{layer}"], self.params[f"b{layer}"]
            if self.normalization is None:
                out, cache = affine_relu_forward(out, W, b)
            else:
                forward = affine_bn_relu_forward if self.use_batchnorm else affine_ln_relu_forward
                gamma, beta = self.params[f"gamma{layer}"], self.params[f"beta{layer}"]
                out, cache = forward(out, W, b, gamma, beta, self.bn_params[layer - 1])
            dropout_cache = None
            if self.use_dropout:
                out, dropout_cache = dropout_forward(out, self.dropout_param)
            caches.append((cache, dropout_cache))
        last = self.num_layers
        scores, scores_cache = affine_forward(out, self.params[f"W{last}"], self.params[f"b{last}"])
        ### END SOLUTION
        if y is None:
            return scores

        grads = {}
        ### BEGIN SOLUTION
        loss, dscores = softmax_loss(scores, y)
        dout, grads[f"W{last}"], grads[f"b{last}"] = affine_backward(dscores, scores_cache)
        for layer in range(last - 1, 0, -1):
            cache, dropout_cache = caches[layer - 1]
            if self.use_dropout:
                dout = dropout_backward(dout, dropout_cache)
            if self.normalization is None:
                dout, dw, db = affine_relu_backward(dout, cache)
            else:
                backward = affine_bn_relu_backward if self.use_batchnorm else affine_ln_relu_backward
                dout, dw, db, grads[f"gamma{layer}"], grads[f"beta{layer}"] = backward(dout, cache)
            grads[f"W{layer}"], grads[f"b{layer}"] = dw, db

        for layer in range(1, last + 1):
            W = self.params[f"W{layer}"]
            loss += 0.5 * self.reg * np.sum(W * W)
            grads[f"W{layer}"] += self.reg * W
        ### END SOLUTION
        return loss, grads
