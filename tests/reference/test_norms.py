"""Batch, layer, spatial batch and group normalization compared with values by hand, plain loops and slopes."""

import math
import statistics

import numpy as np
import pytest
from arrays import UnchangedArguments, close, each, in_layout, layouts, seeds, sizes, slopes, values_apart, zeros
from hypothesis import given
from hypothesis import strategies as st

from reference import layers

BACKWARDS = (layers.batchnorm_backward, layers.batchnorm_backward_alt)
both_backwards = pytest.mark.parametrize("backward", BACKWARDS)


def normalize(values, eps):
    """Normalize one set of values by Python's own arithmetic: the values that share a mean in any of the four norms."""
    mean, var = statistics.fmean(values), statistics.pvariance(values)
    return [(value - mean) / math.sqrt(var + eps) for value in values]


def by_columns(x, gamma, beta, eps):
    return np.apply_along_axis(normalize, 0, x, eps) * gamma + beta


def by_rows(x, gamma, beta, eps):
    return np.apply_along_axis(normalize, 1, x, eps) * gamma + beta


def by_channels(x, gamma, beta, eps):
    out = np.empty(x.shape)
    for c in range(x.shape[1]):
        out[:, c] = np.reshape(normalize(x[:, c].ravel().tolist(), eps), x[:, c].shape) * gamma[c] + beta[c]
    return out


def by_groups(x, gamma, beta, G, eps):
    out = np.empty(x.shape)
    size = x.shape[1] // G
    for n in range(x.shape[0]):
        for start in range(0, x.shape[1], size):
            group = x[n, start : start + size]
            out[n, start : start + size] = np.reshape(normalize(group.ravel().tolist(), eps), group.shape)
    return out * gamma + beta


def assert_slopes(gradients, forward, arrays, dout):
    """Assert that each gradient has the slopes of forward(*arrays), an oracle of the layer."""
    for k, (gradient, array) in enumerate(zip(gradients, arrays, strict=True)):

        def weighed(moved, k=k):
            return np.sum(forward(*arrays[:k], moved, *arrays[k + 1 :]) * dout)

        assert gradient.shape == array.shape
        np.testing.assert_allclose(gradient, slopes(weighed, np.ascontiguousarray(array), 1e-5), rtol=1e-6, atol=1e-6)


# --- batch normalization

# Columns 6 -+ 4 and 7 -+ 0: with eps = 9 the standard deviations are sqrt(16 + 9) = 5 and sqrt(0 + 9) = 3.
X = np.array([[2.0, 7.0], [10.0, 7.0]])
GAMMA, BETA = np.array([5.0, 2.0]), np.array([1.0, -1.0])


def test_batchnorm_train_by_hand():
    bn_param = {"mode": "train", "eps": 9.0, "momentum": 0.75}
    bn_param |= {"running_mean": np.array([4.0, 8.0]), "running_var": np.array([0.0, 4.0])}
    out, _ = layers.batchnorm_forward(X, GAMMA, BETA, bn_param)
    close(out, np.array([[-3.0, -1.0], [5.0, -1.0]]))
    # 0.75 * 4 + 0.25 * 6 and 0.75 * 8 + 0.25 * 7; 0.75 * 0 + 0.25 * 16 and 0.75 * 4 + 0.25 * 0.
    close(bn_param["running_mean"], np.array([4.5, 7.75]))
    close(bn_param["running_var"], np.array([4.0, 3.0]))


def test_batchnorm_test_by_hand():
    bn_param = {"mode": "test", "eps": 9.0, "running_mean": np.array([-3.0, 7.0]), "running_var": np.array([16.0, 0.0])}
    out, _ = layers.batchnorm_forward(X, GAMMA, BETA, bn_param)
    close(out, np.array([[6.0, -1.0], [14.0, -1.0]]))
    assert bn_param["running_mean"].tolist() == [-3.0, 7.0] and bn_param["running_var"].tolist() == [16.0, 0.0]


