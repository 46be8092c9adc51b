"""Runs checks in this process: on the reference, on a misconception, or on a right solution in another style.

All of this code is the instructor's own and trusted. A student's code never runs here.
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
    """Run a check on functions in this process.

    reference: the reference's functions, which a check with a `reference` argument calls; `functions` if not given.
    """
    names, classes = frozenset(functions), assignment.classes
    student = Student(local_call(functions, arities, classes), names, classes)
    measure = Student(local_call(reference or functions, None, classes), names, classes)
    np.random.seed(check.seed)  # a worker also sets this seed at the start of a check
    return perform(check.run, student, np.random.RandomState(check.seed), measure)


def run_variant(
    assignment: Assignment, check: Check, functions: Functions, item: MisconceptionDefinition
) -> dict[str, np.ndarray] | str | None:
    """Run a check on the reference with one misconception. Return the values that the check computes.

    Returns the name of the exception's type if the misconception raises one, and None if the check rejects its values.
    """
    reference = namespace_of(functions)
    wrong = {**functions, check.function: lambda *args, **kwargs: item.run(reference, *args, **kwargs)}
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = run_locally(assignment, check, wrong, reference=functions)
            return {name: np.asarray(value, dtype=np.float64) for name, value in answer.values.items()}
    except CallFailed:
        return None
    except Exception as error:  # a misconception may raise for inputs that the reference accepts
        return type(error).__name__


def namespace_of(functions: Functions) -> SimpleNamespace:
    """Return an object that has the functions as attributes of their modules, such as `.layers.affine_forward`."""
    root = SimpleNamespace()
    for name, function in functions.items():
        place = root
        for folder in module_of(name).split("."):
            place = vars(place).setdefault(folder, SimpleNamespace())
        setattr(place, short_name(name), function)
    return root


@contextmanager
def imported_solution(assignment: Assignment, folder: Path) -> Iterator[dict[str, Callable[..., Any]]]:
    """Yield the graded functions of a right solution. Within the `with` block, the solution is imported under the name
    of the students' package.

    Leaves out functions that the solution lacks. So the solution can still be used after the assignment gets a new
    function.
    """
    if not folder.is_dir():
        found = f"right_solutions names {folder}, which is not a folder"
        raise AssignmentError(f"assignment.toml: {found}. Correct right_solutions.")
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.py"))}
    handed_out = {name: (assignment.reference / name).read_bytes() for name in assignment.handed_out}
    package = assignment.package
    with tempfile.TemporaryDirectory(prefix="grader-") as target:
        stage(files, handed_out, Path(target), package=package, extended=assignment.extended)
        before = remove_modules(package)
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
            raise AssignmentError(f"right solution {folder.name}: cannot be imported ({error}). Correct it.") from error
        finally:
            sys.path.remove(target)
            remove_modules(package)
            sys.modules.update(before)
            importlib.invalidate_caches()


def remove_modules(package: str) -> dict[str, ModuleType]:
    """Remove the modules of a package from sys.modules, and return them."""
    return {name: sys.modules.pop(name) for name in [*sys.modules] if name.split(".")[0] == package}


def functions_run(assignment: Assignment) -> dict[str, frozenset[str]]:
    """Return for each check the functions and classes that the check runs on the reference, at any depth of calls.

    Observes the calls with a profile hook. The result is the same in each run, because checks are deterministic. If a
    check does not run a function, a misconception of this function cannot change the values of the check: until its
    first call, the submission behaves like the reference.
    If a check raises an exception on the reference, this raises it, too; `grader fixtures` rejects such a check.
    """
    functions = load_reference(assignment)
    owners = {code: name for name, function in functions.items() for code in codes_of(function)}
    found = {}
    for check in assignment.checks:
        with functions_entered(owners) as seen:
            run_locally(assignment, check, functions)
        found[check.id] = frozenset(seen)
    return found


def codes_of(function: Callable[..., Any]) -> Iterator[CodeType]:
    """Yield the code object of a function, or of every method of a class, including inherited methods."""
    bases = function.__mro__ if isinstance(function, type) else ()
    for member in (function, *(member for base in bases for member in vars(base).values())):
        plain = getattr(member, "__func__", getattr(member, "fget", member))
        if hasattr(plain, "__code__"):
            yield plain.__code__


@contextmanager
def functions_entered(owners: Mapping[CodeType, str]) -> Iterator[set[str]]:
    """Yield a set. While the `with` block runs, the set collects the names from `owners` whose code is called."""
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
