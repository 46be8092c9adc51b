"""Runs a check's function on the code under test, and makes named values from its return value.

The check's function is trusted, but it may return any value that the code under test returned.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from grader.definitions import Gradients
from grader.errors import AssignmentError
from grader.messages.say import fault
from grader.records import Reason


@dataclass(frozen=True)
class ReturnedValues:
    """The return value of a check: all named values, and the Gradients if the check returned them."""

    values: Mapping[str, Any]
    gradients: Gradients | None


def perform(run: Callable[..., Any], student: Any, rng: np.random.RandomState, reference: Any) -> ReturnedValues:
    """Run a check's function.

    If it has a third parameter, it also gets the reference, to measure student values. Raises AssignmentError if the
    function does not return named arrays, and every exception of the function.
    """
    return named_values(run(student, rng, reference) if takes_reference(run) else run(student, rng))


def named_values(returned: Any) -> ReturnedValues:
    """Return a check's result as ReturnedValues. Raises AssignmentError if it does not consist of named arrays."""
    if isinstance(returned, Gradients) and returned.claims:
        claimed = {name: claim for name, (claim, _) in returned.claims.items()}
        return ReturnedValues({**returned.values, **claimed}, returned)
    if isinstance(returned, dict) and returned and all(isinstance(name, str) for name in returned):
        return ReturnedValues(returned, None)
    raise fault(Reason.of("check_returned", type=type(returned).__name__), AssignmentError)


@cache
def takes_reference(run: Callable[..., Any]) -> bool:
    return len(inspect.signature(run).parameters) > 2
