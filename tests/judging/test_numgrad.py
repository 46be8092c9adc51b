"""A gradient agrees with a forward or not; the gradients come from einsum, SciPy and formulas worked out by hand."""

import numpy as np
import pytest
from scipy.signal import correlate

from grader.judging.numgrad import COORDINATES, DIRECTIONS, gradient_agrees

CALLS = 4 * (DIRECTIONS + COORDINATES)


def agrees(forward, points, index, dout, claim, seed=0):
    return gradient_agrees(forward, points, index, dout, claim, np.random.RandomState(seed))


def affine(seed=0, N=4, D=6, M=5):
    rng = np.random.RandomState(seed)
    x, w, b, dout = rng.randn(N, D), rng.randn(D, M), rng.randn(M), rng.randn(N, M)
    claims = np.einsum("nm,dm->nd", dout, w), np.einsum("nm,nd->dm", dout, x), np.einsum("nm->m", dout)
    return (lambda x, w, b: x @ w + b), [x, w, b], dout, claims


def softmax(seed=0, N=6, C=5, scale=1.0):
    rng = np.random.RandomState(seed)
    x, y = scale * rng.randn(N, C), rng.randint(C, size=N)

    def forward(x):
        return float(-np.mean([x[n, y[n]] - np.log(np.sum(np.exp(x[n]))) for n in range(N)]))

    claim = np.array([[(np.exp(x[n, c]) / np.exp(x[n]).sum() - (c == y[n])) / N for c in range(C)] for n in range(N)])
    return forward, [x], 1.0, (claim,)


def conv(seed=0, N=2, C=3, F=2):
    rng = np.random.RandomState(seed)
    x, w, dout = rng.randn(N, C, 5, 6), rng.randn(F, C, 3, 3), rng.randn(N, F, 3, 4)

    def forward(x, w):
        return np.array([[correlate(image, kernel, mode="valid")[0] for kernel in w] for image in x])

    dx = np.zeros_like(x)
    for n in range(N):
        for f in range(F):
            for c in range(C):
                dx[n, c] += np.array(correlate(np.pad(dout[n, f], 2), w[f, c, ::-1, ::-1], mode="valid"))
    dw = np.array(
        [[sum(correlate(x[n, c], dout[n, f], mode="valid") for n in range(N)) for c in range(C)] for f in range(F)]
    )
    return forward, [x, w], dout, (dx, dw)


def tanh_net(seed=0):
    rng = np.random.RandomState(seed)
    x, w1, w2, dout = rng.randn(5, 4), rng.randn(4, 7), rng.randn(7, 3), rng.randn(5, 3)
    hidden = np.tanh(x @ w1)
    dhidden = (dout @ w2.T) * (1 - hidden**2)
    return (
        lambda x, w1, w2: np.tanh(x @ w1) @ w2,
        [x, w1, w2],
        dout,
        (dhidden @ w1.T, x.T @ dhidden, hidden.T @ dout),
    )


CASES = pytest.mark.parametrize("case", [affine, softmax, conv, tanh_net], ids=lambda case: case.__name__)


@CASES
def test_exact_gradients_agree_for_every_seed(case):
    for seed in range(10):
        forward, points, dout, claims = case(seed)
        for index, claim in enumerate(claims):
            assert agrees(forward, points, index, dout, claim, seed)


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_exact_gradients_agree_at_points_of_any_size(scale):
    forward, points, dout, _ = affine()
    points = [scale * point for point in points]
    assert agrees(forward, points, 0, dout, dout @ points[1].T)
    assert agrees(forward, points, 1, dout, points[0].T @ dout)


@pytest.mark.parametrize("scale", [1e-8, 1e-3, 1e3, 1e8])
def test_steps_are_proportional_to_the_size_of_the_point(scale):
    x = scale * np.random.RandomState(0).randn(5, 5)
    assert agrees(lambda x: np.sin(x / scale), [x], 0, np.ones((5, 5)), np.cos(x / scale) / scale)


def test_the_gradient_of_a_loss_of_small_scores_agrees():
    forward, points, dout, (claim,) = softmax(scale=1e-3)
    assert agrees(forward, points, 0, dout, claim)


@CASES
@pytest.mark.parametrize("wrong", [lambda g: 2 * g, lambda g: -g, np.zeros_like, lambda g: g + 1e-3 * np.abs(g).max()])
def test_a_gradient_that_is_wrong_everywhere_is_always_refused(case, wrong):
    for seed in range(20):
        forward, points, dout, claims = case(seed % 3)
        for index, claim in enumerate(claims):
            assert not agrees(forward, points, index, dout, wrong(claim), seed)


@CASES
def test_one_wrong_entry_of_a_small_array_is_refused_nearly_always(case):
    """Off by 1/1000 of the largest entry in one entry: five normal directions find it with 1 - (0.01 sqrt n)^5."""
    refused = asked = 0
    for seed in range(60):
        forward, points, dout, claims = case(seed % 3)
        for index, claim in enumerate(claims):
            wrong = claim.copy()
            wrong.flat[seed % claim.size] += 1e-3 * np.abs(claim).max()
            refused += not agrees(forward, points, index, dout, wrong, seed)
            asked += 1
    assert refused >= 0.99 * asked, f"{refused} of {asked}"


def test_one_wrong_entry_of_two_thousand_is_refused_by_several_directions_together():
    factors = np.random.RandomState(0).randn(2000)
    for seed in range(60):
        wrong = factors.copy()
        wrong[seed] += 1e-3 * np.abs(factors).max()
        assert not agrees(lambda x: factors * x, [np.ones(2000)], 0, np.ones(2000), wrong, seed)


