"""Checks of the spatial norms in layers.py that students see: what the cells of the course's notebooks show.

The notebooks print means and standard deviations; these checks compare the arrays themselves.
"""

from functools import partial

import numpy as np

from grader.checks import check as any_check
from grader.checks import gradients

# Many students store biases and statistics as rows or columns. That is as good as vectors.
check = partial(any_check, squeeze=True)


@check("layers.spatial_batchnorm_forward", name="notebook")
def spatial_batchnorm_forward_notebook(student, rng):
    """The notebook's example in train mode: two images of shape (3, 4, 5), with two pairs of gamma and beta."""
    x = 4 * rng.randn(2, 3, 4, 5) + 10
    normalized, _ = student.layers.spatial_batchnorm_forward(x, np.ones(3), np.zeros(3), {"mode": "train"})
    gamma, beta = np.array([3.0, 4.0, 5.0]), np.array([6.0, 7.0, 8.0])
    out, _ = student.layers.spatial_batchnorm_forward(x, gamma, beta, {"mode": "train"})
    return {"normalized": normalized, "out": out}


@check("layers.spatial_batchnorm_forward", name="notebook_test_mode", parts={"out": 2})
def spatial_batchnorm_forward_notebook_test_mode(student, rng):
    """The notebook's example in test mode: first several steps of training, all with one bn_param."""
    gamma, beta, bn_param = np.ones(4), np.zeros(4), {"mode": "train"}
    for _ in range(3):
        student.layers.spatial_batchnorm_forward(2.3 * rng.randn(3, 4, 5, 6) + 13, gamma, beta, bn_param)
    bn_param["mode"] = "test"
    out, _ = student.layers.spatial_batchnorm_forward(2.3 * rng.randn(3, 4, 5, 6) + 13, gamma, beta, bn_param)
    return {"out": out, "running_mean": bn_param.get("running_mean"), "running_var": bn_param.get("running_var")}


@check("layers.spatial_batchnorm_backward", name="notebook", needs="layers.spatial_batchnorm_forward", parts={"dx": 2})
def spatial_batchnorm_backward_notebook(student, rng):
    """The notebook's gradient check: two images of shape (3, 4, 5)."""
    x, gamma, beta, dout = 5 * rng.randn(2, 3, 4, 5) + 12, rng.randn(3), rng.randn(3), rng.randn(2, 3, 4, 5)
    _, cache = student.layers.spatial_batchnorm_forward(x, gamma, beta, {"mode": "train"})
    dx, dgamma, dbeta = student.layers.spatial_batchnorm_backward(dout, cache)

    def forward(x, gamma, beta):
        return student.layers.spatial_batchnorm_forward(x, gamma, beta, {"mode": "train"})[0]

    return gradients(forward, dout=dout, dx=(dx, x), dgamma=(dgamma, gamma), dbeta=(dbeta, beta))


@check("layers.spatial_groupnorm_forward", name="notebook")
def spatial_groupnorm_forward_notebook(student, rng):
    """The notebook's example: two images of shape (6, 4, 5), two groups; gamma is 1 and beta is 0."""
    x, gamma, beta = 16 * rng.randn(2, 6, 4, 5) + 40, np.ones((1, 6, 1, 1)), np.zeros((1, 6, 1, 1))
    out, _ = student.layers.spatial_groupnorm_forward(x, gamma, beta, 2, {})
    return {"out": out}


@check(
    "layers.spatial_groupnorm_backward",
    name="notebook",
    needs="layers.spatial_groupnorm_forward",
    parts={"dx": 3},
    squeeze=("dgamma", "dbeta"),
)
def spatial_groupnorm_backward_notebook(student, rng):
    """The notebook's gradient check: two images of shape (6, 4, 5), two groups."""
    x, dout = 5 * rng.randn(2, 6, 4, 5) + 12, rng.randn(2, 6, 4, 5)
    gamma, beta = rng.randn(1, 6, 1, 1), rng.randn(1, 6, 1, 1)
    _, cache = student.layers.spatial_groupnorm_forward(x, gamma, beta, 2, {})
    dx, dgamma, dbeta = student.layers.spatial_groupnorm_backward(dout, cache)

    def forward(x, gamma, beta):
        return student.layers.spatial_groupnorm_forward(x, gamma, beta, 2, {})[0]

    return gradients(forward, dout=dout, dx=(dx, x), dgamma=(dgamma, gamma), dbeta=(dbeta, beta))
