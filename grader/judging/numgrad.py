"""Numerical gradients: decide whether a backward is right for a forward, and which inputs reach which outputs.

The gradients are centred differences in float64 along random directions and single coordinates, at two step sizes. One
pair of calls along a direction tests a whole array: if the claim is wrong by e, a random normal direction v measures
|<e, v>|, which is below |e| / 1000 once in a thousand times, and practically never for all five directions. So the
cost does not grow with the array. If the slopes at the two step sizes differ, the direction crosses a kink (or the
forward computes in float32), and is ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.random import RandomState

from grader.judging.compare import largest_entry

DIRECTIONS: Final = 5
COORDINATES: Final = 6
STEPS: Final = (1e-4, 1e-5)  # relative to the point's size; truncation error about 1e-8, rounding error 1e-11
AGREE: Final = 1e-5  # relative; much larger than both errors, and smaller than the effect of any mistake
KINK: Final = 1e-4
REACH_SAMPLES: Final = 24
REACH_STEP: Final = 1e-3
REACH_FLOOR: Final = 1e-13  # relative; outputs that a coordinate does not reach do not change at all
PAIRS: Final = 8
MIXED_STEP: Final = 1e-2
MIXED_FLOOR: Final = 1e-10  # relative; if inputs interact, two such steps change an output by about 1e-4
INTERACTION_STEP: Final = 2.0  # above the margin of a hinge loss, since scores interact only beyond it

Function = Callable[..., Any]
Points = Sequence[np.ndarray]
# Called with a function that makes the next calls, so that a session can send all of them in one message.
Prefetch = Callable[[Callable[[], Any]], None]
Answers = Callable[[Sequence[Points]], Iterator[np.ndarray | None]]


def no_prefetch(work: Callable[[], Any]) -> None:
    """Do nothing: each call is made when its value is needed."""


def gradient_agrees(
    forward: Function,
    points: Points,
    index: int,
    dout: Any,
    claim: np.ndarray,
    rng: RandomState,
    prefetch: Prefetch = no_prefetch,
) -> bool:
    """Whether `claim` is the gradient of sum(forward(*points) * dout) with respect to points[index].

    Calls forward at most 4 * (DIRECTIONS + COORDINATES) times. Also returns False if this cannot be decided: if forward
    returns values that are not finite or not in dout's shape, or if at least half of the directions cross a kink.
    """
    point = np.asarray(points[index], dtype=np.float64)
    claim = np.asarray(claim, dtype=np.float64)
    if claim.shape != point.shape or not np.isfinite(claim).all() or point.size == 0:
        return False
    size = float(np.linalg.norm(claim)) / np.sqrt(claim.size)
    if not np.isfinite(size):
        return False
    decided = 0
    directions, weights = sample_directions(point, rng), np.asarray(dout, dtype=np.float64)
    steps = [step * scale_of(point) for step in STEPS]

    def evaluations() -> Iterator[np.ndarray | None]:
        for some in (directions[:1], directions[1:]):  # the first direction alone refutes most wrong claims
            moves = [sign * step * direction for direction in some for step in steps for sign in (1.0, -1.0)]
            yield from evaluate_all(forward, [replaced(points, index, point + move) for move in moves], prefetch)

    values = evaluations()
    for direction in directions:
        slopes = [slope(next(values), next(values), weights, step) for step in steps]
        if slopes[0] is None or slopes[1] is None:
            return False
        expected = float(np.sum(claim * direction))
        unit = max(abs(expected), abs(slopes[1]), size * float(np.linalg.norm(direction)))
        if not np.isfinite([expected, slopes[0], slopes[1]]).all():
            return False
        if abs(slopes[0] - slopes[1]) > KINK * unit:
            continue
        decided += 1
        if abs(slopes[1] - expected) > AGREE * unit:
            return False
    return 2 * decided > len(directions)


def reach(
    forward: Function, points: Points, index: int, rng: RandomState, prefetch: Prefetch = no_prefetch
) -> np.ndarray | None:
    """Return which outputs a few sampled coordinates of points[index] reach, as bools: one row for each coordinate.

    Further rows show which outputs depend on points[index] and the first point together, which distinguishes their
    product from their sum. If the output is one number, they show whether a coordinate interacts with its neighbour
    along the last axis, which distinguishes a loss from a sum. The same seed samples the same coordinates. Return None
    if an output is not finite.
    """
    point = np.asarray(points[index], dtype=np.float64)
    base = evaluate(forward, points)
    if base is None or point.size == 0:
        return None
    answers = partial(evaluate_all, forward, prefetch=prefetch)
    step = REACH_STEP * scale_of(point)
    chosen = rng.permutation(point.size)[: COORDINATES if base.size > 1 else REACH_SAMPLES]
    floor = REACH_FLOOR * largest_entry(base)
    rows = []
    for moved in answers([replaced(points, index, bumped(point, [coordinate], step)) for coordinate in chosen]):
        if moved is None or moved.shape != base.shape:
            return None
        rows.append(np.abs(moved - base).ravel() > floor)
    if base.size > 1:
        return np.concatenate([np.array(rows), mixed(answers, points, index, base, rng)])
    return np.concatenate([np.array(rows), interactions(answers, points, index, point, chosen)])


def mixed(answers: Answers, points: Points, index: int, base: np.ndarray, rng: RandomState) -> np.ndarray:
    """Return where the mixed second difference of points[0] and points[index] is not zero, for PAIRS samples."""
    rows = np.zeros((0, base.size), dtype=bool)
    if index == 0 or points[0].size == 0:
        return rows
    first, second = points[0], points[index]
    places = []
    for _ in range(PAIRS):
        one, other = (bumped(p, [rng.randint(p.size)], MIXED_STEP * scale_of(p)) for p in (first, second))
        for pair in ((one, other), (one, second), (first, other)):
            places.append([pair[0], *points[1:index], pair[1], *points[index + 1 :]])
    values = answers(places)
    for corners in zip(values, values, values, strict=True):
        finite = [corner for corner in corners if corner is not None and corner.shape == base.shape]
        if len(finite) < len(corners):
            return rows
        both, one_only, other_only = finite
        difference = np.abs(both - one_only - other_only + base).ravel()
        rows = np.vstack([rows, difference > MIXED_FLOOR * largest_entry(base)])
    return rows


def depends_on_given(forward: Function, points: Points, given: Sequence[tuple[Any, Any]]) -> np.ndarray | None:
    """Return whether the other value of each given argument changes forward's result; None if one is not finite."""
    values = [value for value, _ in given]
    base = evaluate(forward, [*points, *values])
    answers = []
    for position, (_, other) in enumerate(given):
        changed = evaluate(forward, [*points, *values[:position], other, *values[position + 1 :]])
        if base is None or changed is None or changed.shape != base.shape:
            return None
        answers.append([bool(np.any(changed != base))])
    return np.array(answers, dtype=bool).reshape(-1, 1)


