"""Checks of the spatial norms in layers.py that students do not see: other seeds, shapes, modes and numbers of groups.

Images are not square. As in hidden/norms.py, inputs spread widely or about as little as eps, and backwards are checked
in train mode, after another call of the forward.
"""

from functools import partial

from grader.checks import check as any_check
from grader.checks import gradients

# Many students store biases and statistics as rows or columns. That is as good as vectors.
check = partial(any_check, squeeze=True)

after_batchnorm = partial(check, needs="layers.spatial_batchnorm_forward", parts={"dx": 2})
after_groupnorm = partial(check, needs="layers.spatial_groupnorm_forward", parts={"dx": 3}, squeeze=("dgamma", "dbeta"))


def batchnorm_backward(student, rng, x, bn_param):
    """Return the gradients of a spatial batch normalization with random gamma and beta."""
    C = x.shape[1]
    gamma, beta, dout = rng.randn(C), rng.randn(C), 2 * rng.randn(*x.shape) + 1
    _, cache = student.layers.spatial_batchnorm_forward(x, gamma, beta, dict(bn_param))
    student.layers.spatial_batchnorm_forward(2 - 3 * x, 1 + gamma, beta, dict(bn_param))
    dx, dgamma, dbeta = student.layers.spatial_batchnorm_backward(dout, cache)

    def forward(x, gamma, beta):
        return student.layers.spatial_batchnorm_forward(x, gamma, beta, dict(bn_param))[0]

    return gradients(forward, dout=dout, dx=(dx, x), dgamma=(dgamma, gamma), dbeta=(dbeta, beta))


def groupnorm_forward(student, rng, x, G, gn_param):
    """Return a group normalization with random gamma and beta."""
    C = x.shape[1]
    gamma, beta = rng.randn(1, C, 1, 1), rng.randn(1, C, 1, 1)
    out, _ = student.layers.spatial_groupnorm_forward(x, gamma, beta, G, gn_param)
    return {"out": out}


def groupnorm_backward(student, rng, x, G, gn_param):
    """Return the gradients of a group normalization with random gamma and beta."""
    C = x.shape[1]
    gamma, beta, dout = rng.randn(1, C, 1, 1), rng.randn(1, C, 1, 1), 2 * rng.randn(*x.shape) + 1
    _, cache = student.layers.spatial_groupnorm_forward(x, gamma, beta, G, gn_param)
    student.layers.spatial_groupnorm_forward(2 - 3 * x[:, ::-1], 1 + gamma, beta, G, gn_param)
    dx, dgamma, dbeta = student.layers.spatial_groupnorm_backward(dout, cache)

    def forward(x, gamma, beta):
        return student.layers.spatial_groupnorm_forward(x, gamma, beta, G, gn_param)[0]

    return gradients(forward, dout=dout, dx=(dx, x), dgamma=(dgamma, gamma), dbeta=(dbeta, beta))


@check("layers.spatial_batchnorm_forward", name="other_momentum", seed=251, parts={"out": 2})
def spatial_batchnorm_forward_other_momentum(student, rng):
    """Two steps of training with momentum 0.6, at first without running averages; images of shape (5, 3, 2)."""
    gamma, beta, bn_param = rng.randn(5), rng.randn(5), {"mode": "train", "momentum": 0.6}
    for _ in range(2):
        out, _ = student.layers.spatial_batchnorm_forward(20 * rng.randn(2, 5, 3, 2) + 8, gamma, beta, bn_param)
    return {"out": out, "running_mean": bn_param.get("running_mean"), "running_var": bn_param.get("running_var")}


@check("layers.spatial_batchnorm_forward", name="small_running_var", seed=252)
def spatial_batchnorm_forward_small_running_var(student, rng):
    """Test mode on a single image, with running variances that are about as small as eps."""
    gamma, beta, mean = rng.randn(3), rng.randn(3), 0.01 * rng.randn(3)
    bn_param = {"mode": "test", "running_mean": mean, "running_var": 10 ** rng.uniform(-5, -4, size=3)}
    x = mean.reshape(1, 3, 1, 1) + 0.01 * rng.randn(1, 3, 4, 6)
    out, _ = student.layers.spatial_batchnorm_forward(x, gamma, beta, bn_param)
    return {"out": out}


@after_batchnorm("layers.spatial_batchnorm_backward", name="another_call", seed=261)
def spatial_batchnorm_backward_another_call(student, rng):
    """Three images of shape (2, 5, 3); the forward was called again in between."""
    return batchnorm_backward(student, rng, 20 * rng.randn(3, 2, 5, 3) + 30, {"mode": "train"})


@after_batchnorm("layers.spatial_batchnorm_backward", name="one_image", seed=262)
def spatial_batchnorm_backward_one_image(student, rng):
    """A single image of shape (4, 2, 3), whose pixels spread about as little as eps."""
    return batchnorm_backward(student, rng, 0.1 * rng.randn(1, 4, 2, 3), {"mode": "train", "eps": 0.01})


@check("layers.spatial_groupnorm_forward", name="rectangular", seed=271)
def spatial_groupnorm_forward_rectangular(student, rng):
    """Three images of shape (6, 2, 5), three groups; each channel has its own gamma and beta."""
    return groupnorm_forward(student, rng, 20 * rng.randn(3, 6, 2, 5) + 8, 3, {})


@check("layers.spatial_groupnorm_forward", name="one_group", seed=272)
def spatial_groupnorm_forward_one_group(student, rng):
    """One group of all channels, with an eps about as large as the variance."""
    return groupnorm_forward(student, rng, 0.1 * rng.randn(2, 4, 3, 2), 1, {"eps": 0.01})


@check("layers.spatial_groupnorm_forward", name="every_channel", seed=273)
def spatial_groupnorm_forward_every_channel(student, rng):
    """As many groups as channels, on a single image of shape (4, 5, 3)."""
    return groupnorm_forward(student, rng, 20 * rng.randn(1, 4, 5, 3) - 8, 4, {})


@after_groupnorm("layers.spatial_groupnorm_backward", name="rectangular", seed=281)
def spatial_groupnorm_backward_rectangular(student, rng):
    """Three images of shape (6, 2, 3), three groups; the forward was called again in between."""
    return groupnorm_backward(student, rng, 20 * rng.randn(3, 6, 2, 3) + 30, 3, {})


@after_groupnorm("layers.spatial_groupnorm_backward", name="one_group", seed=282)
def spatial_groupnorm_backward_one_group(student, rng):
    """One group of all channels, with an eps about as large as the variance."""
    return groupnorm_backward(student, rng, 0.1 * rng.randn(2, 4, 3, 2), 1, {"eps": 0.01})


@after_groupnorm("layers.spatial_groupnorm_backward", name="every_channel", seed=283)
def spatial_groupnorm_backward_every_channel(student, rng):
    """As many groups as channels, on a single image of shape (4, 3, 2)."""
    return groupnorm_backward(student, rng, 20 * rng.randn(1, 4, 3, 2) - 30, 4, {})