@both_backwards
def test_batchnorm_backward_by_hand(backward):
    _, cache = layers.batchnorm_forward(X, GAMMA, BETA, {"mode": "train", "eps": 9.0})
    # x_hat is -+0.8 and 0; mean(dout) = 2 and 3, mean(dout * x_hat) = 0.8 and 0.
    dx, dgamma, dbeta = backward(np.array([[1.0, 6.0], [3.0, 0.0]]), cache)
    close(dx, np.array([[5 / 5 * (1 - 2 + 0.8 * 0.8), 2 / 3 * 3], [5 / 5 * (3 - 2 - 0.8 * 0.8), 2 / 3 * -3]]))
    close(dgamma, np.array([1.6, 0.0]))
    close(dbeta, np.array([4.0, 6.0]))


@both_backwards
def test_batchnorm_backward_in_test_mode_takes_the_averages_as_constants(backward):
    bn_param = {"mode": "test", "eps": 9.0, "running_mean": np.array([-3.0, 6.0]), "running_var": np.array([16.0, 0.0])}
    _, cache = layers.batchnorm_forward(X, GAMMA, BETA, bn_param)
    dx, dgamma, dbeta = backward(np.array([[1.0, 6.0], [3.0, 0.0]]), cache)
    close(dx, np.array([[1.0, 4.0], [3.0, 0.0]]))
    close(dgamma, np.array([1.0 + 3 * 2.6, 2.0]))
    close(dbeta, np.array([4.0, 6.0]))


@each
@given(seeds, st.integers(2, 5), sizes, layouts, st.sampled_from([1e-5, 0.5]))
def test_batchnorm_is_the_loops_with_their_slopes_and_leaves_its_inputs(seed, N, D, layout, eps):
    rng = np.random.RandomState(seed)
    x, dout = in_layout(values_apart(rng, N, D), layout), in_layout(rng.randn(N, D), layout)
    gamma, beta = in_layout(rng.randn(D), layout), in_layout(rng.randn(D), layout)
    frozen = UnchangedArguments(x, gamma, beta, dout)
    out, cache = layers.batchnorm_forward(x, gamma, beta, {"mode": "train", "eps": eps})
    close(out, by_columns(x, gamma, beta, eps))
    for backward in BACKWARDS:
        assert_slopes(backward(dout, cache), lambda *xgb: by_columns(*xgb, eps), (x, gamma, beta), dout)
    frozen.assert_unchanged()


@each
@given(seeds, st.integers(1, 30), st.integers(1, 9))
def test_batchnorm_backward_alt_is_batchnorm_backward(seed, N, D):
    rng = np.random.RandomState(seed)
    gamma, beta, dout = rng.randn(D), rng.randn(D), rng.randn(N, D)
    for mode in ("train", "test"):
        bn_param = {"mode": mode, "running_mean": rng.randn(D), "running_var": rng.rand(D)}
        _, cache = layers.batchnorm_forward(rng.randn(N, D), gamma, beta, bn_param)
        for one, other in zip(*(backward(dout, cache) for backward in BACKWARDS), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11)


def test_batchnorm_of_one_example_is_beta_and_passes_nothing_back():
    out, cache = layers.batchnorm_forward(np.array([[3.0, -4.0]]), GAMMA, BETA, {"mode": "train"})
    assert out.tolist() == [BETA.tolist()]
    for backward in BACKWARDS:
        assert not backward(np.array([[1.0, 2.0]]), cache)[0].any()


def test_running_averages_are_new_arrays_and_nothing_else_in_bn_param_changes():
    mean, var = np.array([4.0, 8.0]), np.array([1.0, 4.0])
    frozen = UnchangedArguments(mean, var)
    for mode in ("train", "test"):
        bn_param = {"mode": mode, "eps": 1e-3, "momentum": 0.5, "running_mean": mean, "running_var": var}
        layers.batchnorm_forward(X, GAMMA, BETA, bn_param)
        assert list(bn_param) == ["mode", "eps", "momentum", "running_mean", "running_var"]
        assert (bn_param["mode"], bn_param["eps"], bn_param["momentum"]) == (mode, 1e-3, 0.5)
        frozen.assert_unchanged()


