"""The programs of checks: recorded and encoded once in a process, and sent to every submission.

    a check's function ──► on placeholders, with inputs from its own seed ──► Program, kept beside the function

A recording sees no submission: what a placeholder stands for is nobody's value. So a program may be kept for others.
The secret inputs of follow-through never become one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np

from grader.calls import Call, Classes
from grader.judging.adapt import Handout, adapt
from grader.judging.placeholder import Placeholder
from grader.judging.run_check_function import perform
from grader.judging.student_proxy import Student
from grader.records import Check
from grader.sandbox.host.program import Program, record

# By the function that a check is made of, and the handout that it is asked in the words of.
KEPT: Final[WeakKeyDictionary[Callable[..., Any], dict[str, Program | None]]] = WeakKeyDictionary()


def program_of(
    check: Check, handout: Handout, arities: Sequence[tuple[str, int]], functions: frozenset[str], classes: Classes
) -> Program | None:
    """What the check calls until it first looks at a value; None where it looks before it calls."""
    kept = KEPT.setdefault(check.run, {})
    if handout.name not in kept:

        def work(call: Call) -> Mapping[str, Any]:
            student = Student(adapt(call, handout), functions, classes)
            # The reference answers elsewhere, and not before the check runs.
            reference = Student(lambda function, args, kwargs: Placeholder("elsewhere", ()), functions, classes)
            return perform(check.run, student, np.random.RandomState(check.seed), reference).values

        kept[handout.name] = record(work, arities)
    return kept[handout.name]
