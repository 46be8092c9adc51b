"""Which functions of an assignment each check runs: seen, not declared. Decides what an audit need not grade again."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

import numpy as np

from grader.assignment.load import Assignment
from grader.assignment.reference import load_reference
from grader.authoring.make_fixtures import run_locally


def functions_run(assignment: Assignment) -> dict[str, frozenset[str]]:
    """By check the functions and classes that it runs on the reference, in whatever depth.

    Deterministic, as checks are. Where a check does not run a function, whatever stands in that function's place cannot
    change what the check sees: up to its first call the rest of the submission does what the reference does.
    Raises whatever a check raises over the reference; fixtures are not made from such a one.
    """
    functions = load_reference(assignment)
    owners = {code: name for name, function in functions.items() for code in codes_of(function)}
    found = {}
    for check in assignment.checks:
        np.random.seed(check.seed)
        with watched(owners) as seen:
            run_locally(assignment, check, functions)
        found[check.id] = frozenset(seen)
    return found


def codes_of(function: Callable[..., Any]) -> Iterator[CodeType]:
    """The code of a function, or that of every method of a class, inherited ones too."""
    if not isinstance(function, type):
        yield function.__code__
        return
    for base in function.__mro__:
        for member in vars(base).values():
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