def test_defaults_are_eps_1e_5_momentum_0_9_and_averages_from_zero():
    bn_param = {"mode": "train"}
    out, _ = layers.batchnorm_forward(X, GAMMA, BETA, bn_param)
    close(out, by_columns(X, GAMMA, BETA, 1e-5))
    close(bn_param["running_mean"], np.array([0.6, 0.7]))
    close(bn_param["running_var"], np.array([1.6, 0.0]))
    assert set(bn_param) == {"mode", "running_mean", "running_var"}
    out, _ = layers.batchnorm_forward(np.array([[1.0, 0.0]]), np.ones(2), np.zeros(2), {"mode": "test"})
    close(out, np.array([[1 / math.sqrt(1e-5), 0.0]]))


def test_the_mode_of_the_forward_holds_for_its_backward():
    for mode, other in (("train", "test"), ("test", "train")):
        bn_param = {"mode": mode}
        _, cache = layers.batchnorm_forward(X, GAMMA, BETA, bn_param)
        before = [backward(X, cache) for backward in BACKWARDS]
        bn_param["mode"] = other
        bn_param["running_var"] = np.full(2, np.nan)
        after = [backward(X, cache) for backward in BACKWARDS]
        np.testing.assert_equal(after, before)


# --- layer normalization


def test_layernorm_by_hand():
    # Rows 6 -+ 4 and 7 -+ 0, as above.
    x, gamma, beta = X.T, np.array([5.0, 10.0]), np.array([1.0, 0.0])
    out, cache = layers.layernorm_forward(x, gamma, beta, {"eps": 9.0})
    close(out, np.array([[1 - 4.0, 8.0], [1.0, 0.0]]))
    dx, dgamma, dbeta = layers.layernorm_backward(np.array([[1.0, 3.0], [6.0, 0.0]]), cache)
    # dx_hat = [5, 30] and [30, 0], of means 17.5 and 15; mean(dx_hat * x_hat) = 0.8 * (30 - 5) / 2 = 10 and 0.
    close(dx, np.array([[(5 - 17.5 + 0.8 * 10) / 5, (30 - 17.5 - 0.8 * 10) / 5], [15 / 3, -15 / 3]]))
    close(dgamma, np.array([-0.8, 2.4]))
    close(dbeta, np.array([7.0, 3.0]))


@each
@given(seeds, sizes, st.integers(2, 5), layouts, st.sampled_from([1e-5, 0.5]))
def test_layernorm_is_the_loops_with_their_slopes_and_leaves_its_inputs(seed, N, D, layout, eps):
    rng = np.random.RandomState(seed)
    x, dout = in_layout(values_apart(rng, N, D), layout), in_layout(rng.randn(N, D), layout)
    gamma, beta = in_layout(rng.randn(D), layout), in_layout(rng.randn(D), layout)
    frozen, ln_param = UnchangedArguments(x, gamma, beta, dout), {"eps": eps}
    out, cache = layers.layernorm_forward(x, gamma, beta, ln_param)
    close(out, by_rows(x, gamma, beta, eps))
    gradients = layers.layernorm_backward(dout, cache)
    assert_slopes(gradients, lambda *xgb: by_rows(*xgb, eps), (x, gamma, beta), dout)
    frozen.assert_unchanged()
    assert ln_param == {"eps": eps}


def test_layernorm_has_eps_1e_5_unless_given():
    ln_param = {}
    close(layers.layernorm_forward(X.T, GAMMA, BETA, ln_param)[0], by_rows(X.T, GAMMA, BETA, 1e-5))
    assert ln_param == {}


# --- spatial batch normalization


