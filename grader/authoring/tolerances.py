"""Verifies that the tolerance of a check is well above the errors of right solutions and well below those of mistakes.

An assignment names right solutions in other styles (loops, einsum, float32 inside, ...). The tolerance of a check must
be at least ROOM times the error of each right solution; otherwise a right solution could lose marks for its style.

A tolerance up to TOLERANCE is never too loose, because right solutions that compute in float32 have errors nearly as
large. If the tolerance of a check is wider, each wrong value of a misconception or a mutant that fails with TOLERANCE
must also fail with the wider tolerance. Otherwise the tolerance would give points to wrong submissions.
"""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from grader.assignment.load import Assignment
from grader.authoring.local_run import imported_solution, run_locally
from grader.calls import Functions
from grader.definitions import TOLERANCE
from grader.errors import AssignmentError
from grader.judging.compare import Arrays, Names, judge_values, relative_error, units_of
from grader.messages.say import said
from grader.records import PASSED, Check

# A safety factor: solutions and mistakes that nobody has tried may have errors closer to the tolerance.
ROOM: Final = 3.0


@dataclass(frozen=True)
class Spread:
    """The differences between the right solutions and the reference.

    lacking: for each right solution, the functions that it lacks. A solution is named by its folder, relative to the
    assignment folder.
    """

    largest: Mapping[str, float]  # for each check, the largest relative error of any right solution
    lacking: Mapping[str, tuple[str, ...]]


def measure_spread(assignment: Assignment, functions: Functions, expected: Mapping[str, Arrays]) -> Spread:
    """Run all checks on every right solution.

    functions: the reference's functions, which replace functions that a solution lacks. Raises AssignmentError if a
    right solution fails a check, or if its error is too close to the tolerance of the check.
    """
    largest = dict.fromkeys((check.id for check in assignment.checks), 0.0)
    lacking = {}
    for folder in assignment.right_solutions:
        with imported_solution(assignment, folder) as theirs:
            if not theirs:
                raise AssignmentError(f"right solution {folder}: has no graded function. Name another folder.")
            where = Path(os.path.relpath(folder, assignment.folder)).as_posix()
            lacking[where] = tuple(name for name in assignment.functions if name not in theirs)
            for check in assignment.checks:
                place = f"check {check.id}: the right solution {folder.name}"
                try:
                    with np.errstate(all="ignore"):
                        values = run_locally(assignment, check, {**functions, **theirs}, reference=functions).values
                except Exception as error:
                    raised = f"{type(error).__name__}: {error}"
                    raise AssignmentError(f"{place} fails ({raised}). Correct one of them.") from error
                largest[check.id] = max(largest[check.id], error_of(check, place, expected[check.id], values))
    return Spread(largest, lacking)


def error_of(check: Check, place: str, expected: Arrays, values: Mapping[str, object]) -> float:
    judged = judge_values(check, expected, values)
    for judgement in judged:
        if judgement.comparison.status != PASSED:
            raise AssignmentError(f"{place} fails: {said(judgement.comparison.reason)} Correct one of them.")
    largest = max(judgement.comparison.error or 0.0 for judgement in judged)
    if largest * ROOM > check.tolerance:
        found = f"differs by {largest:.1e}, expected at most a third of the tolerance {check.tolerance:g}"
        raise AssignmentError(f"{place} {found}. Use other inputs or a wider tolerance.")
    return largest


@dataclass(frozen=True)
class Difference:
    """The relative error of one value of a wrong function, as the judge computes it."""

    wrong: str  # the name that messages use for the wrong function
    name: str
    error: float


def differences(wrong: str, expected: Arrays, values: Arrays, together: Names) -> Iterator[Difference]:
    """Yield each value of a wrong function whose verdict depends only on the tolerance.

    The verdict depends only on the tolerance if the value is a finite array of the right shape with wrong numbers.
    """
    units = units_of(expected, together)
    for name, array in expected.items():
        found = np.asarray(values[name], dtype=np.float64) if name in values else None
        if found is not None and found.shape == array.shape and np.isfinite(found).all():
            error = relative_error(array, found, units.get(name))
            if error > TOLERANCE:
                yield Difference(wrong, name, error)


def expect_tight(check: Check, found: Collection[Difference]) -> None:
    """Raise AssignmentError if a wrong value in `found` passes, or nearly passes, because the tolerance is too wide."""
    if check.tolerance <= TOLERANCE or not found:
        return
    nearest = min(found, key=lambda one: one.error)
    if nearest.error < ROOM * check.tolerance:
        passes = "would pass" if nearest.error <= check.tolerance else "would nearly pass"
        raise AssignmentError(
            f"check {check.id}: tolerance {check.tolerance:g} is too loose: {nearest.wrong} {passes}, since its "
            f"{nearest.name} has an error of {nearest.error:.1e}. Use {largest_tolerance(nearest.error):g} or less."
        )


def largest_tolerance(error: float) -> float:
    """Return the largest tolerance with one digit that is at most the error divided by ROOM; at least TOLERANCE."""
    most = error / ROOM
    power = 10.0 ** math.floor(math.log10(most))
    return max(TOLERANCE, float(f"{math.floor(most / power + 1e-9) * power:.0e}"))
