import numpy as np

from cs231n.layers import *
from cs231n.layer_utils import *


def _l2(params, grads, reg):
    """Adds the gradient of the regularisation to the weights in grads, returns its loss."""
    loss = 0.0
    for name in grads:
        if name.startswith("W"):
            loss += reg * (params[name] ** 2).sum()
            grads[name] = grads[name] + 2 * reg * params[name]
    return loss


class TwoLayerNet:
    """affine - relu - affine - softmax"""

    def __init__(self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        self.reg = reg
        self.params = {
            "W1": weight_scale * np.random.randn(input_dim, hidden_dim),
            "b1": np.zeros(hidden_dim),
            "W2": weight_scale * np.random.randn(hidden_dim, num_classes),
            "b2": np.zeros(num_classes),
        }

    def loss(self, X, y=None):
        p = self.params
        hidden, cache1 = affine_relu_forward(X, p["W1"], p["b1"])
        scores, cache2 = affine_forward(hidden, p["W2"], p["b2"])
        if y is None:
            return scores
        data_loss, dscores = softmax_loss(scores, y)
        dhidden, dW2, db2 = affine_backward(dscores, cache2)
        _, dW1, db1 = affine_relu_backward(dhidden, cache1)
        grads = dict(W1=dW1, b1=db1, W2=dW2, b2=db2)
        return data_loss + _l2(p, grads, self.reg), grads


class FullyConnectedNet:
    """{affine - [norm] - relu - [dropout]} x (L - 1) - affine - softmax"""

    def __init__(self, hidden_dims, input_dim=3 * 32 * 32, num_classes=10, dropout=0, use_batchnorm=False, reg=0.0,
                 weight_scale=1e-2, dtype=np.float32, seed=None, normalization=None):
        self.normalization = "batchnorm" if use_batchnorm else normalization
        self.use_batchnorm = self.normalization == "batchnorm"
        self.use_dropout = dropout > 0
        self.reg = reg
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        self.params = {}
        dims = [input_dim] + list(hidden_dims) + [num_classes]
        for i, (n_in, n_out) in enumerate(zip(dims[:-1], dims[1:]), 1):
            self.params[f"W{i}"] = np.random.normal(scale=weight_scale, size=(n_in, n_out))
            self.params[f"b{i}"] = np.zeros(n_out)
            if self.normalization and i < self.num_layers:
                self.params[f"gamma{i}"], self.params[f"beta{i}"] = np.ones(n_out), np.zeros(n_out)
        self.params = {name: value.astype(dtype) for name, value in self.params.items()}

        self.dropout_param = {}
        if self.use_dropout:
            self.dropout_param = {"mode": "train", "p": dropout}
            if seed is not None:
                self.dropout_param["seed"] = seed
        self.bn_params = []
        if self.normalization == "batchnorm":
            self.bn_params = [{"mode": "train"} for _ in hidden_dims]
        elif self.normalization == "layernorm":
            self.bn_params = [{} for _ in hidden_dims]

    def loss(self, X, y=None):
        mode = "train" if y is not None else "test"
        self.dropout_param["mode"] = mode
        for bn_param in self.bn_params:
            bn_param["mode"] = mode

        p, out, caches = self.params, X.astype(self.dtype), []
        for i in range(1, self.num_layers):
            out, fc = affine_forward(out, p[f"W{i}"], p[f"b{i}"])
            norm = drop = None
            if self.normalization:
                forward = batchnorm_forward if self.normalization == "batchnorm" else layernorm_forward
                out, norm = forward(out, p[f"gamma{i}"], p[f"beta{i}"], self.bn_params[i - 1])
            out, relu = relu_forward(out)
            if self.use_dropout:
                out, drop = dropout_forward(out, self.dropout_param)
            caches.append((fc, norm, relu, drop))
        L = self.num_layers
        scores, last = affine_forward(out, p[f"W{L}"], p[f"b{L}"])
        if y is None:
            return scores

        grads = {}
        loss, dout = softmax_loss(scores, y)
        dout, grads[f"W{L}"], grads[f"b{L}"] = affine_backward(dout, last)
        for i, (fc, norm, relu, drop) in reversed(list(enumerate(caches, 1))):
            if self.use_dropout:
                dout = dropout_backward(dout, drop)
            dout = relu_backward(dout, relu)
            if self.normalization:
                backward = batchnorm_backward_alt if self.normalization == "batchnorm" else layernorm_backward
                dout, grads[f"gamma{i}"], grads[f"beta{i}"] = backward(dout, norm)
            dout, grads[f"W{i}"], grads[f"b{i}"] = affine_backward(dout, fc)
        return loss + _l2(p, grads, self.reg), grads
