"""Grades code that is appended to the reference's, in this process and without a sandbox, for tests of hints.

Runs the checks of one function, judges and settles them like those of a submission. An exception becomes an error of
the called function.
"""

from __future__ import annotations

import sys
import types
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from grader.assignment.fixtures import Fixtures, load_fixtures
from grader.assignment.load import Assignment, load_assignment
from grader.assignment.reference import load_reference
from grader.authoring.local_run import run_locally
from grader.calls import CallFailed, Failure, local_call
from grader.function_ids import file_of
from grader.grading.attempt import JudgedValues, Undoable, judged
from grader.grading.check_run import judge
from grader.judging.verdict import Trial, settle
from grader.messages.say import say_all
from grader.records import ERROR, CheckResult
from tests.cases import ROOT


@cache
def assignment() -> Assignment:
    return load_assignment(ROOT / "assignment")


@cache
def fixtures() -> Fixtures:
    return load_fixtures(assignment())


@cache
def reference() -> Mapping[str, Callable[..., Any]]:
    return load_reference(assignment())


def hints_of(function: str, added: str, *changes: tuple[str, str]) -> dict[str, str]:
    """The hint of each check of the function that does not pass."""
    results = results_of(function, with_code(function, added, *changes))
    return {result.id.rpartition(".")[2]: say_all(result.hints) for result in results if result.status != "passed"}


def with_code(function: str, added: str, *changes: tuple[str, str]) -> dict[str, Callable[..., Any]]:
    """The reference's functions; in the file, each (old, new) is replaced and the code is appended."""
    source = (ROOT / "reference" / file_of(function)).read_text()
    for old, new in changes:
        assert old in source, old
        source = source.replace(old, new)
    return with_compiled(function, compile(f"{source}\n\n{added}", file_of(function), "exec"))


def with_compiled(function: str, code: types.CodeType) -> dict[str, Callable[..., Any]]:
    """The reference's functions; those of the file come from this module code."""
    original = sys.modules[reference()[function].__module__]
    module = types.ModuleType(original.__name__)
    vars(module).update(__package__=original.__package__, __file__=original.__file__)
    exec(code, vars(module))
    folder = function.rpartition(".")[0]
    own = {name for name in reference() if name.rpartition(".")[0] == folder}
    return {**reference(), **{name: getattr(module, name.rpartition(".")[2]) for name in own}}


def results_of(function: str, functions: Mapping[str, Callable[..., Any]]) -> list[CheckResult]:
    """Settle the checks of the function and of those that it needs; return those of the function."""
    checks = [check for check in assignment().checks if check.function == function]
    return settle([trial_of(check, functions) for check in checks])


def trial_of(check: Any, functions: Mapping[str, Callable[..., Any]]) -> Trial:
    fixture, hints = fixtures().checks[check.id], fixtures().hints.get(check.function, {})
    by_outcome = {name: hints[name] for name in fixtures().by_outcome.get(check.function, ())}
    beside = frozenset(fixtures().beside.get(check.function, ()))
    raising = {name: hints[name] for name in fixture.raises}
    np.random.seed(check.seed)
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = run_locally(assignment(), check, functions, reference=reference())
    except CallFailed as failed:
        return Trial(check, failed.failure, raising=raising, by_outcome=by_outcome)
    except Exception as error:
        kind = type(error).__name__
        failure = Failure(ERROR, check.function, f"{check.function} raised {kind}: {error}", raised=kind)
        raised = frozenset(name for name, raised in fixture.raises.items() if raised == kind)
        return Trial(check, failure, raising=raising, raised=raised, by_outcome=by_outcome)
    trial = Trial(check, raising=raising, by_outcome=by_outcome, beside=beside)
    values = JudgedValues(answer, judged(check, fixture, answer), Undoable(local_call({})))
    return judge(trial, values, fixture, hints, lambda **_: (frozenset(), False))
