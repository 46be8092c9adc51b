"""How loose a check's tolerance is: whether a wrong value that it should tell from the right one would pass.

A tolerance up to TOLERANCE is never too loose: right solutions that compute in float32 differ by nearly as much. A
wider one must not let a comparison pass that TOLERANCE would fail, for a known misconception or a mutant: otherwise a
wrong submission gains points by it. spread.py holds the other side, that right solutions have room.

Pure.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from grader.checks import TOLERANCE
from grader.errors import AssignmentError
from grader.judging.compare import relative_error, units_of
from grader.records import Check

# A mistake comes in several styles: what one of them differs by, others may fall short of.
ROOM: Final = 3.0


@dataclass(frozen=True)
class Difference:
    """What the value `name` of something wrong differs from the expected one by, relative as the judge has it."""

    wrong: str
    name: str
    error: float


def differences(
    wrong: str,
    expected: Mapping[str, np.ndarray],
    values: Mapping[str, np.ndarray],
    together: bool | Collection[str],
) -> Iterator[Difference]:
    """Of the values that a tolerance alone decides about: arrays of finite numbers in the right shape that differ.

    wrong: what it is called in messages.
    """
    units = units_of(expected, together)
    for name, array in expected.items():
        found = np.asarray(values[name], dtype=np.float64) if name in values else None
        if found is not None and found.shape == array.shape and np.isfinite(found).all():
            unit = units.get(name)
            error = relative_error(array, found, unit.size if unit else None)
            if error > TOLERANCE:
                yield Difference(wrong, name, error)


def expect_tight(check: Check, found: Collection[Difference]) -> None:
    """Raise AssignmentError if one of these would pass, or nearly so, because the check's tolerance is too wide.

    The message names the largest tolerance that would do.
    """
    if check.tolerance <= TOLERANCE or not found:
        return
    nearest = min(found, key=lambda one: one.error)
    if nearest.error < ROOM * check.tolerance:
        passes = "would pass" if nearest.error <= check.tolerance else "would nearly pass"
        raise AssignmentError(
            f"check {check.id}: tolerance {check.tolerance:g} is too loose: {nearest.wrong} {passes} in "
            f"{nearest.name}, which is off by {nearest.error:.1e}. Take {largest_tolerance(nearest.error):g} or less."
        )


def largest_tolerance(error: float) -> float:
    """The largest tolerance, of one digit, that a mistake of this error stays clear of; never below TOLERANCE."""
    most = error / ROOM
    power = 10.0 ** math.floor(math.log10(most))
    return max(TOLERANCE, float(f"{math.floor(most / power + 1e-9) * power:.0e}"))
