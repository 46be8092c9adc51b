"""The student's own run: the public checks on a folder as it is, with the same engine, messages and hints as grading.

    folder ─► Place (package folder, assignment) ─► run_own ─► Result      nothing is written, no mark comes of it

What differs from grading: there is no reference, so no stubs, and a check that would measure with the reference measures
with the student's own code; handed-out files are the student's; the worker is a plain process (sandbox/plain.py).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from grader.assignment import Assignment
from grader.context import Context, Settings, prepare
from grader.errors import UsageError
from grader.intake.collect import Found, read
from grader.pipeline import grade_submission, needs_of
from grader.records import VISIBLE, Result, Submission
from grader.sandbox.isolation import PLAIN

FOLDER: Final = "assignment"
TOML: Final = "assignment.toml"
NOTE: Final = "Public checks only: hidden checks are run on the graded version."
WALL_S: Final = 10.0  # for importing or one check; who waits longer thinks that the checker hangs


@dataclass(frozen=True)
class Place:
    """Where a student works: the folder of the package, and what it is checked by."""

    package: Path
    context: Context

    @property
    def assignment(self) -> Assignment:
        return self.context.assignment

    @property
    def functions(self) -> tuple[str, ...]:
        """Ids of the functions that have public checks, in the order in which students meet them."""
        checked = {check.function for check in self.assignment.checks}
        return tuple(function for function in self.assignment.functions if function in checked)


def find_place(path: Path, assignment: Path | None = None) -> Place:
    """Where the path lies: the package is in it, or it is in the package, or one of its parents is so.

    assignment: its folder, where it is not `assignment/` in the path or a parent.
    Raises UsageError if there is nothing to check or nothing to check it by; GraderError for a damaged assignment.
    """
    path = path.resolve()
    if assignment is None:
        places = [folder / FOLDER for folder in (path, *path.parents)]
        found = next((folder for folder in places if (folder / TOML).is_file()), None)
        if found is None:
            raise UsageError(f"{path}: no {FOLDER}/{TOML} here or above. Go to the unpacked folder, or --assignment DIR.")
        assignment = found
    context = prepare(Settings(str(assignment.resolve()), sys.executable, PLAIN))
    public = {check.id for check in context.assignment.checks if check.visibility == VISIBLE}
    limits = context.limits
    limits = replace(limits, wall_s=min(limits.wall_s, WALL_S), import_wall_s=min(limits.import_wall_s, WALL_S))
    context = replace(context.only(public), limits=limits, reference_files=None)
    return Place(find_package(path, context.assignment), context)


def find_package(path: Path, assignment: Assignment) -> Path:
    for folder in (path, *path.parents):
        for package in (folder / assignment.package, folder):
            if any((package / file).is_file() for file in assignment.student_files):
                return package
    files = ", ".join(assignment.student_files)
    raise UsageError(f"{path}: no {assignment.package}/ with any of {files}. Name the folder that holds it.")


def select(place: Place, names: Sequence[str]) -> tuple[str, ...]:
    """The functions whose name holds one of these; all, if there are none. Raises UsageError for one that fits none."""
    for name in names:
        if not any(name.lower() in function.lower() for function in place.functions):
            known = ", ".join(function.rpartition(".")[2] for function in place.functions)
            raise UsageError(f"{name}: neither a folder nor part of a function's name. There are: {known}.")
    return tuple(f for f in place.functions if not names or any(name.lower() in f.lower() for name in names))


def run_own(place: Place, functions: Collection[str]) -> Result:
    """Check these functions as they are now. Raises UsageError if the files cannot be read, GraderError if we fail."""
    submission = read_own(place)
    assignment = place.assignment
    own = {name: submission.files[name] for name in assignment.handed_out if name in submission.files}
    context = replace(place.context, handed_out={**place.context.handed_out, **own})
    context = context.only({check.id for check in assignment.checks if check.function in functions})
    result = grade_submission(submission, context)
    return replace(
        result,
        max_score=round(sum(check.max_points for check in result.checks), 2),
        functions=tuple(item for item in result.functions if item.function in functions),
        notes=(*result.notes, NOTE),
    )


def read_own(place: Place) -> Submission:
    assignment = place.assignment
    submission = read(
        Found("own", place.package, place.package.name),
        student_files=assignment.student_files,
        handed_out=assignment.handed_out,
        package=assignment.package,
    )
    if submission.problem is not None:
        raise UsageError(submission.problem)
    return submission


def touched_by(place: Place, files: Collection[str]) -> tuple[str, ...]:
    """The functions that a change of these files may concern: their own, and all that need them, near or far.

    files: paths below the package. Whatever is no student file concerns every function.
    """
    assignment = place.assignment
    if not set(files) <= set(assignment.student_files):
        return place.functions
    touched = {check.function for check in assignment.checks if check.file in files}
    return with_dependents(place, touched)


def with_dependents(place: Place, functions: Collection[str]) -> tuple[str, ...]:
    """These functions and those that need them, near or far."""
    needs: Mapping[str, Sequence[str]] = needs_of(place.assignment)
    touched = set(functions)
    grown = True
    while grown:
        more = {function for function, needed in needs.items() if touched & set(needed)} - touched
        touched |= more
        grown = bool(more)
    return tuple(function for function in place.functions if function in touched)