def test_one_wrong_entry_among_ten_thousand_is_refused_if_it_is_as_large_as_the_largest():
    rng = np.random.RandomState(0)
    x, factors = rng.randn(100, 100), rng.randn(100, 100)
    wrong = factors.copy()
    wrong[17, 3] += np.abs(factors).max()
    assert agrees(lambda x: factors * x, [x], 0, np.ones((100, 100)), factors)
    for seed in range(50):
        assert not agrees(lambda x: factors * x, [x], 0, np.ones((100, 100)), wrong, seed)


@pytest.mark.parametrize("huge", [1e150, 1e160, 1e200, 1e308])
@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")
def test_a_claim_of_huge_numbers_is_refused(huge):
    forward, points, dout, claims = affine()
    assert not agrees(forward, points, 0, dout, np.full_like(claims[0], huge))
    spiked = claims[0].copy()
    spiked[0, 0] = huge
    assert not agrees(forward, points, 0, dout, spiked)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")
def test_a_forward_of_huge_numbers_earns_nothing_for_any_claim():
    _, points, dout, claims = affine()
    for factor in (1e300, 1e307):
        assert not agrees(lambda x, w, b, k=factor: k * (x @ w), points, 0, 10 * dout, claims[0])


def test_claims_of_wrong_shape_not_finite_or_empty_are_refused():
    forward, points, dout, (dx, _, _) = affine()
    assert not agrees(forward, points, 0, dout, dx.T)
    assert not agrees(forward, points, 0, dout, dx.ravel())
    assert not agrees(forward, points, 0, dout, np.where(np.arange(6) == 2, np.nan, dx))
    assert not agrees(forward, points, 0, dout, np.where(np.arange(6) == 2, np.inf, dx))
    assert not agrees(forward, [np.zeros((0, 6)), *points[1:]], 0, np.zeros((0, 5)), np.zeros((0, 6)))


@pytest.mark.parametrize(
    "value",
    [None, [1.0], "text", (np.zeros((4, 5)),), np.zeros((4, 4)), np.zeros(20), np.full((4, 5), np.nan), 1.0, 10**400,
     np.zeros((4, 5), dtype=complex), np.array([[None] * 5] * 4)],
    ids=lambda value: type(value).__name__ + str(np.shape(value) if not isinstance(value, int) else ""),
)  # fmt: skip
def test_a_forward_that_returns_no_numbers_is_refused_and_raises_nothing(value):
    _, points, dout, claims = affine()
    assert not agrees(lambda *_: value, points, 0, dout, np.zeros_like(claims[0]))


def test_a_forward_full_of_kinks_is_refused_even_with_its_formal_gradient():
    x = np.random.RandomState(0).randn(8, 8)
    steps = np.sign(np.random.RandomState(1).randn(8, 8))
    comb = lambda x: np.abs(np.sin(1e6 * x)) * steps  # noqa: E731
    assert not agrees(comb, [x], 0, np.ones((8, 8)), 1e6 * np.cos(1e6 * x) * np.sign(np.sin(1e6 * x)) * steps)


def test_directions_that_cross_a_kink_are_left_out_and_the_rest_decides():
    x, dout = np.random.RandomState(0).randn(30, 30), np.random.RandomState(1).randn(30, 30)
    x[np.abs(x) < 0.01] = 1.0
    x.flat[7] = 2e-6  # every direction over the whole array crosses zero here, differently for each step size
    right = np.where(x > 0, dout, 0)
    assert agrees(lambda x: np.where(x > 0, x, 0), [x], 0, dout, right)
    assert not agrees(lambda x: np.where(x > 0, x, 0), [x], 0, dout, right + 0.01)


def test_a_forward_in_float32_is_refused():
    forward, points, dout, claims = affine()
    single = lambda *args: forward(*(a.astype(np.float32) for a in args))  # noqa: E731
    assert not agrees(single, points, 0, dout, claims[0])


@pytest.mark.parametrize("size", [1, 10, 1000, 100_000])
def test_calls_of_the_forward_do_not_grow_with_the_array(size):
    calls = []

    def forward(x):
        calls.append(1)
        return 3 * x

    x = np.random.RandomState(0).randn(size)
    assert agrees(forward, [x], 0, np.ones(size), np.full(size, 3.0))
    assert len(calls) <= CALLS


def test_neither_points_nor_claim_are_changed():
    forward, points, dout, claims = affine()
    before = [array.copy() for array in (*points, claims[0])]
    agrees(forward, points, 0, dout, claims[0])
    assert all(np.array_equal(a, b) for a, b in zip(before, (*points, claims[0]), strict=True))


def test_a_zero_gradient_of_a_constant_agrees_and_any_other_does_not():
    x = np.ones((3, 3))
    assert agrees(lambda x: np.zeros(2), [x], 0, np.ones(2), np.zeros((3, 3)))
    assert not agrees(lambda x: np.zeros(2), [x], 0, np.ones(2), np.full((3, 3), 1e-12))


def test_dout_weights_the_outputs():
    x = np.random.RandomState(0).randn(4)
    dout = np.array([1.0, -2.0, 0.5, 3.0])
    assert agrees(np.sin, [x], 0, dout, dout * np.cos(x))
    assert not agrees(np.sin, [x], 0, np.ones(4), dout * np.cos(x))
