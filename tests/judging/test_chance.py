"""Random numbers of any style pass; patterns do not; the limits are exceeded as rarely as they promise."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import pytest

from grader.calls import CallFailed
from grader.judging.chance import (
    RARE,
    bernstein_limit,
    cosine_limit,
    expect_draws,
    expect_masks,
    find_mask_pattern,
    find_pattern,
    has_fixed_share,
)
from grader.messages.say import say

SHAPES = [(5, 50), (50, 7), (30, 10), (8, 3, 7, 7), (60, 40), (7, 1), (300, 24)]


def truncated(rng, shape, limit):
    """Values beyond the limit are drawn again."""
    values = rng.standard_normal(shape)
    while np.any(beyond := np.abs(values) > limit):
        values[beyond] = rng.standard_normal(np.count_nonzero(beyond))
    return values


def one_by_one(seed, shape):
    """Each number is the first one after its own seed. Seeding a generator again gives the same as a new generator, 40
    times faster."""
    generator = np.random.RandomState(0)

    def first(of):
        generator.seed(of)
        return generator.randn()

    return np.array(
        [[first(seed * 7919 + 100 * row + column) for column in range(shape[1])] for row in range(shape[0])]
    )


STYLES = {
    "randn": lambda seed, shape: np.random.RandomState(seed).randn(*shape),
    "normal": lambda seed, shape: np.random.RandomState(seed).normal(0.0, 1.0, shape),
    "generator": lambda seed, shape: np.random.default_rng(seed).standard_normal(shape),
    "transposed": lambda seed, shape: np.random.RandomState(seed).randn(*shape[::-1]).T,
    "one_by_one": one_by_one,
    "float32": lambda seed, shape: np.random.RandomState(seed).randn(*shape).astype(np.float32),
    "float16": lambda seed, shape: np.random.RandomState(seed).randn(*shape).astype(np.float16),
    "cut_off_at_two": lambda seed, shape: truncated(np.random.default_rng(seed), shape, 2),
    "cut_off_at_three": lambda seed, shape: truncated(np.random.default_rng(seed), shape, 3),
    "sum_of_uniform": lambda seed, shape: np.random.RandomState(seed).rand(12, *shape).sum(axis=0) - 6,
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_normal_weights_pass_in_any_style(style, shape):
    for seed in range(6):
        assert find_pattern(0.01 * STYLES[style](seed, shape), 0.01) is None


def in_turns(n):
    return np.where(np.arange(n) % 2, 1.0, -1.0)


def draw(seed, *shape):
    return np.random.RandomState(seed).randn(*shape)


# These have the right standard deviation and mean, and the shape (24, 25).
PATTERNS = {
    "two_values_in_turns": lambda seed: in_turns(600),
    "random_signs": lambda seed: np.sign(draw(seed, 600)),
    "ten_values": lambda seed: np.tile(draw(seed, 10), 60),
    "signs_in_turns": lambda seed: np.abs(draw(seed, 600)) * in_turns(600),
    "sorted": lambda seed: np.sort(draw(seed, 600)),
    "sorted_downwards_in_each_column": lambda seed: -np.sort(draw(seed, 24, 25), axis=0),
    "quantiles_in_order": lambda seed: np.array([NormalDist().inv_cdf((i + 0.5) / 600) for i in range(600)]),
    "evenly_spaced": lambda seed: np.linspace(-(3**0.5), 3**0.5, 600),
    "sine": lambda seed: 2**0.5 * np.sin(1.7 * np.arange(600) + seed),
    "uniform": lambda seed: np.random.RandomState(seed).uniform(-(3**0.5), 3**0.5, 600),
    "equal_columns": lambda seed: np.repeat(draw(seed, 24, 1), 25, axis=1),
    "equal_rows": lambda seed: np.repeat(draw(seed, 1, 25), 24, axis=0),
    "two_equal_columns": lambda seed: np.concatenate([draw(seed, 24, 24), draw(seed, 24, 24)[:, :1]], axis=1),
    "multiples_of_one_column": lambda seed: np.multiply.outer(draw(seed, 24), 0.5 + np.arange(25) / 25),
    "opposite_halves": lambda seed: np.concatenate([draw(seed, 300), -draw(seed, 300)]),
    "one_huge_entry": lambda seed: np.append(draw(seed, 599), 40.0),
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_weights_with_a_pattern_are_refused(pattern):
    for seed in range(5):
        assert find_pattern(0.1 * PATTERNS[pattern](seed).reshape(24, 25), 0.1)


@pytest.mark.parametrize("axis", range(4))
def test_filters_that_are_equal_along_an_axis_are_refused(axis):
    shape = [8, 3, 7, 7]
    w = np.repeat(draw(1, *(1 if place == axis else length for place, length in enumerate(shape))), shape[axis], axis)
    assert find_pattern(w, 1.0)


def test_the_message_names_the_weights_and_not_their_values():
    with pytest.raises(CallFailed) as caught:
        expect_draws("nets.Net", {"W1": draw(0, 20, 30), "W2": np.sort(draw(1, 600)).reshape(20, 30)}, 1.0)
    assert say(caught.value.failure.reason) == (
        "Net: W2 was not drawn at random: its entries follow a pattern: each depends on the entry 1 place before it. "
        "Draw each entry independently from a normal distribution with mean 0."
    )


@pytest.mark.parametrize("other", [(30, 20), (20, 9), (24, 3, 5, 5)], ids=str)
def test_layers_drawn_after_the_same_seed_are_refused(other):
    weights = {"W1": draw(5, 20, 30), "W2": draw(6, 30, 30), "W3": draw(5, *other)}
    with pytest.raises(CallFailed) as caught:
        expect_draws("nets.Net", weights, 1.0)
    assert "W1 and W3 start with the same numbers" in say(caught.value.failure.reason)
    expect_draws("nets.Net", {**weights, "W3": draw(7, *other)}, 1.0)


def test_a_value_that_is_not_an_array_of_floats_is_skipped():
    expect_draws("nets.Net", {"W1": None, "W2": np.zeros((2, 3), int), "W3": np.zeros((0, 3)), "W4": "x"}, 1.0)


MASKS = {
    "rand": lambda seed, shape, keep: np.random.RandomState(seed).rand(*shape) < keep,
    "random_above": lambda seed, shape, keep: np.random.default_rng(seed).random(shape) >= 1 - keep,
    "binomial": lambda seed, shape, keep: np.random.RandomState(seed).binomial(1, keep, shape),
    "choice": lambda seed, shape, keep: np.random.RandomState(seed).choice([0, 1], shape, p=[1 - keep, keep]),
    "other_axes": lambda seed, shape, keep: np.less(np.random.RandomState(seed).rand(*shape[::-1]).T, keep),
}


@pytest.mark.parametrize("style", MASKS)
@pytest.mark.parametrize(("shape", "keep"), [((120, 100), 0.25), ((120, 100), 0.7), ((10, 4, 25, 20), 0.85)], ids=str)
def test_masks_pass_in_any_style(style, shape, keep):
    for start in (0, 6):
        expect_masks("layers.drop", [MASKS[style](seed, shape, keep) for seed in range(start, start + 6)], keep)


def shuffled_share(seed, n, keep):
    return np.random.RandomState(seed).permutation(n) < keep * n


WRONG_MASKS = {
    "first_share_of_a_cycle": lambda seed, n, keep: (np.arange(n) + seed) % 20 < 20 * keep,
    "the_first_share": lambda seed, n, keep: np.arange(n) < keep * n,
    "a_shuffled_tile": lambda seed, n, keep: np.tile(shuffled_share(seed, 100, keep), n // 100),
    "a_draw_for_two": lambda seed, n, keep: np.repeat(np.random.RandomState(seed).rand(n // 2) < keep, 2),
    "a_draw_for_a_row": lambda seed, n, keep: np.repeat(np.random.RandomState(seed).rand(n // 100) < keep, 100),
    "a_draw_for_a_column": lambda seed, n, keep: np.tile(np.random.RandomState(seed).rand(100) < keep, n // 100),
    "an_exact_share": shuffled_share,
    "one_mask_for_all": lambda seed, n, keep: np.random.RandomState(1).rand(n) < keep,
    "one_mask_that_is_shifted": lambda seed, n, keep: np.roll(np.random.RandomState(1).rand(n) < keep, 37 * seed),
}


@pytest.mark.parametrize("kind", WRONG_MASKS)
@pytest.mark.parametrize("keep", [0.4, 0.85])
def test_masks_with_a_pattern_are_refused(kind, keep):
    masks = [WRONG_MASKS[kind](seed, 20_000, keep) for seed in range(6)]
    with pytest.raises(CallFailed) as caught:
        expect_masks("layers.drop", masks, keep)
    assert say(caught.value.failure.reason).startswith("drop: the mask is not random: ")


def test_an_exact_share_in_few_masks_may_be_chance():
    masks = [shuffled_share(seed, 12_000, 0.7) for seed in range(6)]
    assert not has_fixed_share(masks[:3], 0.7) and has_fixed_share(masks, 0.7)


@pytest.mark.parametrize(
    ("n", "order"), [(250, 2), (250, 3), (250, 125), (1176, 2), (1176, 3), (1176, 4), (1176, 1176)]
)
def test_the_limit_of_order_is_as_rare_as_it_says(n, order):
    """Chernoff's bound, minimised numerically: the correlation is a weighted sum of squares."""
    exponent = (0.25 if order == 2 else 0.38) * n
    t = math.sqrt(1 - (RARE / (2 * n)) ** (1 / exponent))
    cosines = np.cos(2 * np.pi * np.arange(order) / order)
    best = 0.0
    for s in np.linspace(0.001, 20, 20_000):
        inside = 1 - 2 * s * (cosines - t)
        if inside.min() > 0:
            best = max(best, float(np.log(inside).mean()))
    assert 2 * math.exp(-n / 2 * best) <= 1.01 * RARE / n


