"""What a check and a misconception are before the assignment adds a file, a visibility and points. Pure data.

checks.py makes these records from Python functions; assignment/load.py collects them from the modules of an assignment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

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
