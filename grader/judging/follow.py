"""Follow-through: decides whether a wrong gradient is right for the student's own wrong forward, which it calls.

The forward is untrusted: it may count its calls, or recognise a small step and return values that make a gradient look
right. So the forward must be wrong (a right forward has only one gradient), and its inputs must reach the same outputs
as in the reference. Then the check is rerun with secret random inputs, and its claims must also agree at those inputs.
Some of the forward's values are computed again in fresh processes, which know nothing of earlier calls
(grading/follow_through.py).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.random import RandomState

from grader.definitions import Gradients
from grader.judging.compare import relative_error
from grader.judging.numgrad import Prefetch, depends_on_given, evaluate, gradient_agrees, no_prefetch, reach
from grader.judging.placeholder import Placeholder
from grader.records import Check

# How many values are computed again. A slope is the difference of two values, so one false value makes a slope false.
# A forward that fakes a gradient may fake one of the two slopes in up to half of the directions, which then look like
# kinks, and must fake both slopes in the others. So at most a quarter of the slopes is true, and PAIRS random slopes
# are all true at most once in 64 times. A forward that fakes which inputs reach which outputs needs at least one false
# value in six: REACHING values are all true once in 80 times.
PAIRS: Final = 3
REACHING: Final = 24
SAME: Final = 1e-10  # relative; an honest function returns exactly the same value again


@dataclass(frozen=True)
class RecordedValue:
    """A call of the forward and its value, recorded during the numerical gradient."""

    arguments: tuple[Any, ...]
    value: np.ndarray


def agreeing_claims(
    gradients: Gradients,
    wrong: Mapping[str, np.ndarray],
    check: Check,
    forward: np.ndarray,
    prefetch: Prefetch = no_prefetch,
) -> frozenset[str]:
    """Return which of the wrong claims are gradients of the student's own forward; none if this forward is right here.

    A claim of only zeros never counts, because an unwritten backward returns zeros too, and because zeros are right
    for a forward that ignores an argument which the reference uses. forward: the reference's value at the points.
    """
    own = evaluate(gradients.at, gradients.points)
    if own is None or (own.shape == forward.shape and relative_error(forward, own) <= check.tolerance):
        return frozenset()
    return frozenset(name for name, claim in wrong.items() if agrees(gradients, name, claim, check, prefetch))


def claims_that_hold(
    gradients: Gradients, names: Collection[str], check: Check, rng: RandomState, prefetch: Prefetch = no_prefetch
) -> tuple[frozenset[str], list[RecordedValue]]:
    """Return which of these claims agree at the gradients' points, and some recorded values as evidence."""
    held, evidence = set(), []
    for name in sorted(names):
        recorded: list[RecordedValue] = []
        if agrees(recording(gradients, recorded), name, gradients.claims[name][0], check, prefetch):
            held.add(name)
            pairs = rng.permutation(len(recorded) // 2)[:PAIRS]  # the two values of a slope are neighbours
            evidence += [recorded[2 * int(pair) + side] for pair in pairs for side in (0, 1)]
    return frozenset(held), evidence


def reach_that_holds(
    gradients: Gradients,
    expected: Mapping[str, np.ndarray],
    check: Check,
    rng: RandomState,
    prefetch: Prefetch = no_prefetch,
) -> tuple[bool, list[RecordedValue]]:
    """Return whether the inputs reach the expected outputs, and some recorded values as evidence."""
    recorded: list[RecordedValue] = []
    same_reach = same_patterns(expected, reach_patterns(recording(gradients, recorded), check, prefetch))
    return same_reach, [recorded[int(index)] for index in rng.permutation(len(recorded))[:REACHING]]


def agrees(gradients: Gradients, name: str, claim: Any, check: Check, prefetch: Prefetch) -> bool:
    """Whether a claim is the gradient of the forward, and not only zeros."""
    if not isinstance(claim, np.ndarray) or claim.dtype.kind not in "fiub" or not np.any(claim):
        return False
    i = list(gradients.claims).index(name)
    return gradient_agrees(gradients.at, gradients.points, i, gradients.dout, claim, reach_rng(check, i), prefetch)


def reach_patterns(
    gradients: Gradients, check: Check, prefetch: Prefetch = no_prefetch
) -> dict[str, np.ndarray] | None:
    """Return which inputs reach which outputs, by claim and for the given arguments; None if one is not finite."""
    points = gradients.points
    found = [reach(gradients.at, points, i, reach_rng(check, i), prefetch) for i in range(len(points))]
    patterns = dict(zip(gradients.claims, found, strict=True))
    if gradients.given:
        patterns["given"] = depends_on_given(gradients.forward, points, gradients.given)
    finite = {name: pattern for name, pattern in patterns.items() if pattern is not None}
    return finite if len(finite) == len(patterns) else None


def is_repeated(gradients: Gradients, recorded: RecordedValue) -> bool:
    """Whether the forward returns the same value when it is called again."""
    again = evaluate(gradients.forward, recorded.arguments)
    return again is not None and again.shape == recorded.value.shape and relative_error(recorded.value, again) <= SAME


def same_patterns(expected: Mapping[str, np.ndarray], found: Mapping[str, np.ndarray] | None) -> bool:
    return found is not None and all(
        name in found and np.array_equal(pattern, found[name]) for name, pattern in expected.items()
    )


def reach_rng(check: Check, index: int) -> RandomState:
    """Return a generator that samples the same coordinates for the fixture and for each submission."""
    return RandomState([check.seed, index])


def recording(gradients: Gradients, recorded: list[RecordedValue]) -> Gradients:
    """Return the same gradients, with a forward that appends each of its numeric values to `recorded`."""

    def forward(*arguments: Any) -> Any:
        value = gradients.forward(*arguments)
        is_numeric = type(value) is not Placeholder and isinstance(value, np.ndarray | np.generic | int | float)
        if is_numeric and np.asarray(value).dtype.kind in "fiub":
            recorded.append(RecordedValue(arguments, np.asarray(value, dtype=np.float64)))
        return value

    return replace(gradients, forward=forward)
