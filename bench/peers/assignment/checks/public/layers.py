"""The nine checks of ../../../cells.py, with the same inputs, in the format of this grader."""

import numpy as np

from grader.checks import check, gradients

SEED = 231


@check("layers.affine_backward", seed=SEED)
def affine_backward(student, rng):
    """Gradients of ten examples of shape (2, 3)."""
    x, w, b, dout = rng.randn(10, 2, 3), rng.randn(6, 5), rng.randn(5), rng.randn(10, 5)
    _, cache = student.layers.affine_forward(x, w, b)
    dx, dw, db = student.layers.affine_backward(dout, cache)
    return gradients(lambda *at: student.layers.affine_forward(*at)[0], dout=dout, dx=(dx, x), dw=(dw, w), db=(db, b))


@check("layers.relu_backward", seed=SEED)
def relu_backward(student, rng):
    """Gradients of an array of shape (10, 10)."""
    x, dout = rng.randn(10, 10), rng.randn(10, 10)
    _, cache = student.layers.relu_forward(x)
    dx = student.layers.relu_backward(dout, cache)
    return gradients(lambda x: student.layers.relu_forward(x)[0], dout=dout, dx=(dx, x))


@check("layers.softmax_loss", seed=SEED)
def softmax_loss(student, rng):
    """Loss and gradients of 50 examples."""
    x, y = 0.001 * rng.randn(50, 10), rng.randint(10, size=50)
    loss, dx = student.layers.softmax_loss(x, y)
    given = ((y, (y + 1) % 10),)
    return gradients(lambda x, y: student.layers.softmax_loss(x, y)[0], values={"loss": loss}, given=given, dx=(dx, x))


@check("layers.batchnorm_forward", seed=SEED)
def batchnorm_forward(student, rng):
    """200 examples of three features in train mode."""
    x, gamma, beta = rng.randn(200, 3), np.array([1.0, 2.0, 3.0]), np.array([11.0, 12.0, 13.0])
    out, _ = student.layers.batchnorm_forward(x, gamma, beta, {"mode": "train"})
    return {"normalized": out}


@check("layers.batchnorm_backward", seed=SEED)
def batchnorm_backward(student, rng):
    """Gradients of four examples with five features."""
    x, gamma, beta, dout = 5 * rng.randn(4, 5) + 12, rng.randn(5), rng.randn(5), rng.randn(4, 5)
    _, cache = student.layers.batchnorm_forward(x, gamma, beta, {"mode": "train"})
    dx, dgamma, dbeta = student.layers.batchnorm_backward(dout, cache)

    def forward(*at):
        return student.layers.batchnorm_forward(*at, {"mode": "train"})[0]

    return gradients(forward, dout=dout, dx=(dx, x), dgamma=(dgamma, gamma), dbeta=(dbeta, beta))


@check("layers.conv_forward_naive", seed=SEED)
def conv_forward(student, rng):
    """Two images of shape (3, 4, 4), stride 2, padding 1."""
    x = np.linspace(-0.1, 0.5, num=96).reshape(2, 3, 4, 4)
    w = np.linspace(-0.2, 0.3, num=144).reshape(3, 3, 4, 4)
    out, _ = student.layers.conv_forward_naive(x, w, np.linspace(-0.1, 0.2, num=3), {"stride": 2, "pad": 1})
    return {"convolved": out}


@check("layers.conv_backward_naive", seed=SEED)
def conv_backward(student, rng):
    """Gradients of four images of shape (3, 5, 5)."""
    x, w, b, dout = rng.randn(4, 3, 5, 5), rng.randn(2, 3, 3, 3), rng.randn(2), rng.randn(4, 2, 5, 5)
    conv_param = {"stride": 1, "pad": 1}
    _, cache = student.layers.conv_forward_naive(x, w, b, conv_param)
    dx, dw, db = student.layers.conv_backward_naive(dout, cache)

    def forward(*at):
        return student.layers.conv_forward_naive(*at, conv_param)[0]

    return gradients(forward, dout=dout, dx=(dx, x), dw=(dw, w), db=(db, b))


@check("layers.max_pool_backward_naive", seed=SEED)
def max_pool_backward(student, rng):
    """Gradients of three images of shape (2, 8, 8)."""
    x, dout, pool_param = rng.randn(3, 2, 8, 8), rng.randn(3, 2, 4, 4), {"pool_height": 2, "pool_width": 2, "stride": 2}
    _, cache = student.layers.max_pool_forward_naive(x, pool_param)
    dx = student.layers.max_pool_backward_naive(dout, cache)
    return gradients(lambda x: student.layers.max_pool_forward_naive(x, pool_param)[0], dout=dout, dx=(dx, x))


@check("layers.spatial_batchnorm_backward", seed=SEED)
def spatial_batchnorm_backward(student, rng):
    """Gradients of two images of shape (3, 4, 5)."""
    x, gamma, beta, dout = 5 * rng.randn(2, 3, 4, 5) + 12, rng.randn(3), rng.randn(3), rng.randn(2, 3, 4, 5)
    _, cache = student.layers.spatial_batchnorm_forward(x, gamma, beta, {"mode": "train"})
    dx, dgamma, dbeta = student.layers.spatial_batchnorm_backward(dout, cache)

    def forward(*at):
        return student.layers.spatial_batchnorm_forward(*at, {"mode": "train"})[0]

    return gradients(forward, dout=dout, dx=(dx, x), dgamma=(dgamma, gamma), dbeta=(dbeta, beta))
