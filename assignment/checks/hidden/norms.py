"""Checks of the normalization layers in layers.py that students do not see: other seeds, shapes, modes and parameters.

Inputs spread so widely that eps does not matter, or so little that their variance is about eps: a forgotten eps is
either invisible or obvious. The forward is called again with other inputs before the backward: a cache belongs to the
call that returned it. Backwards are checked in train mode only: the course leaves open what a cache contains after a
call in test mode.
"""

from functools import partial

from grader.checks import check as any_check
from grader.checks import gradients

# Many students store biases and statistics as rows or columns. That is as good as vectors.
check = partial(any_check, squeeze=True)

after_batchnorm = partial(check, needs="layers.batchnorm_forward", parts={"dx": 3})
after_layernorm = partial(check, needs="layers.layernorm_forward", parts={"dx": 3})


def backward(forward, backward, rng, x, param):
    """Return the gradients of a normalization of x (N, D) with random gamma and beta. param: bn_param or ln_param."""
    N, D = x.shape
    gamma, beta, dout = rng.randn(D), rng.randn(D), 2 * rng.randn(N, D) + 1
    _, cache = forward(x, gamma, beta, dict(param))
    forward(2 - 3 * x[::-1], 1 + gamma, beta, dict(param))
    dx, dgamma, dbeta = backward(dout, cache)

    def out(x, gamma, beta):
        return forward(x, gamma, beta, dict(param))[0]

    return gradients(out, dout=dout, dx=(dx, x), dgamma=(dgamma, gamma), dbeta=(dbeta, beta))


def averages(bn_param):
    """Return the running averages that a call left in bn_param."""
    return {name: bn_param.get(name) for name in ("running_mean", "running_var")}


@check("layers.batchnorm_forward", name="first_call", seed=205, parts={"test_out": 2})
def batchnorm_forward_first_call(student, rng):
    """A first call in train mode, without running averages, and one in test mode after it."""
    gamma, beta, bn_param = rng.randn(4), rng.randn(4), {"mode": "train"}
    train_out, _ = student.layers.batchnorm_forward(60 * rng.randn(6, 4) - 9, gamma, beta, bn_param)
    bn_param["mode"] = "test"
    test_out, _ = student.layers.batchnorm_forward(60 * rng.randn(3, 4) - 9, gamma, beta, bn_param)
    return {"train_out": train_out, "test_out": test_out, **averages(bn_param)}


@check("layers.batchnorm_forward", name="other_momentum", seed=202, parts={"out": 2})
def batchnorm_forward_other_momentum(student, rng):
    """Three steps of training with momentum 0.7, from given running averages."""
    gamma, beta = rng.randn(6), rng.randn(6)
    bn_param = {"mode": "train", "momentum": 0.7, "running_mean": 9 * rng.randn(6), "running_var": 300 * rng.rand(6)}
    for _ in range(3):
        out, _ = student.layers.batchnorm_forward(20 * rng.randn(5, 6) + 5, gamma, beta, bn_param)
    return {"out": out, **averages(bn_param)}


@check("layers.batchnorm_forward", name="small_running_var", seed=203, parts={"out": 6})
def batchnorm_forward_small_running_var(student, rng):
    """Test mode with running variances that are about as small as eps."""
    gamma, beta, mean = rng.randn(5), rng.randn(5), 0.01 * rng.randn(5)
    bn_param = {"mode": "test", "running_mean": mean, "running_var": 10 ** rng.uniform(-5, -4, size=5)}
    x = mean + 0.01 * rng.randn(8, 5)
    out, _ = student.layers.batchnorm_forward(x, gamma, beta, bn_param)
    return {"out": out, **averages(bn_param)}


@check("layers.batchnorm_forward", name="other_eps", seed=204)
def batchnorm_forward_other_eps(student, rng):
    """Train mode with an eps about as large as the variance."""
    gamma, beta, bn_param = rng.randn(6), rng.randn(6), {"mode": "train", "eps": 0.01}
    out, _ = student.layers.batchnorm_forward(0.1 * rng.randn(7, 6), gamma, beta, bn_param)
    return {"out": out}


@after_batchnorm("layers.batchnorm_backward", name="another_call", seed=211)
def batchnorm_backward_another_call(student, rng):
    """Seven examples with four features; the forward was called again in between."""
    x = 20 * rng.randn(7, 4) + 30
    return backward(student.layers.batchnorm_forward, student.layers.batchnorm_backward, rng, x, {"mode": "train"})


@after_batchnorm("layers.batchnorm_backward", name="small_variance", seed=212)
def batchnorm_backward_small_variance(student, rng):
    """Three examples with eight features that spread about as little as eps."""
    x, bn_param = 0.1 * rng.randn(3, 8), {"mode": "train", "eps": 0.01}
    return backward(student.layers.batchnorm_forward, student.layers.batchnorm_backward, rng, x, bn_param)


@after_batchnorm("layers.batchnorm_backward_alt", name="another_call", seed=221)
def batchnorm_backward_alt_another_call(student, rng):
    """Six examples with seven features; the forward was called again in between."""
    x = 20 * rng.randn(6, 7) - 30
    return backward(student.layers.batchnorm_forward, student.layers.batchnorm_backward_alt, rng, x, {"mode": "train"})


@after_batchnorm("layers.batchnorm_backward_alt", name="small_variance", seed=222)
def batchnorm_backward_alt_small_variance(student, rng):
    """Five examples with three features that spread about as little as eps."""
    x, bn_param = 0.1 * rng.randn(5, 3), {"mode": "train", "eps": 0.01}
    return backward(student.layers.batchnorm_forward, student.layers.batchnorm_backward_alt, rng, x, bn_param)


@check("layers.layernorm_forward", name="wide", seed=231)
def layernorm_forward_wide(student, rng):
    """Six examples with nine features; each feature has its own gamma and beta."""
    out, _ = student.layers.layernorm_forward(20 * rng.randn(6, 9) + 8, rng.randn(9), rng.randn(9), {})
    return {"out": out}


@check("layers.layernorm_forward", name="one_example", seed=232)
def layernorm_forward_one_example(student, rng):
    """A single example with seven features."""
    out, _ = student.layers.layernorm_forward(20 * rng.randn(1, 7) + 8, rng.randn(7), rng.randn(7), {})
    return {"out": out}


@check("layers.layernorm_forward", name="other_eps", seed=233)
def layernorm_forward_other_eps(student, rng):
    """Five examples with five features and an eps about as large as their variance."""
    out, _ = student.layers.layernorm_forward(0.1 * rng.randn(5, 5), rng.randn(5), rng.randn(5), {"eps": 0.01})
    return {"out": out}


@after_layernorm("layers.layernorm_backward", name="another_call", seed=241)
def layernorm_backward_another_call(student, rng):
    """Seven examples with four features; the forward was called again in between."""
    x = 20 * rng.randn(7, 4) + 30
    return backward(student.layers.layernorm_forward, student.layers.layernorm_backward, rng, x, {})


@after_layernorm("layers.layernorm_backward", name="one_example", seed=242)
def layernorm_backward_one_example(student, rng):
    """A single example with six features."""
    x = 20 * rng.randn(1, 6) - 30
    return backward(student.layers.layernorm_forward, student.layers.layernorm_backward, rng, x, {})


@after_layernorm("layers.layernorm_backward", name="small_variance", seed=243)
def layernorm_backward_small_variance(student, rng):
    """Four examples with four features that spread about as little as eps."""
    x = 0.1 * rng.randn(4, 4)
    return backward(student.layers.layernorm_forward, student.layers.layernorm_backward, rng, x, {"eps": 0.01})
