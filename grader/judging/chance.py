"""Decides whether numbers are random: weights from a normal distribution, masks that keep each entry independently.

A check cannot know which numbers a student drew, but it can find patterns that chance practically never produces. For
each test below, independent draws of any generator fail with a probability of at most RARE. This follows from proven
bounds, not from estimates, so right code loses marks in at most one of a hundred million runs.

Weights (`find_pattern`), v = w / scale, n entries:
    repeats     fewer than half of the entries are different. Random draws with float32's precision are rarely equal.
    order       the circular correlation r of v with itself, shifted by k places. P(|r| > t) is at most
                2 (1 - t²)^(0.38 n), and 2 (1 - t²)^(n/4) at k = n/2 (Chernoff's bound on a quadratic form)
    slices      two rows, columns or filters of d entries are multiples of each other. P(|cos| > t) is at most
                (1 - t²)^((d-1)/2), the area of two caps of a sphere
    extremes    all |v| are below m <= 1.9, which has a probability of at most (2 Phi(m) - 1)^n; or one is above M, at
                most n (2 - 2 Phi(M))
    shape       the share of entries below some value differs from Phi by e: at most 2 exp(-2 n e²) (Dvoretzky, Kiefer,
                Wolfowitz)

A uniform distribution with the same standard deviation has no entries above 1.73 and fails "extremes". A normal
distribution that is cut off at two or three standard deviations passes, because hidden units differ as they should,
and libraries draw this way. A constructor that seeds its own generator also passes, because each array of weights is
normal.

Masks (`find_mask_pattern`), v = (mask - q) / sqrt(q (1 - q)):
    order       the correlation of v with itself or with another mask, shifted by k places. The products for one k are
                two sets of independent numbers of variance 1, each at most B = max(q, 1 - q) / min(q, 1 - q):
                Bernstein's bound
    share       the number of kept entries has the variance n q (1 - q). The probability that it is within 1 of n q in
                each of several masks is at most the product of 3 / sqrt(2 pi n q (1 - q)), and 1 % more

Pure. Arrays may have any shape and any finite content. Only `expect_…` raise: CallFailed, with a message to the
student.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import combinations, pairwise
from statistics import NormalDist
from typing import Any, Final

import numpy as np

from grader.calls import CallFailed, Failure
from grader.messages.of_check import placed
from grader.records import FAILED, Reason

RARE: Final = 1e-9
MOST_EXTREME: Final = 1.9  # in standard deviations: an array with a larger entry is never too narrow
MOST_SLICES: Final = 1000  # the slices of a longer axis are not compared
NORMAL: Final = NormalDist()


def expect_draws(function: str, weights: Mapping[str, Any], scale: float) -> None:
    """Raise CallFailed if an array of these initial weights is not random, or if two arrays contain the same draws.

    weights: by name, with the right standard deviation and mean. Values that are not arrays of floats are ignored
    here, because other comparisons find them.
    """
    arrays = {name: w for name, w in weights.items() if isinstance(w, np.ndarray) and w.dtype.kind == "f" and w.size}
    for name, w in arrays.items():
        if pattern := find_pattern(w, scale):
            raise refusal(function, Reason.of("not_drawn", name=name, pattern=pattern))
    for first, second in combinations(arrays, 2):
        if begin_alike(arrays[first].ravel(), arrays[second].ravel()):
            raise refusal(function, Reason.of("drawn_alike", first=first, second=second))


def expect_masks(function: str, masks: Sequence[np.ndarray], keep: float) -> None:
    """End the check with status failed unless these masks keep each entry independently and at random.

    function: id of the function that made the masks. masks: arrays of bool in the same shape, drawn with different
    seeds; True means that an entry is kept. keep: the expected share of kept entries, between 0 and 1.

    A right function fails each of the tests with a probability of at most 1e-9.

        expect_masks("layers.dropout_forward", [out != 0], 1 - p)
    """
    if pattern := find_mask_pattern(masks, keep):
        raise refusal(function, Reason.of("not_masked_by_chance", pattern=pattern))


def refusal(function: str, reason: Reason) -> CallFailed:
    return CallFailed(Failure(FAILED, function, placed(function, reason)))


def find_pattern(w: np.ndarray, scale: float) -> Reason | None:
    """Return why w is not random with mean 0, standard deviation `scale` and a normal distribution, or None."""
    values = np.asarray(w, dtype=np.float64) / scale
    flat = values.ravel()
    n = flat.size
    if n < 2 or not np.isfinite(flat).all():
        return None
    distinct = np.unique(flat).size
    if w.dtype.itemsize >= 4 and distinct < n / 2:
        return Reason.of("few_values", entries=n, different=distinct)
    if lag := find_lag(flat):
        return Reason.of("follows_at", lag=lag)
    for axis, length in enumerate(values.shape):
        if 2 <= length <= MOST_SLICES and are_multiples(np.moveaxis(values, axis, 0).reshape(length, -1)):
            return Reason.of("multiples", axis=axis)
    largest = float(np.max(np.abs(flat)))
    least = min(MOST_EXTREME, NORMAL.inv_cdf((1 + RARE ** (1 / n)) / 2))
    if not least <= largest <= -NORMAL.inv_cdf(RARE / (2 * n)):
        return Reason.of("extreme", largest=largest)
    return None if is_normal(flat) else Reason.of("not_normal")


def find_lag(flat: np.ndarray) -> int:
    """Return the first k such that entries k places apart correlate more than chance allows, or 0."""
    n = flat.size
    power = np.abs(np.fft.rfft(flat)) ** 2
    correlations = np.fft.irfft(power, n) / (flat @ flat)
    lags = np.arange(1, n // 2 + 1)
    exponents = np.where(2 * lags == n, 0.25, 0.38) * n
    limits = np.sqrt(1 - (RARE / (2 * n)) ** (1 / exponents))
    found = lags[np.abs(correlations[lags]) > limits]
    return int(found[0]) if found.size else 0


def are_multiples(rows: np.ndarray) -> bool:
    """Whether two rows point in the same or opposite direction more closely than chance allows."""
    count, d = rows.shape
    if d < 3:
        return False
    directions = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    cosines = directions @ directions.T
    np.fill_diagonal(cosines, 0)  # a row with itself
    return bool(max(np.max(cosines), -np.min(cosines)) > cosine_limit(d, count * (count - 1) // 2))


def begin_alike(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays begin with the same numbers up to a factor, because of the same seed or a copy."""
    d = min(a.size, b.size)
    a, b = a[:d].astype(np.float64), b[:d].astype(np.float64)
    return d >= 3 and bool(abs(a @ b) > cosine_limit(d, 1) * np.linalg.norm(a) * np.linalg.norm(b))


