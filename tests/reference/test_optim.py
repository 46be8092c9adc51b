"""The update rules compared with numbers worked out by hand and with Python's own arithmetic, one weight at a time."""

import math
import re

import numpy as np
import pytest
from arrays import UnchangedArguments, each, in_layout, layouts, seeds, sizes, zeros
from hypothesis import given
from hypothesis import strategies as st

from reference import fast_layers, numpy_kernels
from reference.fast_optim import adam_fast
from reference.optim import adam, rmsprop, sgd, sgd_momentum

RULES = (sgd, sgd_momentum, rmsprop, adam, adam_fast)
KEPT = {sgd: (), sgd_momentum: ("velocity",), rmsprop: ("cache",), adam: ("m", "v"), adam_fast: ("m", "v")}
every_rule = pytest.mark.parametrize("rule", RULES)


def sgd_by_numbers(w, gradients, learning_rate=1e-2):
    for g in gradients:
        w -= learning_rate * g
    return w


def sgd_momentum_by_numbers(w, gradients, learning_rate=1e-2, momentum=0.9):
    # After k steps a gradient has moved w by learning_rate * (1 + momentum + ... + momentum ** (k - 1)).
    for age, g in enumerate(reversed(gradients), start=1):
        w -= learning_rate * g * sum(momentum**k for k in range(age))
    return w


def rmsprop_by_numbers(w, gradients, learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8):
    for t in range(1, len(gradients) + 1):
        mean = sum((1 - decay_rate) * decay_rate ** (t - k) * gradients[k - 1] ** 2 for k in range(1, t + 1))
        w -= learning_rate * gradients[t - 1] / (math.sqrt(mean) + epsilon)
    return w


def adam_by_numbers(w, gradients, learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8):
    # Both averages are weighted means of the gradients so far: weights beta ** age, divided by their sum.
    for t in range(1, len(gradients) + 1):
        ages = range(t - 1, -1, -1)
        first = sum(beta1**age * g for age, g in zip(ages, gradients, strict=False)) / sum(beta1**age for age in ages)
        second = sum(beta2**age * g * g for age, g in zip(ages, gradients, strict=False))
        w -= learning_rate * first / (math.sqrt(second / sum(beta2**age for age in ages)) + epsilon)
    return w


BY_NUMBERS = {
    sgd: sgd_by_numbers,
    sgd_momentum: sgd_momentum_by_numbers,
    rmsprop: rmsprop_by_numbers,
    adam: adam_by_numbers,
    adam_fast: adam_by_numbers,
}


def test_sgd_by_hand():
    next_w, config = sgd(np.array([1.0, 2.0]), np.array([10.0, -20.0]), {"learning_rate": 0.1})
    assert next_w.tolist() == [0.0, 4.0]
    assert config == {"learning_rate": 0.1}


def test_sgd_momentum_by_hand():
    config = {"learning_rate": 0.5, "momentum": 0.25, "velocity": np.array([8.0, -4.0])}
    next_w, config = sgd_momentum(np.array([1.0, 1.0]), np.array([2.0, 4.0]), config)
    assert config["velocity"].tolist() == [1.0, -3.0]
    assert next_w.tolist() == [2.0, -2.0]


def test_rmsprop_by_hand():
    config = {"learning_rate": 0.5, "decay_rate": 0.75, "epsilon": 1.0, "cache": np.array([12.0, 0.0])}
    next_w, config = rmsprop(np.array([1.0, 1.0]), np.array([0.0, 4.0]), config)
    assert config["cache"].tolist() == [9.0, 4.0]
    np.testing.assert_allclose(next_w, [1.0, 1 - 0.5 * 4 / (2 + 1)], rtol=1e-15)


def test_adam_by_hand():
    config = {"learning_rate": 0.5, "beta1": 0.5, "beta2": 0.75, "epsilon": 1.0}
    config |= {"m": np.array([4.0, 0.0]), "v": np.array([16.0, 7.0]), "t": 1}
    next_w, config = adam(np.array([1.0, 1.0]), np.array([2.0, 0.0]), config)
    assert (config["m"].tolist(), config["v"].tolist(), config["t"]) == ([3.0, 0.0], [13.0, 5.25], 2)
    # m_hat = 3 / (1 - 0.5 ** 2) = 4, v_hat = 13 / (1 - 0.75 ** 2).
    np.testing.assert_allclose(next_w, [1 - 0.5 * 4 / (math.sqrt(13 / 0.4375) + 1), 1.0], rtol=1e-15)


def test_adam_takes_its_first_step_at_t_1_along_the_sign_of_the_gradient():
    next_w, config = adam(np.zeros(3), np.array([1e-3, -5.0, 2e4]))
    np.testing.assert_allclose(next_w, [-1e-3, 1e-3, -1e-3], rtol=2e-5)
    assert config["t"] == 1


def test_defaults():
    expected = {
        sgd: {"learning_rate": 1e-2},
        sgd_momentum: {"learning_rate": 1e-2, "momentum": 0.9},
        rmsprop: {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8},
        adam: {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "t": 1},
    }
    expected[adam_fast] = expected[adam]
    for rule, numbers in expected.items():
        _, config = rule(np.zeros(2), np.ones(2))
        assert {key: value for key, value in config.items() if key not in KEPT[rule]} == numbers
        assert set(config) == {*numbers, *KEPT[rule]}


