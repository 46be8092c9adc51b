"""Checks of the normalization layers in layers.py that students see: what the cells of the course's notebooks show.

The notebooks print means and standard deviations; these checks compare the arrays themselves.
"""

from functools import partial

import numpy as np

from grader.checks import check as any_check
from grader.checks import gradients

# Many students store biases and statistics as rows or columns. That is as good as vectors.
check = partial(any_check, squeeze=True)


def scores(rng, N):
    """Return the scores of a two-layer net for N random examples: three numbers each, which spread by about 30."""
    x, w1, w2 = rng.randn(N, 50), rng.randn(50, 60), rng.randn(60, 3)
    return np.maximum(0, x @ w1) @ w2


@check("layers.batchnorm_forward", name="notebook")
def batchnorm_forward_notebook(student, rng):
    """The notebook's example in train mode: three features of 200 examples, with two pairs of gamma and beta."""
    x = scores(rng, 200)
    normalized, _ = student.layers.batchnorm_forward(x, np.ones(3), np.zeros(3), {"mode": "train"})
    gamma, beta = np.array([1.0, 2.0, 3.0]), np.array([11.0, 12.0, 13.0])
    out, _ = student.layers.batchnorm_forward(x, gamma, beta, {"mode": "train"})
    return {"normalized": normalized, "out": out}


@check("layers.batchnorm_forward", name="notebook_test_mode", parts={"out": 2})
def batchnorm_forward_notebook_test_mode(student, rng):
    """The notebook's example in test mode: first several steps of training, all with one bn_param."""
    gamma, beta, bn_param = np.ones(3), np.zeros(3), {"mode": "train"}
    for _ in range(5):
        student.layers.batchnorm_forward(scores(rng, 30), gamma, beta, bn_param)
    bn_param["mode"] = "test"
    out, _ = student.layers.batchnorm_forward(scores(rng, 30), gamma, beta, bn_param)
    return {"out": out, "running_mean": bn_param.get("running_mean"), "running_var": bn_param.get("running_var")}


@check("layers.batchnorm_backward", name="notebook", needs="layers.batchnorm_forward", parts={"dx": 3})
def batchnorm_backward_notebook(student, rng):
    """The notebook's gradient check: four examples with five features."""
    x, gamma, beta, dout = 5 * rng.randn(4, 5) + 12, rng.randn(5), rng.randn(5), rng.randn(4, 5)
    _, cache = student.layers.batchnorm_forward(x, gamma, beta, {"mode": "train"})
    dx, dgamma, dbeta = student.layers.batchnorm_backward(dout, cache)

    def forward(x, gamma, beta):
        return student.layers.batchnorm_forward(x, gamma, beta, {"mode": "train"})[0]

    return gradients(forward, dout=dout, dx=(dx, x), dgamma=(dgamma, gamma), dbeta=(dbeta, beta))


@check("layers.batchnorm_backward_alt", name="notebook", needs="layers.batchnorm_forward", parts={"dx": 3})
def batchnorm_backward_alt_notebook(student, rng):
    """The notebook's comparison: the short formula gives the same as the graph, on 20 examples with 8 features."""
    x, gamma, beta, dout = 5 * rng.randn(20, 8) + 12, rng.randn(8), rng.randn(8), rng.randn(20, 8)
    _, cache = student.layers.batchnorm_forward(x, gamma, beta, {"mode": "train"})
    dx, dgamma, dbeta = student.layers.batchnorm_backward_alt(dout, cache)

    def forward(x, gamma, beta):
        return student.layers.batchnorm_forward(x, gamma, beta, {"mode": "train"})[0]

    return gradients(forward, dout=dout, dx=(dx, x), dgamma=(dgamma, gamma), dbeta=(dbeta, beta))


@check("layers.layernorm_forward", name="notebook", seed=232)
def layernorm_forward_notebook(student, rng):
    """The notebook's example: four examples with three features, with two pairs of gamma and beta."""
    x = scores(rng, 4)
    normalized, _ = student.layers.layernorm_forward(x, np.ones(3), np.zeros(3), {})
    out, _ = student.layers.layernorm_forward(x, np.full(3, 3.0), np.full(3, 5.0), {})
    return {"normalized": normalized, "out": out}


@check("layers.layernorm_backward", name="notebook", needs="layers.layernorm_forward", parts={"dx": 3})
def layernorm_backward_notebook(student, rng):
    """The notebook's gradient check: four examples with five features."""
    x, gamma, beta, dout = 5 * rng.randn(4, 5) + 12, rng.randn(5), rng.randn(5), rng.randn(4, 5)
    _, cache = student.layers.layernorm_forward(x, gamma, beta, {})
    dx, dgamma, dbeta = student.layers.layernorm_backward(dout, cache)

    def forward(x, gamma, beta):
        return student.layers.layernorm_forward(x, gamma, beta, {})[0]

    return gradients(forward, dout=dout, dx=(dx, x), dgamma=(dgamma, gamma), dbeta=(dbeta, beta))
