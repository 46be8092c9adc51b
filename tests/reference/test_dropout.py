"""Dropout compared with the random numbers of NumPy's frozen streams, which are written out in the tests."""

import numpy as np
import pytest
from arrays import UnchangedArguments, each, in_layout, layouts, seeds, sizes
from hypothesis import given
from hypothesis import strategies as st

from reference.layers import dropout_backward, dropout_forward


@pytest.fixture(autouse=True)
def generator_put_back():
    before = np.random.get_state()
    yield
    np.random.set_state(before)


def test_dropout_by_hand():
    # rand from seed 0: 0.5488, 0.7152, 0.6028, 0.5449, 0.4237, 0.6459. At p = 0.4 those below 0.6 stay.
    x, dout = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), np.array([[6.0, 6.0, 6.0], [3.0, 3.0, 3.0]])
    out, (param, mask) = dropout_forward(x, given_param := {"mode": "train", "p": 0.4, "seed": 0})
    np.testing.assert_allclose(out, [[1 / 0.6, 0, 0], [4 / 0.6, 5 / 0.6, 0]], rtol=1e-15)
    np.testing.assert_allclose(mask, [[1 / 0.6, 0, 0], [1 / 0.6, 1 / 0.6, 0]], rtol=1e-15)
    assert param is given_param
    np.testing.assert_allclose(dropout_backward(dout, (param, mask)), [[10, 0, 0], [5, 5, 0]], rtol=1e-15)


@each
@given(seeds, st.lists(sizes, max_size=4), layouts, st.sampled_from([0, 0.1, 0.5, 0.75, 0.999]))
def test_dropout_keeps_the_numbers_that_rand_selects_and_its_inputs_unchanged(seed, shape, layout, p):
    rng = np.random.RandomState(1)
    x, dout = np.asarray(rng.randn(*shape)), np.asarray(rng.randn(*shape))
    if shape:
        x, dout = in_layout(x, layout), in_layout(dout, layout)
    frozen, param = UnchangedArguments(x, dout), {"mode": "train", "p": p, "seed": seed}
    out, cache = dropout_forward(x, param)
    dx = dropout_backward(dout, cache)
    kept = np.random.RandomState(seed).rand(*shape) < 1 - p
    np.testing.assert_allclose(out, np.where(kept, x / (1 - p), 0), rtol=1e-14)
    np.testing.assert_allclose(dx, np.where(kept, dout / (1 - p), 0), rtol=1e-14)
    assert out.shape == dx.shape == tuple(shape)
    frozen.assert_unchanged()
    assert param == {"mode": "train", "p": p, "seed": seed}


def test_p_is_the_probability_of_dropping_and_the_mean_stays():
    x = np.full((300, 400), 7.0)
    for p in (0.1, 0.8):
        out, _ = dropout_forward(x, {"mode": "train", "p": p, "seed": 3})
        assert np.mean(out == 0) == pytest.approx(p, abs=0.005)
        assert out.mean() == pytest.approx(7, rel=0.02)


def test_without_a_seed_the_global_generator_is_used():
    x = np.ones((5, 6))
    for param in ({"mode": "train", "p": 0.5}, {"mode": "train", "p": 0.5, "seed": None}):
        np.random.seed(8)
        first, _ = dropout_forward(x, param)
        second, _ = dropout_forward(x, param)
        np.random.seed(8)
        np.testing.assert_array_equal(first, (np.random.rand(5, 6) < 0.5) * 2.0)
        np.testing.assert_array_equal(second, (np.random.rand(5, 6) < 0.5) * 2.0)


def test_a_seed_gives_the_same_mask_each_time_and_leaves_the_global_generator():
    np.random.seed(8)
    expected = np.random.rand(3)
    np.random.seed(8)
    masks = [dropout_forward(np.ones(9), {"mode": "train", "p": 0.5, "seed": 4})[1][1] for _ in range(2)]
    np.testing.assert_array_equal(masks[0], masks[1])
    np.testing.assert_array_equal(np.random.rand(3), expected)


def test_test_mode_changes_nothing_and_draws_nothing():
    x, dout = np.array([[1.0, -2.0]]), np.array([[3.0, 4.0]])
    np.random.seed(8)
    expected = np.random.rand()
    np.random.seed(8)
    out, cache = dropout_forward(x, {"mode": "test", "p": 0.5})
    np.testing.assert_array_equal(out, x)
    np.testing.assert_array_equal(dropout_backward(dout, cache), dout)
    assert cache[1] is None
    assert np.random.rand() == expected


def test_the_mode_of_the_forward_holds_for_its_backward():
    x = np.ones((4, 5))
    param = {"mode": "train", "p": 0.5, "seed": 0}
    out, cache = dropout_forward(x, param)
    param["mode"] = "test"
    np.testing.assert_array_equal(dropout_backward(x, cache), out)
    _, cache = dropout_forward(x, param)
    param["mode"] = "train"
    np.testing.assert_array_equal(dropout_backward(x, cache), x)


def test_float32_stays_float32_whatever_number_p_is():
    x = np.ones((3, 4), dtype=np.float32)
    for p in (0.3, np.float64(0.3), np.float32(0.25), 0):
        for mode in ("train", "test"):
            out, cache = dropout_forward(x, {"mode": mode, "p": p})
            assert out.dtype == dropout_backward(x, cache).dtype == np.float32
            assert mode == "test" or cache[1].dtype == np.float32


def test_whole_numbers_are_scaled_like_others():
    out, _ = dropout_forward(np.full(100, 3), {"mode": "train", "p": 0.6, "seed": 0})
    assert set(np.round(out, 12)) == {0.0, 7.5}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"mode": "eval"}, "dropout_param['mode'] is 'eval', expected 'train' or 'test'"),
        ({"mode": None}, "dropout_param['mode'] is None, expected 'train' or 'test'"),
        ({"p": 1}, "dropout_param['p'] is 1, expected a number from 0 to below 1"),
        ({"p": -0.1}, "dropout_param['p'] is -0.1, expected a number from 0 to below 1"),
        ({"p": None}, "dropout_param['p'] is None, expected a number from 0 to below 1"),
        ({"p": float("nan")}, "dropout_param['p'] is nan, expected a number from 0 to below 1"),
        ({"p": 1.0, "mode": "test"}, "dropout_param['p'] is 1.0, expected a number from 0 to below 1"),
        ({"seed": -1}, "dropout_param['seed'] is -1, expected a whole number from 0 to below 2**32, or None"),
        ({"seed": 1.5}, "dropout_param['seed'] is 1.5, expected a whole number from 0 to below 2**32, or None"),
        (
            {"seed": 2**32},
            "dropout_param['seed'] is 4294967296, expected a whole number from 0 to below 2**32, or None",
        ),
    ],
)
def test_a_wrong_param_is_named(changed, message):
    with pytest.raises(ValueError) as caught:
        dropout_forward(np.ones(3), {"mode": "train", "p": 0.5, **changed})
    assert str(caught.value) == f"dropout_forward: {message}. Look where dropout_param is made."


def test_a_wrong_dout_is_named():
    _, cache = dropout_forward(np.ones((2, 3)), {"mode": "train", "p": 0.5})
    with pytest.raises(ValueError) as caught:
        dropout_backward(np.ones(3), cache)
    assert str(caught.value) == "dropout_backward: dout has shape (3,), expected (2, 3). Look where dout is made."