@pytest.mark.slow
@each
@given(seeds, *[st.integers(1, 3)] * 3, st.integers(2, 4), layouts, st.sampled_from([1e-5, 0.5]))
def test_spatial_batchnorm_is_the_loops_with_their_slopes_and_leaves_its_inputs(seed, N, C, H, W, layout, eps):
    rng = np.random.RandomState(seed)
    x, dout = in_layout(values_apart(rng, N, C, H, W), layout), in_layout(rng.randn(N, C, H, W), layout)
    gamma, beta = in_layout(rng.randn(C), layout), in_layout(rng.randn(C), layout)
    mean, var = rng.randn(C), rng.rand(C)
    frozen = UnchangedArguments(x, gamma, beta, dout, mean, var)
    bn_param = {"mode": "train", "eps": eps, "running_mean": mean, "running_var": var}
    out, cache = layers.spatial_batchnorm_forward(x, gamma, beta, bn_param)
    close(out, by_channels(x, gamma, beta, eps))
    for c in range(C):
        values = x[:, c].ravel().tolist()
        assert bn_param["running_mean"][c] == pytest.approx(0.9 * mean[c] + 0.1 * statistics.fmean(values))
        assert bn_param["running_var"][c] == pytest.approx(0.9 * var[c] + 0.1 * statistics.pvariance(values))
    gradients = layers.spatial_batchnorm_backward(dout, cache)
    assert_slopes(gradients, lambda *xgb: by_channels(*xgb, eps), (x, gamma, beta), dout)
    frozen.assert_unchanged()


def test_spatial_batchnorm_in_test_mode_by_hand():
    x = np.array([[[[1.0, 2.0]], [[3.0, 4.0]]]])
    bn_param = {"mode": "test", "eps": 9.0, "running_mean": np.array([1.0, 3.0]), "running_var": np.array([16.0, 0.0])}
    out, cache = layers.spatial_batchnorm_forward(x, GAMMA, BETA, bn_param)
    close(out, np.array([[[[1.0, 2.0]], [[-1.0, -1 / 3]]]]))
    dx, dgamma, dbeta = layers.spatial_batchnorm_backward(np.array([[[[1.0, 5.0]], [[3.0, 6.0]]]]), cache)
    close(dx, np.array([[[[1.0, 5.0]], [[2.0, 4.0]]]]))
    close(dgamma, np.array([1.0, 2.0]))
    close(dbeta, np.array([6.0, 9.0]))


# --- group normalization


@pytest.mark.slow
@each
@given(seeds, *[st.integers(1, 3)] * 3, st.integers(1, 2), st.integers(2, 3), layouts, st.sampled_from([1e-5, 0.5]))
def test_groupnorm_is_the_loops_with_their_slopes_and_leaves_its_inputs(seed, N, G, size, H, W, layout, eps):
    rng = np.random.RandomState(seed)
    C = G * size
    x, dout = in_layout(values_apart(rng, N, C, H, W), layout), in_layout(rng.randn(N, C, H, W), layout)
    gamma, beta = in_layout(rng.randn(1, C, 1, 1), layout), in_layout(rng.randn(1, C, 1, 1), layout)
    frozen, gn_param = UnchangedArguments(x, gamma, beta, dout), {"eps": eps}
    out, cache = layers.spatial_groupnorm_forward(x, gamma, beta, G, gn_param)
    close(out, by_groups(x, gamma, beta, G, eps))
    gradients = layers.spatial_groupnorm_backward(dout, cache)
    assert_slopes(gradients, lambda *xgb: by_groups(*xgb, G, eps), (x, gamma, beta), dout)
    frozen.assert_unchanged()
    assert gn_param == {"eps": eps}


