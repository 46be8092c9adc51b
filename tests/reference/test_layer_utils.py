"""The sandwich layers compared with einsum, SciPy and plain loops in a row, and with their slopes."""

import numpy as np
import pytest
from arrays import UnchangedArguments, close, conv_by_scipy, slopes
from numpy.lib.stride_tricks import sliding_window_view

from reference import layer_utils

# Without a compiler, NumPy replaces the compiled kernels of the convolutions.
pytestmark = pytest.mark.filterwarnings("ignore:fast_layers:RuntimeWarning")

CONV, POOL = {"stride": 2, "pad": 1}, {"pool_height": 2, "pool_width": 3, "stride": 1}


def relu(x):
    return (x + np.abs(x)) / 2


def affine(x, w, b):
    return np.einsum("nij,ijm->nm", x, w.reshape(3, 2, 5)) + b


def convolve(x, w, b):
    return conv_by_scipy(x, w, b, CONV["stride"], CONV["pad"])


def standardize(a, axes):
    mean = a.mean(axis=axes, keepdims=True)
    return (a - mean) / np.sqrt(((a - mean) ** 2).mean(axis=axes, keepdims=True) + 1e-5)


def max_pool(a):
    return sliding_window_view(a, (2, 3), axis=(2, 3)).max(axis=(4, 5))


AFFINE = ((4, 3, 2), (6, 5), (5,))
CONVOLUTION = ((2, 3, 6, 7), (4, 3, 3, 2), (4,))
SANDWICHES = {
    "affine_relu": (AFFINE, lambda *xwb: relu(affine(*xwb)), lambda: ()),
    "affine_bn_relu": (
        (*AFFINE, (5,), (5,)),
        lambda x, w, b, gamma, beta: relu(standardize(affine(x, w, b), 0) * gamma + beta),
        lambda: ({"mode": "train"},),
    ),
    "affine_ln_relu": (
        (*AFFINE, (5,), (5,)),
        lambda x, w, b, gamma, beta: relu(standardize(affine(x, w, b), 1) * gamma + beta),
        lambda: ({},),
    ),
    "conv_relu": (CONVOLUTION, lambda *xwb: relu(convolve(*xwb)), lambda: (CONV,)),
    "conv_bn_relu": (
        (*CONVOLUTION, (4,), (4,)),
        lambda x, w, b, gamma, beta: relu(
            standardize(convolve(x, w, b), (0, 2, 3)) * gamma[:, None, None] + beta[:, None, None]
        ),
        lambda: (CONV, {"mode": "train"}),
    ),
    "conv_relu_pool": (CONVOLUTION, lambda *xwb: max_pool(relu(convolve(*xwb))), lambda: (CONV, POOL)),
}


@pytest.mark.parametrize("name", SANDWICHES)
def test_a_sandwich_is_its_layers_in_a_row(name):
    shapes, oracle, params = SANDWICHES[name]
    forward = getattr(layer_utils, f"{name}_forward")
    backward = getattr(layer_utils, f"{name}_backward")
    rng = np.random.RandomState(5)
    arrays = [rng.randn(*shape) for shape in shapes]
    frozen = UnchangedArguments(*arrays)
    out, cache = forward(*arrays, *params())
    close(out, oracle(*arrays))
    assert 0.1 < np.mean(out > 0) < 1

    dout = rng.randn(*out.shape)
    frozen_dout = UnchangedArguments(dout)
    gradients = backward(dout, cache)
    assert len(gradients) == len(arrays)
    for k, gradient in enumerate(gradients):

        def weighed(moved, k=k):
            return np.sum(oracle(*arrays[:k], moved, *arrays[k + 1 :]) * dout)

        assert gradient.shape == arrays[k].shape
        np.testing.assert_allclose(gradient, slopes(weighed, arrays[k]), rtol=1e-6, atol=1e-6)
    frozen.assert_unchanged()
    frozen_dout.assert_unchanged()
    assert (CONV, POOL) == ({"stride": 2, "pad": 1}, {"pool_height": 2, "pool_width": 3, "stride": 1})


@pytest.mark.parametrize("name", ["affine_bn_relu", "conv_bn_relu"])
def test_the_running_averages_reach_the_callers_bn_param(name):
    shapes, _, params = SANDWICHES[name]
    *others, bn_param = params()
    arrays = [np.random.RandomState(5).randn(*shape) for shape in shapes]
    getattr(layer_utils, f"{name}_forward")(*arrays, *others, bn_param)
    assert bn_param["running_mean"].any() and bn_param["running_var"].all()
    bn_param |= {"mode": "test", "running_mean": np.full(shapes[-1], 1e6)}
    out, _ = getattr(layer_utils, f"{name}_forward")(*arrays, *others, bn_param)
    assert np.abs(out).max() > 1e5
