"""Run a check's function on the code under test, and turn its return value into named values.

The check's author is trusted; the values that it returns may be anything that the code under test returned.
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
    """What a check returned, in one form: all named values, and the gradients among them or None."""

    values: Mapping[str, Any]
    gradients: Gradients | None


def perform(run: Callable[..., Any], student: Any, rng: np.random.RandomState, reference: Any) -> ReturnedValues:
    """Run a check. A check with a third argument gets the reference, to measure what the student's code made.

    Raises AssignmentError if the check returns anything but named arrays, and whatever the check raises.
    """
    return named_values(run(student, rng, reference) if takes_reference(run) else run(student, rng))


def named_values(returned: Any) -> ReturnedValues:
    """Bring a check's return value into one form. Raises AssignmentError for anything but named arrays."""
    if isinstance(returned, Gradients) and returned.claims:
        claimed = {name: claim for name, (claim, _) in returned.claims.items()}
        return ReturnedValues({**returned.values, **claimed}, returned)
    if isinstance(returned, dict) and returned and all(isinstance(name, str) for name in returned):
        return ReturnedValues(returned, None)
    raise fault(Reason.of("check_returned", type=type(returned).__name__), AssignmentError)


@cache
def takes_reference(run: Callable[..., Any]) -> bool:
    return len(inspect.signature(run).parameters) > 2