def test_groupnorm_by_hand():
    # Two groups of one image: 2, 10 and 7, 7, with eps = 9 as above.
    x = np.array([2.0, 10.0, 7.0, 7.0]).reshape(1, 4, 1, 1)
    gamma, beta = np.array([5.0, 10.0, 1.0, 1.0]).reshape(1, 4, 1, 1), np.arange(4.0).reshape(1, 4, 1, 1)
    out, cache = layers.spatial_groupnorm_forward(x, gamma, beta, 2, {"eps": 9.0})
    close(out, np.array([-4.0, 9.0, 2.0, 3.0]).reshape(1, 4, 1, 1))
    dx, dgamma, dbeta = layers.spatial_groupnorm_backward(np.array([1.0, 3.0, 6.0, 0.0]).reshape(1, 4, 1, 1), cache)
    close(dx, np.array([(5 - 17.5 + 8) / 5, (30 - 17.5 - 8) / 5, 1.0, -1.0]).reshape(1, 4, 1, 1))
    close(dgamma, np.array([-0.8, 2.4, 0.0, 0.0]).reshape(1, 4, 1, 1))
    close(dbeta, np.array([1.0, 3.0, 6.0, 0.0]).reshape(1, 4, 1, 1))


def test_groupnorm_has_eps_1e_5_unless_given():
    x, ones = np.random.RandomState(0).randn(2, 4, 3, 2), np.ones((1, 4, 1, 1))
    close(layers.spatial_groupnorm_forward(x, ones, ones, 2, {})[0], by_groups(x, ones, ones, 2, 1e-5))


# --- dtypes and accuracy

BATCH = (layers.batchnorm_forward, layers.batchnorm_backward, (6, 4), (4,))
ALT = (layers.batchnorm_forward, layers.batchnorm_backward_alt, (6, 4), (4,))
LAYER = (layers.layernorm_forward, layers.layernorm_backward, (6, 4), (4,))
SPATIAL = (layers.spatial_batchnorm_forward, layers.spatial_batchnorm_backward, (3, 4, 2, 5), (4,))
GROUP = (
    lambda x, gamma, beta, param: layers.spatial_groupnorm_forward(x, gamma, beta, 2, param),
    layers.spatial_groupnorm_backward,
    (3, 4, 2, 5),
    (1, 4, 1, 1),
)
every_norm = pytest.mark.parametrize(
    ("forward", "backward", "shape", "scales"),
    [BATCH, ALT, LAYER, SPATIAL, GROUP],
    ids=["bn", "alt", "ln", "sbn", "gn"],
)


@every_norm
@pytest.mark.parametrize("mode", ["train", "test"])
def test_float32_stays_float32_whatever_numbers_the_param_holds(forward, backward, shape, scales, mode):
    rng = np.random.RandomState(0)
    x, dout = rng.randn(*shape).astype(np.float32), rng.randn(*shape).astype(np.float32)
    gamma, beta = rng.randn(*scales).astype(np.float32), rng.randn(*scales).astype(np.float32)
    param = {"mode": mode, "eps": np.float64(1e-5), "momentum": np.float64(0.9)}
    out, cache = forward(x, gamma, beta, param)
    kept = [param[key] for key in ("running_mean", "running_var") if key in param]
    assert {array.dtype for array in (out, *backward(dout, cache), *kept)} == {np.dtype(np.float32)}


@every_norm
def test_whole_numbers_are_numbers(forward, backward, shape, scales):
    x = np.arange(math.prod(shape)).reshape(shape)
    gamma, beta = np.arange(4).reshape(scales), np.arange(4, 8).reshape(scales)
    out, cache = forward(x, gamma, beta, {"mode": "train", "eps": 1})
    expected, expected_cache = forward(
        x.astype(float), gamma.astype(float), beta.astype(float), {"mode": "train", "eps": 1}
    )
    close(out, expected)
    for one, other in zip(backward(x, cache), backward(x.astype(float), expected_cache), strict=True):
        close(one, other)


