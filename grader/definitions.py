"""Checks and misconceptions as their modules define them. Pure data.

checks.py makes these records from Python functions; assignment/load.py collects them from the modules of an assignment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

# The largest error that passes, relative to the largest expected magnitude. Right layers that compute in float32 differ
# from the reference by some 1e-6; every known mistake differs by 1e-3 or more.
TOLERANCE: Final = 1e-5
SEED: Final = 231

# The attribute of a module that collects its definitions. If the loader searched the module's names instead, a second
# definition of the same name would hide the first.
DEFINED: Final = "__defined__"


@dataclass(frozen=True)
class CheckDefinition:
    """A check as its module defines it, before load.py adds file, visibility and points."""

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
    """A wrong variant of a reference function or class, and the hint for students with this mistake."""

    function: str
    name: str
    hint: str
    run: Callable[..., Any]  # run(reference, *args); `reference` has the right functions
    by_outcome: bool = False
    beside: bool = False


@dataclass(frozen=True)
class Gradients:
    """Named arrays that a check returns; those in `claims` should be gradients of sum(forward(*points, *given) * dout).

    given: further arguments of forward that have no gradient, such as labels, each with a second value. If forward
    depends on the argument, it returns another value for the second one.
    """

    forward: Callable[..., Any]
    dout: Any
    claims: Mapping[str, tuple[Any, Any]]  # name → (claimed gradient, point), in the order of forward's arguments
    values: Mapping[str, Any] = field(default_factory=dict)  # named arrays that are not gradients
    given: tuple[tuple[Any, Any], ...] = ()

    @property
    def points(self) -> list[np.ndarray]:
        return [np.asarray(point, dtype=np.float64) for _, point in self.claims.values()]

    def at(self, *points: Any) -> Any:
        """Return forward(*points, *given)."""
        return self.forward(*points, *(value for value, _ in self.given))
