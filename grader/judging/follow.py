"""Follow-through: does a wrong gradient belong to the student's own wrong forward? Pure but for calling that forward.

The forward is a stranger: it may keep count of its calls, or recognise a small step and answer with what suits it. So
it must be wrong to begin with (a right forward has one gradient only), what reaches what must be as in the reference,
and what it said is asked again, `replays`, where it has no memory (grader/trial.py opens such a place).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from grader.judging.checks import Gradients
from grader.judging.judge import relative_error
from grader.judging.numgrad import depends_on_given, evaluate, gradient_agrees, reach
from grader.records import Check

REPLAYS: Final = 3
SAME: Final = 1e-10  # relative; one function asked twice differs by nothing at all


@dataclass(frozen=True)
class Said:
    """One value of the forward, as it was said while its gradient was asked for."""

    arguments: tuple[Any, ...]
    value: np.ndarray


def agreeing_claims(
    gradients: Gradients, wrong: Mapping[str, np.ndarray], check: Check, forward: np.ndarray, said: list[Said]
) -> frozenset[str]:
    """Which of the wrong claims are the gradient of the student's own forward; none if that forward is right here.

    A claim of zeros alone is none: at best it belongs to a forward that does not depend on this argument at all, where
    the reference's does, and that is what a body that nobody has written claims, too.
    forward: the reference's value at the points. said: filled with everything that the forward answered.
    """
    asked = recording(gradients.at, said)
    own = evaluate(asked, gradients.points)
    if own is None or (own.shape == forward.shape and relative_error(forward, own) <= check.tolerance):
        return frozenset()
    points = gradients.points
    return frozenset(
        name
        for index, name in enumerate(gradients.claims)
        if name in wrong
        and np.any(wrong[name])
        and gradient_agrees(asked, points, index, gradients.dout, wrong[name], reach_rng(check, index))
    )


def reach_patterns(gradients: Gradients, check: Check, said: list[Said] | None = None) -> dict[str, np.ndarray] | None:
    """What reaches what, for every claim and for what is given; None where the forward gives no finite numbers."""
    asked = recording(gradients.at, said if said is not None else [])
    points = gradients.points
    patterns = {name: reach(asked, points, i, reach_rng(check, i)) for i, name in enumerate(gradients.claims)}
    if gradients.given:
        patterns["given"] = depends_on_given(gradients.forward, points, gradients.given)
    found = {name: pattern for name, pattern in patterns.items() if pattern is not None}
    return found if len(found) == len(patterns) else None


def forward_value(gradients: Gradients) -> np.ndarray | None:
    return evaluate(gradients.at, gradients.points)


def replays(said: list[Said], seed: int) -> list[Said]:
    """A few of the answers, to be asked for again where nothing is remembered."""
    chosen = np.random.RandomState(seed % 2**32).permutation(len(said))[:REPLAYS]
    return [said[int(index)] for index in chosen]


def is_repeated(gradients: Gradients, said: Said) -> bool:
    """Whether the forward says the same once more."""
    again = evaluate(gradients.at, said.arguments)
    return again is not None and again.shape == said.value.shape and relative_error(said.value, again) <= SAME


def same_patterns(expected: Mapping[str, np.ndarray], found: Mapping[str, np.ndarray] | None) -> bool:
    if found is None or not expected.keys() <= found.keys():
        return False
    return all(np.array_equal(expected[name], found[name]) for name in expected)


def reach_rng(check: Check, index: int) -> np.random.RandomState:
    """Samples the same coordinates when the fixture is made and when a submission is judged."""
    return np.random.RandomState([check.seed, index])


def recording(forward: Callable[..., Any], said: list[Said]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        value = forward(*arguments)
        if isinstance(value, np.ndarray | np.generic | int | float) and np.asarray(value).dtype.kind in "fiub":
            said.append(Said(arguments, np.asarray(value, dtype=np.float64)))
        return value

    return call
