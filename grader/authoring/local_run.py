"""Checks run in this process: on the reference, on a misconception, on a right solution by another hand.

All of these are the instructor's own. A student's code never runs here.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from grader.assignment.load import Assignment
from grader.assignment.reference import load_reference
from grader.calls import CallFailed, Functions, local_call
from grader.definitions import MisconceptionDefinition
from grader.errors import AssignmentError
from grader.function_ids import file_of, module_of, short_name
from grader.grading.stage import stage
from grader.judging.run_check_function import ReturnedValues, perform
from grader.judging.student_proxy import Student
from grader.records import Check


def run_locally(
    assignment: Assignment,
    check: Check,
    functions: Functions,
    arities: list[tuple[str, int]] | None = None,
    reference: Functions | None = None,
) -> ReturnedValues:
    """A check on functions in this process. reference: what measures, if these are not the reference's own."""
    names, classes = frozenset(functions), assignment.classes
    student = Student(local_call(functions, arities, classes), names, classes)
    measure = Student(local_call(reference or functions, None, classes), names, classes)
    np.random.seed(check.seed)  # as a worker does at the start of a check
    return perform(check.run, student, np.random.RandomState(check.seed), measure)


def run_variant(
    assignment: Assignment, check: Check, functions: Functions, item: MisconceptionDefinition
) -> dict[str, np.ndarray] | str | None:
    """What the variant returns, or the type of what it raises; None where the check itself gave up on its values."""
    reference = namespace_of(functions)
    wrong = {**functions, check.function: lambda *args, **kwargs: item.run(reference, *args, **kwargs)}
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = run_locally(assignment, check, wrong, reference=functions)
            return {name: np.asarray(value, dtype=np.float64) for name, value in answer.values.items()}
    except CallFailed:
        return None
    except Exception as error:  # a variant may crash where the reference does not
        return type(error).__name__


def namespace_of(functions: Functions) -> SimpleNamespace:
    """The functions as attributes below their modules' names: namespace.layers.affine_forward."""
    root = SimpleNamespace()
    for name, function in functions.items():
        place = root
        for folder in module_of(name).split("."):
            place = vars(place).setdefault(folder, SimpleNamespace())
        setattr(place, short_name(name), function)
    return root


@contextmanager
def loaded(assignment: Assignment, folder: Path) -> Iterator[dict[str, Callable[..., Any]]]:
    """The graded functions of a right solution, imported under the package's own name while this lasts.

    A function that it lacks is left out: a solution stays useful when the assignment gets another function.
    """
    if not folder.is_dir():
        raise AssignmentError(f"assignment.toml: right solution {folder} is no folder. Mend `right_solutions`.")
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.py"))}
    handed_out = {name: (assignment.reference / name).read_bytes() for name in assignment.handed_out}
    package = assignment.package
    with tempfile.TemporaryDirectory(prefix="grader-") as target:
        stage(files, handed_out, Path(target), package=package, extended=assignment.extended)
        before = forget(package)
        sys.path.insert(0, target)
        try:
            modules = {
                function: importlib.import_module(f"{package}.{module_of(function)}")
                for function in assignment.functions
                if file_of(function) in files
            }
            yield {
                function: getattr(module, short_name(function))
                for function, module in modules.items()
                if hasattr(module, short_name(function))
            }
        except (ImportError, AttributeError, SyntaxError) as error:
            raise AssignmentError(f"right solution {folder.name}: cannot be imported ({error}).") from error
        finally:
            sys.path.remove(target)
            forget(package)
            sys.modules.update(before)
            importlib.invalidate_caches()


def forget(package: str) -> dict[str, ModuleType]:
    """Take a package's modules out of those that are imported, and return them."""
    return {name: sys.modules.pop(name) for name in [*sys.modules] if name.split(".")[0] == package}


def functions_run(assignment: Assignment) -> dict[str, frozenset[str]]:
    """By check the functions and classes that it runs on the reference, in whatever depth: seen, not declared.

    Deterministic, as checks are. Where a check does not run a function, whatever stands in that function's place cannot
    change what the check sees: up to its first call the rest of the submission does what the reference does.
    Raises whatever a check raises over the reference; fixtures are not made from such a one.
    """
    functions = load_reference(assignment)
    owners = {code: name for name, function in functions.items() for code in codes_of(function)}
    found = {}
    for check in assignment.checks:
        with watched(owners) as seen:
            run_locally(assignment, check, functions)
        found[check.id] = frozenset(seen)
    return found


def codes_of(function: Callable[..., Any]) -> Iterator[CodeType]:
    """The code of a function, or that of every method of a class, inherited ones too."""
    bases = function.__mro__ if isinstance(function, type) else ()
    for member in (function, *(member for base in bases for member in vars(base).values())):
        plain = getattr(member, "__func__", getattr(member, "fget", member))
        if hasattr(plain, "__code__"):
            yield plain.__code__


@contextmanager
def watched(owners: Mapping[CodeType, str]) -> Iterator[set[str]]:
    """The owners of all code that is entered meanwhile."""
    seen: set[str] = set()

    def notice(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code in owners:
            seen.add(owners[frame.f_code])

    before = sys.getprofile()
    sys.setprofile(notice)
    try:
        yield seen
    finally:
        sys.setprofile(before)
