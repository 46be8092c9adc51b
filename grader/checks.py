"""The words that checks are written in.

    @check("layers.conv_backward_naive", name="strided", weight=4, needs="layers.conv_forward_naive")
    def strided(student, rng):
        '''Gradients with stride 2 and padding 1.'''
        ...
        return gradients(forward, dout=dout, dx=(dx, x), dw=(dw, w), db=(db, b))

A check is one function of the code under test: the reference, a misconception or a student behind a sandbox; it cannot
tell which. It returns named arrays, as a dict or, where they are gradients, with the forward that they belong to.

Its calls are sent to a sandbox as one program, up to where it first looks at a value (grader/judging/placeholder.py).
So call first and look afterwards: to unpack, to index and to calculate with + - * / is no look, to compare is one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from grader.errors import AssignmentError

# Relative to the largest expected magnitude. Layers that compute in float32 inside are right and differ by some 1e-6;
# every known mistake differs by 1e-3 or more.
TOLERANCE: Final = 1e-5
SEED: Final = 231

# Where a module keeps what it defines: its names would let a second definition of one name hide the first.
DEFINED: Final = "__defined__"


@dataclass(frozen=True)
class CheckDefinition:
    """A check as its module has it, before the assignment adds file, visibility and points."""

    function: str
    name: str
    title: str
    run: Callable[..., Any]
    weight: float
    seed: int
    tolerance: float
    needs: str | None
    cache: Callable[..., Any] | None
    parts: Mapping[str, float]
    together: bool | tuple[str, ...] = False
    squeeze: bool | tuple[str, ...] = False


@dataclass(frozen=True)
class MisconceptionDefinition:
    """A wrong variant of a reference function or class, and the hint that it stands for."""

    function: str
    name: str
    hint: str
    run: Callable[..., Any]  # run(reference, *args), with the reference's own below their modules' names
    by_outcome: bool = False
    beside: bool = False


@dataclass(frozen=True)
class Gradients:
    """Named arrays of which some claim to be gradients of sum(forward(*points, *given) * dout).

    given: further arguments of forward that nothing is derived by, labels for one; each with another value, at which a
    forward that looks at it gives something else.
    """

    forward: Callable[..., Any]
    dout: Any
    claims: Mapping[str, tuple[Any, Any]]  # name → (claimed gradient, point), in the order of forward's arguments
    values: Mapping[str, Any] = field(default_factory=dict)  # named arrays besides
    given: tuple[tuple[Any, Any], ...] = ()

    @property
    def points(self) -> list[np.ndarray]:
        return [np.asarray(point, dtype=np.float64) for _, point in self.claims.values()]

    def at(self, *points: Any) -> Any:
        """forward at these points, with what is given."""
        return self.forward(*points, *(value for value, _ in self.given))


def check(
    function: str,
    *,
    name: str | None = None,
    weight: float = 1.0,
    seed: int = SEED,
    tolerance: float = TOLERANCE,
    needs: str | None = None,
    cache: Callable[..., Any] | None = None,
    parts: Mapping[str, float] | None = None,
    together: bool | tuple[str, ...] = False,
    squeeze: bool | tuple[str, ...] = False,
) -> Callable[[Callable[..., Any]], CheckDefinition]:
    """Make a check of `function` out of a Python function; its docstring is what the student reads.

    name: the check's name below the function's id; the Python function's own by default.
    needs: the function whose reply is fed to the one under test. cache: from that function's arguments, the cache that
    the course's docstring fixes; it is fed where the student's own function gives none. parts: weights of comparisons.
    together: names whose errors are relative to the largest entry of them all, True for all names but single numbers.
    Say so where a gradient is nothing but rounding, as that of a bias that a mean is taken off after it.
    squeeze: names of arrays for which axes of length 1 do not count; True: in all arrays there may be more or fewer of
    them, (1, 9) for (9,), but not as many in another order, (1, 9) for (9, 1). Say so for biases and statistics, which
    many keep as rows. Without it all of these are wrong; a single number may have any such shape.
    Raises AssignmentError if the docstring is missing or the weight is not positive.
    """

    def define(run: Callable[..., Any]) -> CheckDefinition:
        title, own_name, weights = " ".join((run.__doc__ or "").split()), name or run.__name__, dict(parts or {})
        place = f"check {function}.{run.__name__}"
        if not title:
            raise AssignmentError(f"{place}: no docstring. Say in it what the student reads.")
        if not weight > 0:
            raise AssignmentError(f"{place}: weight {weight:g}, expected more than 0.")
        if not tolerance >= 0:
            raise AssignmentError(f"{place}: tolerance {tolerance:g}, expected 0 or more.")
        if not all(part > 0 for part in weights.values()):
            raise AssignmentError(f"{place}: a part weighs nothing, expected more than 0.")
        for option, names in (("together", together), ("squeeze", squeeze)):
            if isinstance(names, str):
                raise AssignmentError(f"{place}: {option} is {names!r}, expected ({names!r},).")
        definition = CheckDefinition(
            function, own_name, title, run, weight, seed, tolerance, needs, cache, weights, together, squeeze
        )
        run.__globals__.setdefault(DEFINED, []).append(definition)
        return definition

    return define


def misconception(
    function: str, hint: str, *, by_outcome: bool = False, beside: bool = False
) -> Callable[[Callable[..., Any]], MisconceptionDefinition]:
    """Make a misconception of `function` out of a Python function that takes the reference before its arguments.

    by_outcome: the mistake looks different in every style, and raises in some. It is also recognised by the checks that
    fail and the way in which each fails: an exception of this type, an array of this wrong shape. All misconceptions of
    one hint count as one there. Say so only where no other mistake fails the same checks in the same way.
    beside: the hint says nothing of the values that the mistake leaves right, so it is given also where another mistake
    makes these wrong. A hint such as "dx is right, dw is not" is not one of these.
    """

    def define(run: Callable[..., Any]) -> MisconceptionDefinition:
        definition = MisconceptionDefinition(function, run.__name__, " ".join(hint.split()), run, by_outcome, beside)
        run.__globals__.setdefault(DEFINED, []).append(definition)
        return definition

    return define


def gradients(
    forward: Callable[..., Any],
    *,
    dout: Any = 1.0,
    values: Mapping[str, Any] | None = None,
    given: tuple[tuple[Any, Any], ...] = (),
    **claims: tuple[Any, Any],
) -> Gradients:
    """What a check of a backward returns: name=(claimed gradient, point) for each argument of `forward`.

    forward may only use plain inputs of the check, no handle: it is called again in a fresh process.
    """
    return Gradients(forward, dout, claims, dict(values or {}), given)
