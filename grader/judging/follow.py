"""Follow-through: does a wrong gradient belong to the student's own wrong forward? Pure but for calling that forward.

The forward is a stranger: it may keep count of its calls, or recognise a small step and answer with what suits it. So
it must be wrong to begin with (a right forward has one gradient only), and what reaches what must be as in the
reference. Then the check is made once more with inputs that nobody can know, and its claims must agree there, too; and
some of what was said there is asked again where nothing is remembered (grading/follow_through.py opens such places).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.random import RandomState

from grader.definitions import Gradients
from grader.judging.compare import relative_error
from grader.judging.numgrad import Ahead, depends_on_given, evaluate, gradient_agrees, one_by_one, reach
from grader.judging.placeholder import Placeholder
from grader.records import Check

# Answers that are asked for again. A slope is the difference of two answers, and one of them is a lie where the slope
# is. Up to half of the directions may look like kinks, which takes a lie in one of their two slopes: so of all slopes
# of a gradient at most a quarter is true, and of PAIRS all are, at most once in 64 times. Of what reaches what, a lie
# may be in one answer of six: REACHING are all true once in 80 times.
PAIRS: Final = 3
REACHING: Final = 24
SAME: Final = 1e-10  # relative; one function asked twice differs by nothing at all


@dataclass(frozen=True)
class Said:
    """One value of the forward, as it was said while its gradient was asked for."""

    arguments: tuple[Any, ...]
    value: np.ndarray


def agreeing_claims(
    gradients: Gradients, wrong: Mapping[str, np.ndarray], check: Check, forward: np.ndarray, ahead: Ahead = one_by_one
) -> frozenset[str]:
    """Which of the wrong claims are the gradient of the student's own forward; none if that forward is right here.

    A claim of zeros alone is none: at best it belongs to a forward that does not depend on this argument at all, where
    the reference's does, and that is what a body that nobody has written claims, too.
    forward: the reference's value at the points.
    """
    own = evaluate(gradients.at, gradients.points)
    if own is None or (own.shape == forward.shape and relative_error(forward, own) <= check.tolerance):
        return frozenset()
    return frozenset(name for name, claim in wrong.items() if agrees(gradients, name, claim, check, ahead))


def claims_that_hold(
    gradients: Gradients, names: Collection[str], check: Check, rng: RandomState, ahead: Ahead = one_by_one
) -> tuple[frozenset[str], list[Said]]:
    """Which of these claims, made once more at other points, agree there, too; and answers that they rest on."""
    held, kept = set(), []
    for name in sorted(names):
        said: list[Said] = []
        if agrees(heard(gradients, said), name, gradients.claims[name][0], check, ahead):
            held.add(name)
            pairs = rng.permutation(len(said) // 2)[:PAIRS]  # the two answers of a slope follow each other
            kept += [said[2 * int(pair) + side] for pair in pairs for side in (0, 1)]
    return frozenset(held), kept


def reach_that_holds(
    gradients: Gradients, expected: Mapping[str, np.ndarray], check: Check, rng: RandomState, ahead: Ahead = one_by_one
) -> tuple[bool, list[Said]]:
    """Whether what reaches what is as expected; and some of the answers that this rests on."""
    said: list[Said] = []
    same_reach = same_patterns(expected, reach_patterns(heard(gradients, said), check, ahead))
    return same_reach, [said[int(index)] for index in rng.permutation(len(said))[:REACHING]]


def agrees(gradients: Gradients, name: str, claim: Any, check: Check, ahead: Ahead) -> bool:
    """Whether a claim is no claim of zeros and the gradient of the forward."""
    if not isinstance(claim, np.ndarray) or claim.dtype.kind not in "fiub" or not np.any(claim):
        return False
    i = list(gradients.claims).index(name)
    return gradient_agrees(gradients.at, gradients.points, i, gradients.dout, claim, reach_rng(check, i), ahead)


def reach_patterns(gradients: Gradients, check: Check, ahead: Ahead = one_by_one) -> dict[str, np.ndarray] | None:
    """What reaches what, for every claim and for what is given; None where the forward gives no finite numbers."""
    points = gradients.points
    found = [reach(gradients.at, points, i, reach_rng(check, i), ahead) for i in range(len(points))]
    patterns = dict(zip(gradients.claims, found, strict=True))
    if gradients.given:
        patterns["given"] = depends_on_given(gradients.forward, points, gradients.given)
    finite = {name: pattern for name, pattern in patterns.items() if pattern is not None}
    return finite if len(finite) == len(patterns) else None


def is_repeated(gradients: Gradients, said: Said) -> bool:
    """Whether the forward says the same once more."""
    again = evaluate(gradients.forward, said.arguments)
    return again is not None and again.shape == said.value.shape and relative_error(said.value, again) <= SAME


def same_patterns(expected: Mapping[str, np.ndarray], found: Mapping[str, np.ndarray] | None) -> bool:
    return found is not None and all(
        name in found and np.array_equal(pattern, found[name]) for name, pattern in expected.items()
    )


def reach_rng(check: Check, index: int) -> RandomState:
    """Samples the same coordinates when the fixture is made and when a submission is judged."""
    return RandomState([check.seed, index])


def heard(gradients: Gradients, said: list[Said]) -> Gradients:
    """The same, but what the forward answers is kept in `said`."""

    def forward(*arguments: Any) -> Any:
        value = gradients.forward(*arguments)
        is_numeric = type(value) is not Placeholder and isinstance(value, np.ndarray | np.generic | int | float)
        if is_numeric and np.asarray(value).dtype.kind in "fiub":
            said.append(Said(arguments, np.asarray(value, dtype=np.float64)))
        return value

    return replace(gradients, forward=forward)
