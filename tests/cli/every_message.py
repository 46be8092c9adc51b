"""Mistakes, as lines to add to a right package, that together give nearly every message of `grader check`."""

from __future__ import annotations

# By state of the folder: the lines to add to each file. Within a state, every function has another mistake.
WRONG_VALUES = {
    "layers.py": """
_affine_backward, _relu_backward, _svm_loss, _softmax_loss = affine_backward, relu_backward, svm_loss, softmax_loss
_batchnorm_backward, _batchnorm_backward_alt = batchnorm_backward, batchnorm_backward_alt
_layernorm_backward, _dropout_backward = layernorm_backward, dropout_backward
_conv_backward_naive, _max_pool_backward_naive = conv_backward_naive, max_pool_backward_naive
_affine_forward, _conv_forward_naive, _relu_forward = affine_forward, conv_forward_naive, relu_forward
_spatial_groupnorm_backward = spatial_groupnorm_backward


def affine_forward(x, w, b):
    out, cache = _affine_forward(x, w, b)
    out = 2 * out
    return out, (x, w, b)


def affine_backward(dout, cache):
    return tuple(2 * d for d in _affine_backward(dout, cache))


def relu_forward(x):
    x[x < 0] = 0
    return x.astype(np.float32), x


def relu_backward(dout, cache):
    return -_relu_backward(dout, cache)


def svm_loss(x, y):
    loss, dx = _svm_loss(x, y)
    return loss * np.ones(1), np.zeros_like(dx)


def softmax_loss(x, y):
    loss, dx = _softmax_loss(x, y)
    return loss, dx * len(x)


def batchnorm_backward(dout, cache):
    dx, dgamma, dbeta = _batchnorm_backward(dout, cache)
    return dx + 1, dgamma * np.nan, None


def batchnorm_backward_alt(dout, cache):
    dx, dgamma, dbeta = _batchnorm_backward_alt(dout, cache)
    dgamma[0] = np.inf
    return dx[::-1], dgamma, np.rint(dbeta)


def layernorm_backward(dout, cache):
    dx, dgamma, dbeta = _layernorm_backward(dout, cache)
    return dx * np.arange(1, 1 + len(dx))[:, np.newaxis], 1e6 * dgamma, dbeta + 1j


def dropout_backward(dout, cache):
    return np.roll(_dropout_backward(dout, cache), 1, axis=0)


def conv_backward_naive(dout, cache):
    dx, dw, db = _conv_backward_naive(dout, cache)
    dx[..., 0, :] = 0
    return dx, dw.T, db.sum()


def max_pool_backward_naive(dout, cache):
    dx = _max_pool_backward_naive(dout, cache)
    dx[0] *= 1.5
    return dx


def spatial_groupnorm_backward(dout, cache):
    dx, dgamma, dbeta = _spatial_groupnorm_backward(dout, cache)
    return dx, dgamma.ravel()[:, np.newaxis, np.newaxis], dbeta.sum(axis=(1, 2, 3))
""",
    "optim.py": """
_adam, _sgd_momentum, _rmsprop = adam, sgd_momentum, rmsprop


def sgd_momentum(w, dw, config=None):
    next_w, config = _sgd_momentum(w, dw, config)
    return w, config


def rmsprop(w, dw, config=None):
    next_w, config = _rmsprop(w, dw, config)
    return next_w.astype(int), config


def adam(w, dw, config=None):
    next_w, config = _adam(w, dw, config)
    next_w.flat[3:] += 0.07 * np.abs(next_w).max() * np.sin(np.arange(next_w.size - 3) ** 2)
    return next_w, config
""",
}
NO_VALUES = {
    "layers.py": """
print("hello")
_conv_forward_naive = conv_forward_naive


def affine_forward(x, w, b):
    return x.reshape(len(x), -1) @ w + b


def affine_backward(dout, cache):
    x, w, b, out = cache


def relu_forward(x):
    x > 0


def svm_loss(x, y):
    return 1.0, [0.0]


def softmax_loss(x, y):
    raise MemoryError


def conv_forward_naive(x, w, b, conv_param):
    N, F = x.shape
    return _conv_forward_naive(x, w, b, conv_param)


def layernorm_forward(x, gamma, beta, ln_param):
    return gamma @ x.T + beta, None


del batchnorm_forward


def dropout_forward(x, dropout_param):
    return "dropped", (dropout_param, None)


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    return None, None
""",
    "optim.py": """
import os, time


def sgd_momentum(w, dw, config=None):
    while True:
        w = w - dw


def rmsprop(w, dw, config=None):
    time.sleep(60)


def adam(w, dw, config=None):
    os._exit(0)
""",
    "classifiers/fc_net.py": """

def wrong(net, change):
    class Net(net):
        def __init__(self, *args, **kwargs):
            net.__init__(self, *args, **kwargs)
            change(self)
    return Net

TwoLayerNet = wrong(TwoLayerNet, lambda net: net.params.pop("W1"))
FullyConnectedNet = wrong(FullyConnectedNet, lambda net: net.params.clear())
""",
    "classifiers/cnn.py": """
from .fc_net import wrong

ThreeLayerConvNet = wrong(ThreeLayerConvNet, lambda net: setattr(net, "params", list(net.params)))
MultiLayerConvNet = wrong(MultiLayerConvNet, lambda net: net.params.update(W1=net.params["W1"][0]))
""",
}
SHAPES = {
    "layers.py": """
_affine_backward, _softmax_loss, _batchnorm_backward = affine_backward, softmax_loss, batchnorm_backward
_dropout_forward = dropout_forward


def dropout_forward(x, dropout_param):
    if dropout_param["mode"] == "test":
        raise ValueError("no such mode")
    return _dropout_forward(x, dropout_param)
_layernorm_backward, _conv_backward_naive, _svm_loss = layernorm_backward, conv_backward_naive, svm_loss
_max_pool_backward_naive, _dropout_backward = max_pool_backward_naive, dropout_backward
_spatial_groupnorm_backward = spatial_groupnorm_backward


def affine_backward(dout, cache):
    dx, dw, db = _affine_backward(dout, cache)
    return cache[0], dw[:, :-1], dw


def relu_backward(dout, cache):
    return np.ones_like(dout)


def svm_loss(x, y):
    loss, dx = _svm_loss(x, y)
    return np.full(len(x), loss), dx / len(x)


def batchnorm_backward(dout, cache):
    dx, dgamma, dbeta = _batchnorm_backward(dout, cache)
    return np.trunc(dx), np.floor(dgamma), dbeta.astype(np.float16)


def layernorm_backward(dout, cache):
    dx, dgamma, dbeta = _layernorm_backward(dout, cache)
    own = np.arange(1, 1 + len(dx))[:, np.newaxis]
    return own * dx + own**2, dgamma, dbeta


def conv_backward_naive(dout, cache):
    dx, dw, db = _conv_backward_naive(dout, cache)
    return dx.transpose(1, 0, 2, 3), dw.transpose(0, 1, 3, 2), db


def max_pool_backward_naive(dout, cache):
    dx = _max_pool_backward_naive(dout, cache)
    return dx + 1 + np.arange(dx.shape[1]).reshape(1, -1, 1, 1)

""",
    "optim.py": """

def adam(w, dw, config=None):
    return w
""",
}
BROKEN = {"optim.py": "\ndef later(:\n"}
STATES = {"wrong values": WRONG_VALUES, "shapes": SHAPES, "no values": NO_VALUES, "broken": BROKEN}