@pytest.mark.parametrize(
    ("forward", "shape"),
    [
        (lambda x, ones, param: layers.batchnorm_forward(x, ones, 0 * ones, param), (60_000, 2)),
        (lambda x, ones, param: layers.spatial_batchnorm_forward(x, ones, 0 * ones, param), (60, 2, 20, 50)),
    ],
)
def test_float32_loses_nothing_over_many_values_far_from_zero(forward, shape):
    x = (1000 + np.random.RandomState(0).randn(*shape)).astype(np.float32)
    out, _ = forward(x, np.ones(2, np.float32), bn_param := {"mode": "train"})
    axes = tuple(axis for axis in range(x.ndim) if axis != 1)
    exact = x.astype(np.float64)
    mean = exact.mean(axis=axes, keepdims=True)
    # float32 is accurate to 6e-5 near 1000; half of that is lost in the mean.
    np.testing.assert_allclose(out, (exact - mean) / exact.std(axis=axes, keepdims=True), atol=5e-5)
    np.testing.assert_allclose(bn_param["running_mean"], 0.1 * mean.ravel(), rtol=2e-7)
    np.testing.assert_allclose(bn_param["running_var"], 0.1 * exact.var(axis=axes), rtol=1e-6)


# --- wrong arguments


def bn(x=(6, 4), gamma=(4,), beta=(4,), **param):
    return lambda: layers.batchnorm_forward(zeros(*x), zeros(*gamma), zeros(*beta), {"mode": "train", **param})


def ln(x=(6, 4), gamma=(4,), beta=(4,), **param):
    return lambda: layers.layernorm_forward(zeros(*x), zeros(*gamma), zeros(*beta), param)


def sbn(x=(3, 4, 2, 5), gamma=(4,), beta=(4,), **param):
    return lambda: layers.spatial_batchnorm_forward(zeros(*x), zeros(*gamma), zeros(*beta), {"mode": "train", **param})


def gn(x=(3, 4, 2, 5), gamma=(1, 4, 1, 1), beta=(1, 4, 1, 1), G=2, **param):
    return lambda: layers.spatial_groupnorm_forward(zeros(*x), zeros(*gamma), zeros(*beta), G, param)


def back(norm, *dout):
    forward, backward, shape, scales = norm
    _, cache = forward(zeros(*shape), zeros(*scales), zeros(*scales), {"mode": "train"})
    return lambda: backward(zeros(*dout), cache)


