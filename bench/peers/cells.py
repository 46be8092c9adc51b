"""The nine checks in the form of the course's notebooks, for the peers: they run in the student's own process.

A forward is compared with expected arrays (expected.npz, made from the reference), a gradient with a numerical one of
the student's own forward, at the notebooks' bound. Each check raises AssertionError where the student's function is
wrong. The same checks for this grader: assignment/checks/public/layers.py, with the same inputs.
"""

import os

import numpy as np

SEED = 231
BOUND = 1e-6  # the largest relative error, as in the notebooks' checks
PLACE = os.path.dirname(os.path.abspath(__file__))


def rel_error(x, y):
    return np.max(np.abs(x - y) / np.maximum(1e-8, np.abs(x) + np.abs(y)))


def numerical_gradient(f, x, dout, h=1e-5):
    """Return the gradient of sum(f(x) * dout) with respect to x, by a centred difference for one element at a time."""
    grad = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        kept = x[index]
        x[index] = kept + h
        above = f(x)
        x[index] = kept - h
        below = f(x)
        x[index] = kept
        grad[index] = np.sum((above - below) * dout) / (2 * h)
    return grad


def assert_expected(name, found):
    with np.load(os.path.join(PLACE, "expected.npz")) as expected:
        assert rel_error(expected[name], found) < BOUND, f"{name} is wrong"


def assert_gradients(f, points, claims, dout):
    for i in range(len(points)):

        def along(x, i=i):
            return f(*points[:i], x, *points[i + 1 :])

        assert rel_error(numerical_gradient(along, points[i], dout), claims[i]) < BOUND, f"gradient {i} is wrong"


def affine_backward(layers):
    rng = np.random.RandomState(SEED)
    x, w, b, dout = rng.randn(10, 2, 3), rng.randn(6, 5), rng.randn(5), rng.randn(10, 5)
    _, cache = layers.affine_forward(x, w, b)
    claims = layers.affine_backward(dout, cache)
    assert_gradients(lambda *at: layers.affine_forward(*at)[0], [x, w, b], claims, dout)


def relu_backward(layers):
    rng = np.random.RandomState(SEED)
    x, dout = rng.randn(10, 10), rng.randn(10, 10)
    _, cache = layers.relu_forward(x)
    claim = layers.relu_backward(dout, cache)
    assert_gradients(lambda x: layers.relu_forward(x)[0], [x], [claim], dout)


def softmax_loss(layers):
    rng = np.random.RandomState(SEED)
    x, y = 0.001 * rng.randn(50, 10), rng.randint(10, size=50)
    loss, dx = layers.softmax_loss(x, y)
    assert_expected("loss", loss)
    assert_gradients(lambda x: layers.softmax_loss(x, y)[0], [x], [dx], 1.0)


def batchnorm_forward(layers):
    rng = np.random.RandomState(SEED)
    x, gamma, beta = rng.randn(200, 3), np.array([1.0, 2.0, 3.0]), np.array([11.0, 12.0, 13.0])
    out, _ = layers.batchnorm_forward(x, gamma, beta, {"mode": "train"})
    assert_expected("normalized", out)


def batchnorm_backward(layers):
    rng = np.random.RandomState(SEED)
    x, gamma, beta, dout = 5 * rng.randn(4, 5) + 12, rng.randn(5), rng.randn(5), rng.randn(4, 5)
    _, cache = layers.batchnorm_forward(x, gamma, beta, {"mode": "train"})
    claims = layers.batchnorm_backward(dout, cache)
    assert_gradients(lambda *at: layers.batchnorm_forward(*at, {"mode": "train"})[0], [x, gamma, beta], claims, dout)


def conv_forward(layers):
    x = np.linspace(-0.1, 0.5, num=96).reshape(2, 3, 4, 4)
    w = np.linspace(-0.2, 0.3, num=144).reshape(3, 3, 4, 4)
    out, _ = layers.conv_forward_naive(x, w, np.linspace(-0.1, 0.2, num=3), {"stride": 2, "pad": 1})
    assert_expected("convolved", out)


def conv_backward(layers):
    rng = np.random.RandomState(SEED)
    x, w, b, dout = rng.randn(4, 3, 5, 5), rng.randn(2, 3, 3, 3), rng.randn(2), rng.randn(4, 2, 5, 5)
    conv_param = {"stride": 1, "pad": 1}
    _, cache = layers.conv_forward_naive(x, w, b, conv_param)
    claims = layers.conv_backward_naive(dout, cache)
    assert_gradients(lambda *at: layers.conv_forward_naive(*at, conv_param)[0], [x, w, b], claims, dout)


def max_pool_backward(layers):
    rng = np.random.RandomState(SEED)
    x, dout, pool_param = rng.randn(3, 2, 8, 8), rng.randn(3, 2, 4, 4), {"pool_height": 2, "pool_width": 2, "stride": 2}
    _, cache = layers.max_pool_forward_naive(x, pool_param)
    claim = layers.max_pool_backward_naive(dout, cache)
    assert_gradients(lambda x: layers.max_pool_forward_naive(x, pool_param)[0], [x], [claim], dout)


def spatial_batchnorm_backward(layers):
    rng = np.random.RandomState(SEED)
    x, gamma, beta, dout = 5 * rng.randn(2, 3, 4, 5) + 12, rng.randn(3), rng.randn(3), rng.randn(2, 3, 4, 5)
    _, cache = layers.spatial_batchnorm_forward(x, gamma, beta, {"mode": "train"})
    claims = layers.spatial_batchnorm_backward(dout, cache)

    def forward(*at):
        return layers.spatial_batchnorm_forward(*at, {"mode": "train"})[0]

    assert_gradients(forward, [x, gamma, beta], claims, dout)


NINE = (
    affine_backward,
    relu_backward,
    softmax_loss,
    batchnorm_forward,
    batchnorm_backward,
    conv_forward,
    conv_backward,
    max_pool_backward,
    spatial_batchnorm_backward,
)
