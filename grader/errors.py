"""Errors on our side. A student's failure is never an exception: it is data (a CheckResult with a status).

No error here takes a mark away. grader/cli/main.py alone turns these errors into exit codes.
"""

from __future__ import annotations

from typing import Any


class GraderError(Exception):
    """A fault of the grader, its set-up or its files: exit code 3.

    The text has the form *place: what was found, what was expected. What to do next.*
    """

    reason: Any = None  # the text as a Reason, if a page shows it (messages/say.py, fault)


class AssignmentError(GraderError):
    """assignment.toml, a check or a misconception is invalid."""


class FixtureError(AssignmentError):
    """An expected array is missing, damaged or older than the sources it was made from."""


class SandboxError(GraderError):
    """Isolation is not available, or it failed for a reason other than the student's code."""


class UsageError(GraderError):
    """The command cannot do what its arguments say, for example because a path does not exist: exit code 2."""