@each
@given(seeds, st.sampled_from(RULES), st.lists(sizes, max_size=3), st.integers(1, 6), layouts, st.booleans())
def test_many_steps_equal_those_of_plain_numbers_and_change_no_argument(seed, rule, shape, steps, layout, defaults):
    rng = np.random.RandomState(seed)
    start = w = np.asarray(rng.randn(*shape))
    gradients = [np.asarray(rng.randn(*shape)) for _ in range(steps)]
    if shape:
        w, gradients = in_layout(w, layout), [in_layout(gradient, layout) for gradient in gradients]
    numbers = {sgd: 1, sgd_momentum: 2, rmsprop: 2, adam: 3, adam_fast: 3}[rule]
    keys = ("learning_rate", {sgd_momentum: "momentum", rmsprop: "decay_rate"}.get(rule, "beta1"), "beta2")[:numbers]
    chosen = {} if defaults else dict(zip(keys, rng.uniform(0.1, 0.9, numbers).tolist(), strict=True))
    config = dict(chosen) if chosen else None
    for gradient in gradients:
        kept = [config[key] for key in KEPT[rule]] if config and KEPT[rule] and KEPT[rule][0] in config else []
        frozen = UnchangedArguments(w, gradient, *map(np.asarray, kept))
        w, after = rule(w, gradient, config)
        assert config is None or after is config
        config = after
        frozen.assert_unchanged()
        assert w.shape == tuple(shape)
    for index in np.ndindex(*shape):
        by_numbers = BY_NUMBERS[rule](start[index].item(), [gradient[index].item() for gradient in gradients], **chosen)
        assert np.asarray(w)[index] == pytest.approx(by_numbers, rel=1e-11, abs=1e-11)


@every_rule
def test_float32_stays_float32_whatever_numbers_the_config_holds(rule):
    w, dw = np.ones((2, 3), dtype=np.float32), np.full((2, 3), 0.5, dtype=np.float32)
    numbers = ("learning_rate", "momentum", "decay_rate", "beta1", "beta2", "epsilon")
    config = {key: np.float64(0.5) for key in numbers} | ({"t": np.int64(3)} if rule in (adam, adam_fast) else {})
    for _ in range(2):
        w, config = rule(w, dw, config)
    assert {array.dtype for array in (w, *(config[key] for key in KEPT[rule]))} == {np.dtype(np.float32)}


def test_whole_numbers_are_numbers():
    for rule in RULES:
        next_w, _ = rule(np.array([3, 4]), np.array([1, 2]))
        expected, _ = rule(np.array([3.0, 4.0]), np.array([1.0, 2.0]))
        np.testing.assert_array_equal(next_w, expected)


@every_rule
def test_an_array_of_another_shape_is_named(rule):
    with pytest.raises(ValueError) as caught:
        rule(zeros(2, 3), zeros(3))
    assert str(caught.value) == f"{rule.__name__}: dw has shape (3,), expected (2, 3). Look where dw is made."
    for key in KEPT[rule]:
        with pytest.raises(ValueError) as caught:
            rule(zeros(2, 3), zeros(2, 3), {key: zeros(1, 3)})
        name = f"config['{key}']"
        assert str(caught.value) == (
            f"{rule.__name__}: {name} has shape (1, 3), expected (2, 3). Look where {name} is made."
        )


@pytest.mark.parametrize(
    ("rule", "key", "value", "expected"),
    [
        (sgd, "learning_rate", "1e-2", "a number from 0 up"),
        (sgd, "learning_rate", -1, "a number from 0 up"),
        (sgd_momentum, "momentum", 1.5, "a number from 0 to 1"),
        (rmsprop, "decay_rate", None, "a number from 0 to 1"),
        (adam, "beta1", 1.0, "a number from 0 to below 1"),
        (adam, "t", -1, "a whole number from 0 up"),
        (adam, "t", True, "a whole number from 0 up"),
        (adam_fast, "beta2", 2, "a number from 0 to below 1"),
    ],
)
def test_an_impossible_hyperparameter_is_named(rule, key, value, expected):
    message = f"{rule.__name__}: config['{key}'] is {value!r}, expected {expected}. Look where config is made."
    with pytest.raises(ValueError, match=re.escape(message)):
        rule(np.ones(3), np.ones(3), {key: value})


@pytest.fixture(params=[*getattr(fast_layers.kernels, "INSTRUCTION_SETS", ()), "numpy"])
def implementation(request, monkeypatch):
    """Each implementation of the fast layers in turn."""
    if request.param == "numpy":
        monkeypatch.setattr(fast_layers, "kernels", numpy_kernels)
        yield
    else:
        fast_layers.kernels.use_instruction_set(request.param)
        yield
        fast_layers.kernels.use_instruction_set(fast_layers.kernels.INSTRUCTION_SETS[0])


@pytest.mark.parametrize(("dtype", "bound"), [("float64", 1e-12), ("float32", 2e-6)])
@pytest.mark.parametrize("size", [1, 37, 100_003])
def test_adam_fast_takes_the_steps_of_adam(implementation, dtype, bound, size):
    rng = np.random.RandomState(231)
    w = fast_w = rng.randn(size).astype(dtype)
    config, fast_config = {"learning_rate": 0.1}, {"learning_rate": 0.1}
    for _ in range(4):
        # Gradients of 0, small and large ones.
        dw = (rng.randn(size) * 10.0 ** rng.randint(-3, 2, size) * (rng.rand(size) > 0.1)).astype(dtype)
        frozen = UnchangedArguments(fast_w, dw)
        w, config = adam(w, dw, config)
        fast_w, fast_config = adam_fast(fast_w, dw, fast_config)
        frozen.assert_unchanged()
    for expected, actual in ((w, fast_w), (config["m"], fast_config["m"]), (config["v"], fast_config["v"])):
        assert actual.dtype == dtype
        np.testing.assert_allclose(actual, expected, rtol=bound, atol=bound)
    assert fast_config["t"] == 4
