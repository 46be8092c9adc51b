"""The student's own run: the public checks on a folder, with the same engine, messages and hints as grading.

    folder ─► Place (package folder, assignment) ─► run_own ─► Result      writes nothing, gives no marks

Differences from grading:
- There is no reference, so there are no stubs. Where a check computes a value with the reference, the student's own
  code computes it.
- Handed-out files are the student's copies.
- The worker is a plain process without a sandbox (plain_box.py).
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from grader.assignment.load import Assignment
from grader.errors import GraderError, UsageError
from grader.function_ids import file_of, short_name
from grader.grading.context import Context, Settings, prepare
from grader.grading.submission import grade_submission, needs_of
from grader.intake.collect import Found, read
from grader.intake.tree import IntakeLimits
from grader.messages.say import said, say
from grader.records import GRADER_ERROR, VISIBLE, Reason, Result, Submission
from grader.sandbox.host.isolation import PLAIN
from grader.student.changed_functions import changed_names

FOLDER: Final = "assignment"
TOML: Final = "assignment.toml"
WALL_S: Final = 10.0  # limit for imports and for each check; students do not wait longer for an answer


@dataclass(frozen=True)
class Place:
    """The package folder in which a student works, and the assignment (in `context`) with the checks for it."""

    package: Path
    context: Context

    @property
    def assignment(self) -> Assignment:
        return self.context.assignment

    @property
    def functions(self) -> tuple[str, ...]:
        """Ids of the functions that have public checks, in the order of the assignment."""
        checked = {check.function for check in self.assignment.checks}
        return tuple(function for function in self.assignment.functions if function in checked)


def find_place(path: Path, assignment: Path | None = None) -> Place:
    """Find the package and the assignment for a path. The path or one of its parents is or contains the package.

    assignment: the assignment folder; by default, `assignment/` in the path or in one of its parents.
    Raises UsageError if there is no package or no assignment; GraderError for a damaged assignment.
    """
    path = existing(path)
    folder = assignment or find_assignment(path)
    context = prepare(Settings(str(folder.resolve()), sys.executable, PLAIN))
    public = {check.id for check in context.assignment.checks if check.visibility == VISIBLE}
    limits = context.limits
    limits = replace(limits, wall_s=min(limits.wall_s, WALL_S), import_wall_s=min(limits.import_wall_s, WALL_S))
    context = replace(context.only(public), limits=limits, reference_files=None)
    return Place(find_package(path, context.assignment), context)


def find_assignment(path: Path) -> Path:
    """Return the folder `assignment/` in the path or in the nearest parent that has one.

    Raises UsageError if no such folder exists, or if the path is not a folder.
    """
    path = existing(path)
    for folder in (path, *path.parents):
        if (folder / FOLDER / TOML).is_file():
            return folder / FOLDER
    text = f"no {FOLDER}/{TOML} in this folder or above. Go to the unpacked folder, or name it with --assignment."
    raise UsageError(f"{path}: {text}")


def existing(path: Path) -> Path:
    if not path.is_dir():
        raise UsageError(f"{path}: not a folder, expected the folder that you unpacked. Correct the path.")
    return path.resolve()


def find_package(path: Path, assignment: Assignment) -> Path:
    for folder in (path, *path.parents):
        for package in (folder / assignment.package, folder):
            if any((package / file).is_file() for file in assignment.student_files):
                return package
    files = ", ".join(assignment.student_files)
    raise UsageError(f"{path}: no {assignment.package}/ with any of {files}. Name the folder that contains it.")


def select(place: Place, names: Sequence[str]) -> tuple[str, ...]:
    """Select functions by full name, part of a name, or file. No names selects all.

    A full name selects only the function of this name: batchnorm_forward does not select spatial_batchnorm_forward.
    Raises UsageError for a name that selects nothing.
    """
    chosen = {function for name in names for function in fitting(place.functions, name)}
    return tuple(function for function in place.functions if not names or function in chosen)


def fitting(functions: Sequence[str], name: str) -> list[str]:
    """Return the functions that one name selects. Raises UsageError if it selects none."""
    wanted, short = name.lower(), {function: short_name(function) for function in functions}
    if wanted.endswith(".py"):
        path = "/" + name.replace("\\", "/")
        found = [function for function in functions if path.endswith("/" + file_of(function))]
    else:
        found = [function for function in functions if wanted in (function.lower(), short[function].lower())]
        found = found or [function for function in functions if wanted in function.lower()]
    if not found:
        close = difflib.get_close_matches(name, short.values(), n=3)
        known = f"Did you mean {' or '.join(close)}?" if close else f"The functions are: {', '.join(short.values())}."
        what = "not a folder, not a file with functions to write, and not part of a function's name"
        raise UsageError(f"{name}: {what}. {known}")
    return found


def run_own(place: Place, functions: Collection[str], submission: Submission | None = None) -> Result:
    """Run the checks of these functions on a submission from read_own; without one, on the current files.

    Raises GraderError for a fault of the grader.
    """
    submission = submission or read_own(place)
    assignment = place.assignment
    own = {name: submission.files[name] for name in assignment.handed_out if name in submission.files}
    context = replace(place.context, handed_out={**place.context.handed_out, **own})
    context = context.only({check.id for check in assignment.checks if check.function in functions})
    result = grade_submission(submission, context)
    if result.status == GRADER_ERROR:
        raise GraderError(said(result.reason))
    return replace(
        result,
        max_score=round(sum(check.max_points for check in result.checks), 2),
        functions=tuple(item for item in result.functions if item.function in functions),
        notes=(*result.notes, Reason.of("public_only")),
    )


def read_own(place: Place) -> Submission:
    """Read the student's current files. Raises UsageError if they cannot be read."""
    found = Found("own", place.package, place.package.name)
    submission = read(found, place.assignment, limits=IntakeLimits(notebooks=0))
    if submission.problem is not None:
        raise UsageError(say(submission.problem))
    return submission


def touched_by(place: Place, before: Mapping[str, bytes], after: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return the functions that may differ between two states of the files, and all that need them, even indirectly.

    Raises Unfinished if a changed file is not valid Python.
    """
    names = changed_names(before, after)
    touched = {function for function in place.functions if short_name(function) in names}
    needs = needs_of(place.assignment)
    while more := {function for function, needed in needs.items() if function not in touched and touched & set(needed)}:
        touched |= more
    return tuple(function for function in place.functions if function in touched)


def with_rerun(earlier: Result, rerun: Result) -> Result:
    """Return the earlier result; checks and functions that are in `rerun` replace those of the same id."""
    checks = {check.id: check for check in rerun.checks}
    functions = {item.function: item for item in rerun.functions}
    checks_now = tuple(checks.get(check.id, check) for check in earlier.checks)
    return replace(
        rerun,
        score=round(sum(check.points for check in checks_now), 2),
        max_score=earlier.max_score,
        checks=checks_now,
        functions=tuple(functions.get(item.function, item) for item in earlier.functions),
    )
