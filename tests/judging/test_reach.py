"""Which inputs reach which outputs: it distinguishes a wrong layer from something that is not this layer."""

import numpy as np
import pytest

from grader.judging.numgrad import reach

RNG = np.random.RandomState(9)
IMAGES, FILTERS = RNG.randn(2, 2, 5, 6), RNG.randn(3, 2, 3, 3)
SCORES, LABELS = RNG.randn(8, 5), RNG.randint(5, size=8)


def pattern(forward, *points, index=0, seed=3):
    return reach(forward, [np.asarray(p, dtype=float) for p in points], index, np.random.RandomState(seed))


def same(a, b):
    return np.array_equal(a, b)


def conv(x, w, shift=0, flip=False):
    """Valid convolution by loops; shift: where the windows start instead."""
    out = np.zeros((x.shape[0], w.shape[0], x.shape[2] - 2, x.shape[3] - 2))
    w = w[:, :, ::-1, ::-1] if flip else w
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            window = np.take(np.take(x, range(i + shift, i + shift + 3), 2, mode="wrap"), range(j, j + 3), 3)
            out[:, :, i, j] = np.einsum("ncij,fcij->nf", window, w)
    return out


def softmax(x, y=LABELS, mean=True):
    rows = [np.log(np.exp(x[n]).sum()) - x[n, y[n]] for n in range(len(x))]
    return float(np.sum(rows)) / (len(x) if mean else 1)


def hinge(x, y=LABELS):
    return sum(max(0.0, x[n, c] - x[n, y[n]] + 1) for n in range(len(x)) for c in range(x.shape[1]) if c != y[n])


@pytest.mark.parametrize("index", [0, 1])
def test_a_convolution_differs_from_functions_with_only_its_shape(index):
    right = pattern(conv, IMAGES, FILTERS, index=index)
    shape = conv(IMAGES, FILTERS).shape
    assert not same(right, pattern(lambda x, w: np.zeros(shape), IMAGES, FILTERS, index=index))
    assert not same(right, pattern(lambda x, w: np.full(shape, x.sum() * w.sum()), IMAGES, FILTERS, index=index))


def test_a_convolution_differs_from_one_with_shifted_windows():
    right = pattern(conv, IMAGES, FILTERS)
    assert not same(right, pattern(lambda x, w: conv(x, w, shift=1), IMAGES, FILTERS))
    assert not same(right, pattern(lambda x, w: np.roll(conv(x, w), 1, axis=3), IMAGES, FILTERS))


def test_a_convolution_with_wrong_numbers_has_the_same_reach():
    right = pattern(conv, IMAGES, FILTERS)
    assert same(right, pattern(lambda x, w: conv(x, w, flip=True), IMAGES, FILTERS))
    assert same(right, pattern(lambda x, w: 2 * conv(x, w) + 1, IMAGES, FILTERS))


def test_the_rows_are_what_a_count_by_hand_gives():
    x = np.array([1.0, 2.0, 3.0])
    rows = pattern(lambda x: np.array([x[0], x[0] + x[1], 7.0]), x)
    assert rows.dtype == bool
    assert sorted(map(tuple, rows.tolist())) == [(False, False, False), (False, True, False), (True, True, False)]


@pytest.mark.parametrize("seed", range(12))
def test_softmax_differs_from_a_sum_a_linear_form_and_a_constant(seed):
    right = pattern(softmax, SCORES, seed=seed)
    weights = np.random.RandomState(seed).randn(*SCORES.shape)
    assert not same(right, pattern(lambda x: 2.3, SCORES, seed=seed))
    assert not same(right, pattern(lambda x: float(x[0, 0]), SCORES, seed=seed))
    assert not same(right, pattern(lambda x: float(x.sum()), SCORES, seed=seed))
    assert not same(right, pattern(lambda x: float((weights * x).sum()), SCORES, seed=seed))


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("scale", [0.001, 1.0, 3.0])
def test_the_hinge_loss_differs_from_a_sum_and_a_linear_form(seed, scale):
    right = pattern(hinge, scale * SCORES, seed=seed)
    weights = np.random.RandomState(seed).randn(*SCORES.shape)
    assert not same(right, pattern(lambda x: float(x.sum()), scale * SCORES, seed=seed))
    assert not same(right, pattern(lambda x: float((weights * x).sum()), scale * SCORES, seed=seed))


@pytest.mark.parametrize("seed", range(12))
def test_a_loss_wrong_by_a_factor_a_sign_or_an_offset_has_the_same_reach(seed):
    right = pattern(softmax, SCORES, seed=seed)
    for wrong in (lambda x: softmax(x, mean=False), lambda x: -softmax(x), lambda x: softmax(x) + 1):
        assert same(right, pattern(wrong, SCORES, seed=seed))


def test_the_same_seed_gives_the_same_samples():
    def asked(seed):
        moved = []
        pattern(lambda x, w: moved.append(x.copy()) or conv(x, w), IMAGES, FILTERS, seed=seed)
        return moved

    assert all(same(a, b) for a, b in zip(asked(3), asked(3), strict=True))
    assert not all(same(a, b) for a, b in zip(asked(3), asked(4), strict=True))


@pytest.mark.parametrize("value", [None, np.nan, np.full(3, np.inf), "no", [1.0]])
def test_a_forward_without_finite_numbers_has_no_reach(value):
    assert pattern(lambda x: value, IMAGES) is None


def test_a_forward_whose_shape_changes_with_a_value_has_no_reach():
    shapes = iter(range(1, 99))
    assert pattern(lambda x: np.zeros(next(shapes) + 1), IMAGES) is None


def test_calls_do_not_grow_with_the_array():
    counts = []
    for size in (30, 100_000):
        calls = []
        pattern(lambda x, calls=calls: calls.append(1) or float(x.sum()), RNG.randn(size))
        counts.append(len(calls))
    assert counts[0] == counts[1] <= 200