def interactions(answers: Answers, points: Points, index: int, point: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return whether each sample's mixed second difference with its neighbour is not 0; [] if one is not finite."""
    step = INTERACTION_STEP * max(1.0, float(np.std(point)))
    length = point.shape[-1] if point.ndim else 1
    rows, places = [], []
    for coordinate in chosen:
        neighbour = coordinate - coordinate % length + (coordinate + 1) % length
        for place in ([coordinate, neighbour], [coordinate], [neighbour], []):
            places.append(replaced(points, index, bumped(point, place, step)))
    values = answers(places)
    for corners in zip(values, values, values, values, strict=True):
        if any(corner is None for corner in corners):
            return np.zeros((0, 1), dtype=bool)
        both, one, other, none = (float(corner.ravel()[0]) for corner in corners if corner is not None)
        rows.append([abs(both - one - other + none) > 1e-9 * max(1.0, abs(none))])
    return np.array(rows, dtype=bool)


def sample_directions(point: np.ndarray, rng: RandomState) -> list[np.ndarray]:
    """Return random normal directions over the whole array, then unit vectors along some of its coordinates."""
    normal = [np.asarray(rng.randn(*point.shape)) for _ in range(DIRECTIONS)]
    origin = np.zeros(point.shape)
    return normal + [bumped(origin, [coordinate], 1.0) for coordinate in rng.permutation(point.size)[:COORDINATES]]


def slope(above: np.ndarray | None, below: np.ndarray | None, weights: np.ndarray, step: float) -> float | None:
    """Return the centred difference of sum(forward * dout), or None if forward returned another shape than dout's."""
    if above is None or below is None or not above.shape == below.shape == weights.shape:
        return None
    return (float(np.sum(above * weights)) - float(np.sum(below * weights))) / (2 * step)


def replaced(points: Points, index: int, point: np.ndarray) -> list[np.ndarray]:
    return [*points[:index], point, *points[index + 1 :]]


def bumped(point: np.ndarray, coordinates: Sequence[int], step: float) -> np.ndarray:
    moved = point.copy()
    moved.flat[list(coordinates)] += step
    return moved


def evaluate_all(forward: Function, places: Sequence[Points], prefetch: Prefetch) -> Iterator[np.ndarray | None]:
    prefetch(lambda: [forward(*points) for points in places])
    return (evaluate(forward, points) for points in places)


def evaluate(forward: Function, points: Points) -> np.ndarray | None:
    value = forward(*points)
    if not isinstance(value, np.ndarray | np.generic | int | float) or np.asarray(value).dtype.kind not in "fiub":
        return None
    array = np.asarray(value).astype(np.float64)
    return array if np.isfinite(array).all() else None


def scale_of(point: np.ndarray) -> float:
    return float(np.sqrt(np.mean(point * point))) or 1.0
