"""How far right solutions lie from the reference, check by check: what a tolerance must leave room for.

An assignment names right solutions by other hands (loops, einsum, float32 inside, ...). Each is run in this process, as
the reference is: they are the instructor's own. A check whose tolerance is less than MARGIN times what one of them
differs by would take marks from a right solution for its style.
"""

from __future__ import annotations

import importlib
import re
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from grader.assignment.load import Assignment
from grader.calls import local_call
from grader.errors import AssignmentError
from grader.grading.stage import stage
from grader.judging.compare import judge_values
from grader.judging.perform import perform
from grader.judging.student import Student
from grader.messages.say import said
from grader.records import PASSED, Check

MARGIN: Final = 3.0


def measure_spread(
    assignment: Assignment,
    functions: Mapping[str, Callable[..., Any]],
    expected: Mapping[str, Mapping[str, np.ndarray]],
) -> dict[str, float]:
    """By check, the largest error of any right solution, relative as the judge has it.

    functions: the reference's. expected: by check, its arrays.
    Raises AssignmentError if a right solution fails a check, or lies too near to its tolerance.
    """
    largest = dict.fromkeys((check.id for check in assignment.checks), 0.0)
    names, classes = frozenset(functions), assignment.classes
    reference = Student(local_call(functions, None, classes), names, classes)
    for folder in assignment.right_solutions:
        with loaded(assignment, folder) as theirs:
            student = Student(local_call({**functions, **theirs}, None, classes), names, classes)
            for check in assignment.checks:
                error = error_of(assignment, check, folder.name, student, reference, expected[check.id])
                largest[check.id] = max(largest[check.id], error)
    return largest


def error_of(
    assignment: Assignment,
    check: Check,
    solution: str,
    student: Student,
    reference: Student,
    expected: Mapping[str, np.ndarray],
) -> float:
    place = f"check {check.id}: the right solution {solution}"
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            for start in assignment.expected_warnings:
                warnings.filterwarnings("ignore", message=re.escape(start))
            np.random.seed(check.seed)
            values = perform(check.run, student, np.random.RandomState(check.seed), reference).values
    except Exception as error:
        raise AssignmentError(f"{place} fails it ({type(error).__name__}: {error}). Mend one of them.") from error
    judged = judge_values(
        expected,
        values,
        tolerance=check.tolerance,
        parts=check.parts,
        together=check.together,
        squeeze=check.squeeze,
        inputs={},
    )
    for judgement in judged:
        comparison = judgement.comparison
        if comparison.status != PASSED:
            raise AssignmentError(f"{place} fails it: {said(comparison.reason)} Mend one of them.")
    largest = max(judgement.comparison.error or 0.0 for judgement in judged)
    if largest * MARGIN > check.tolerance:
        raise AssignmentError(
            f"{place} differs by {largest:.1e}, expected at most a third of the tolerance {check.tolerance:g}. "
            "Take other inputs or a wider tolerance."
        )
    return largest


@contextmanager
def loaded(assignment: Assignment, folder: Path) -> Iterator[dict[str, Callable[..., Any]]]:
    """The graded functions of a right solution, imported under the package's own name while this lasts."""
    if not folder.is_dir():
        raise AssignmentError(f"assignment.toml: right solution {folder} is no folder. Mend `right_solutions`.")
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.py"))}
    handed_out = {name: (assignment.reference / name).read_bytes() for name in assignment.handed_out}
    package, before = assignment.package, dict(sys.modules)
    with tempfile.TemporaryDirectory(prefix="grader-") as target:
        stage(files, handed_out, Path(target), package=package, extended=assignment.extended)
        forget(package)
        sys.path.insert(0, target)
        try:
            functions = {}
            for function in assignment.functions:
                name, _, attribute = function.rpartition(".")
                if f"{name.replace('.', '/')}.py" in files:
                    functions[function] = getattr(importlib.import_module(f"{package}.{name}"), attribute)
            yield functions
        except (ImportError, AttributeError, SyntaxError) as error:
            raise AssignmentError(f"right solution {folder.name}: cannot be imported ({error}).") from error
        finally:
            sys.path.remove(target)
            forget(package)
            sys.modules.update({name: module for name, module in before.items() if name.split(".")[0] == package})
            importlib.invalidate_caches()


def forget(package: str) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        del sys.modules[name]