WRONG = [
    (bn(x=(6, 4, 1)), "batchnorm_forward: x has shape (6, 4, 1), expected (N, D). Reshape x before the call."),
    (bn(x=(0, 4)), "batchnorm_forward: x has shape (0, 4), expected at least one value to average. Pass some."),
    (bn(gamma=(1, 4)), "batchnorm_forward: gamma has shape (1, 4), expected (4,). Look where gamma is made."),
    (bn(beta=(6,)), "batchnorm_forward: beta has shape (6,), expected (4,). Look where beta is made."),
    (
        bn(mode="eval"),
        "batchnorm_forward: bn_param['mode'] is 'eval', expected 'train' or 'test'. Look where bn_param is made.",
    ),
    (
        lambda: layers.batchnorm_forward(zeros(6, 4), zeros(4), zeros(4), {}),
        "batchnorm_forward: bn_param['mode'] is None, expected 'train' or 'test'. Look where bn_param is made.",
    ),
    (
        bn(eps=0),
        "batchnorm_forward: bn_param['eps'] is 0, expected a number above 0. Look where bn_param is made.",
    ),
    (
        bn(eps="1e-5"),
        "batchnorm_forward: bn_param['eps'] is '1e-5', expected a number above 0. Look where bn_param is made.",
    ),
    (
        bn(eps=float("nan")),
        "batchnorm_forward: bn_param['eps'] is nan, expected a number above 0. Look where bn_param is made.",
    ),
    (
        bn(momentum=1.5),
        "batchnorm_forward: bn_param['momentum'] is 1.5, expected a number from 0 to 1. Look where bn_param is made.",
    ),
    (
        bn(momentum=-0.1),
        "batchnorm_forward: bn_param['momentum'] is -0.1, expected a number from 0 to 1. Look where bn_param is made.",
    ),
    (
        bn(running_mean=zeros(6)),
        "batchnorm_forward: bn_param['running_mean'] has shape (6,), expected (4,). "
        "Look where bn_param['running_mean'] is made.",
    ),
    (
        bn(running_var=zeros(1, 4)),
        "batchnorm_forward: bn_param['running_var'] has shape (1, 4), expected (4,). "
        "Look where bn_param['running_var'] is made.",
    ),
    (back(BATCH, 4), "batchnorm_backward: dout has shape (4,), expected (6, 4). Look where dout is made."),
    (back(ALT, 1, 4), "batchnorm_backward_alt: dout has shape (1, 4), expected (6, 4). Look where dout is made."),
    (ln(x=(6,)), "layernorm_forward: x has shape (6,), expected (N, D). Reshape x before the call."),
    (
        ln(x=(6, 0), gamma=(0,), beta=(0,)),
        "layernorm_forward: x has shape (6, 0), expected at least one value to average. Pass some.",
    ),
    (ln(gamma=(6,)), "layernorm_forward: gamma has shape (6,), expected (4,). Look where gamma is made."),
    (ln(beta=(1,)), "layernorm_forward: beta has shape (1,), expected (4,). Look where beta is made."),
    (ln(eps=-1), "layernorm_forward: ln_param['eps'] is -1, expected a number above 0. Look where ln_param is made."),
    (back(LAYER, 6, 1), "layernorm_backward: dout has shape (6, 1), expected (6, 4). Look where dout is made."),
    (
        sbn(x=(6, 4)),
        "spatial_batchnorm_forward: x has shape (6, 4), expected (N, C, H, W). Reshape x before the call.",
    ),
    (
        sbn(gamma=(1, 4, 1, 1)),
        "spatial_batchnorm_forward: gamma has shape (1, 4, 1, 1), expected (4,). Look where gamma is made.",
    ),
    (sbn(beta=(5,)), "spatial_batchnorm_forward: beta has shape (5,), expected (4,). Look where beta is made."),
    (
        sbn(x=(3, 4, 0, 5)),
        "spatial_batchnorm_forward: x has shape (3, 4, 0, 5), expected at least one value to average. Pass some.",
    ),
    (
        sbn(mode=None),
        "spatial_batchnorm_forward: bn_param['mode'] is None, expected 'train' or 'test'. Look where bn_param is made.",
    ),
    (
        back(SPATIAL, 3, 4, 5, 2),
        "spatial_batchnorm_backward: dout has shape (3, 4, 5, 2), expected (3, 4, 2, 5). Look where dout is made.",
    ),
    (gn(x=(6, 4)), "spatial_groupnorm_forward: x has shape (6, 4), expected (N, C, H, W). Reshape x before the call."),
    (
        gn(gamma=(4,)),
        "spatial_groupnorm_forward: gamma has shape (4,), expected (1, 4, 1, 1). Look where gamma is made.",
    ),
    (
        gn(beta=(4, 1, 1)),
        "spatial_groupnorm_forward: beta has shape (4, 1, 1), expected (1, 4, 1, 1). Look where beta is made.",
    ),
    *(
        (
            gn(G=G),
            f"spatial_groupnorm_forward: G is {G!r}, expected a whole number that divides the 4 channels of x. "
            "Take another number of groups.",
        )
        for G in (3, 0, -2, 8, 2.0, None)
    ),
    (
        gn(eps=0.0),
        "spatial_groupnorm_forward: gn_param['eps'] is 0.0, expected a number above 0. Look where gn_param is made.",
    ),
    (
        gn(x=(3, 4, 0, 5)),
        "spatial_groupnorm_forward: x has shape (3, 4, 0, 5), expected at least one value to average. Pass some.",
    ),
    (
        back(GROUP, 3, 4, 10),
        "spatial_groupnorm_backward: dout has shape (3, 4, 10), expected (3, 4, 2, 5). Look where dout is made.",
    ),
]


@pytest.mark.parametrize(("call", "message"), WRONG)
def test_a_wrong_argument_is_named(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message


def test_an_empty_batch_passes_in_test_mode():
    out, _ = layers.batchnorm_forward(zeros(0, 2), GAMMA, BETA, {"mode": "test"})
    assert out.shape == (0, 2)