@pytest.mark.parametrize(("d", "pairs"), [(5, 1225), (30, 45), (147, 28)])
def test_the_limit_of_slices_is_as_rare_as_it_says(d, pairs):
    """The area of two caps of a sphere, integrated numerically."""
    t = cosine_limit(d, pairs)
    steps = (np.arange(200_000) + 0.5) / 200_000
    cap, half = (end * np.mean(np.sin(end * steps) ** (d - 2)) for end in (math.acos(t), math.pi / 2))
    assert pairs * cap / half <= RARE


@pytest.mark.parametrize(("n", "keep"), [(12_000, 0.25), (20_000, 0.85)])
def test_the_limit_of_masks_is_far_beyond_chance(n, keep):
    """Ten standard deviations of a mean of n/2 products of variance 1; wrong masks are beyond that."""
    assert 10 / math.sqrt(n) < bernstein_limit(n, n, keep) < bernstein_limit(n // 2, n, keep) < 0.25


def test_the_limits_hold_in_thousands_of_draws():
    rng = np.random.default_rng(0)
    assert not any(find_pattern(rng.standard_normal((6, 8)), 1.0) for _ in range(4000))
    masks = [rng.random(600) < 0.3 for _ in range(500)]
    assert not any(find_mask_pattern(pair, 0.3) for pair in pairwise(masks))