def cosine_limit(d: int, pairs: int) -> float:
    """Return the limit for the largest cosine among this many pairs of independent vectors of length d."""
    return math.sqrt(1 - (RARE / pairs) ** (2 / (d - 1)))


def is_normal(flat: np.ndarray) -> bool:
    """Whether the share of entries below each value is as close to a standard normal distribution as chance allows."""
    least, most = normal_limits(flat.size)
    ordered = np.sort(flat)
    return bool(np.all(ordered >= least) and np.all(ordered <= most))


@cache
def normal_limits(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the smallest and the largest value that chance allows for each of n sorted values: the normal quantiles
    at i/n minus the bound and at (i-1)/n plus the bound, for i = 1 … n (bound of Dvoretzky, Kiefer and Wolfowitz, with
    Massart's constant)."""
    bound = math.sqrt(math.log(2 / RARE) / (2 * n))
    least = [NORMAL.inv_cdf(share) if (share := i / n - bound) > 0 else -math.inf for i in range(1, n + 1)]
    most = [NORMAL.inv_cdf(share) if (share := i / n + bound) < 1 else math.inf for i in range(n)]
    return np.array(least), np.array(most)


def find_mask_pattern(masks: Sequence[np.ndarray], keep: float) -> Reason | None:
    """Return why the masks are not random, or None: entries depend on others in the same or the previous mask, or the
    number of kept entries is fixed."""
    for mask in masks:
        if lag := first_beyond(mask, mask, keep, 1):
            return Reason.of("mask_follows_at", lag=lag)
    for one, other in pairwise(masks):
        if (lag := first_beyond(one, other, keep, 0)) is not None:
            return Reason.of("mask_comes_again", lag=lag)
    return Reason.of("same_number_kept") if has_fixed_share(masks, keep) else None


def has_fixed_share(masks: Sequence[np.ndarray], keep: float) -> bool:
    """Whether all masks keep exactly the expected share, and chance practically never does this for so many masks."""
    chances = [min(1.0, 3.03 / math.sqrt(2 * math.pi * mask.size * keep * (1 - keep))) for mask in masks]
    exact = all(abs(float(mask.sum()) - mask.size * keep) <= 1 for mask in masks)
    return exact and math.prod(chances) <= RARE


def first_beyond(first: np.ndarray, second: np.ndarray, keep: float, start: int) -> int | None:
    """Return the first shift, from `start` to half of the length, at which two masks correlate beyond chance."""
    v, u = ((mask.ravel().astype(np.float64) - keep) / math.sqrt(keep * (1 - keep)) for mask in (first, second))
    n = v.size
    spectrum = np.fft.rfft(v, 2 * n).conj() * np.fft.rfft(u, 2 * n)
    lags = np.arange(start, n // 2 + 1)
    sizes = n - lags  # the number of products in each sum
    correlations = np.fft.irfft(spectrum, 2 * n)[lags] / sizes
    found = lags[np.abs(correlations) > bernstein_limit(sizes, n, keep)]
    return int(found[0]) if found.size else None


def bernstein_limit(sizes: np.ndarray, n: int, keep: float) -> np.ndarray:
    """Return for each size the limit t that the mean of `size` products (two sets of independent products) exceeds
    with a probability of at most RARE / n. The function solves 4 exp(-size t² / 8 / (1 + B t / 6)) = RARE / n for t."""
    bound = max(keep, 1 - keep) / min(keep, 1 - keep)
    exponent = 8 * math.log(4 * n / RARE) / sizes
    half = exponent * bound / 12
    return half + np.sqrt(half * half + exponent)
