"""What can go wrong on our side. A student's failure is never one of these: it is data (a CheckResult with a status).

None of these takes a mark away. The command line turns them into exit codes in one place (grader/cli/main.py).
"""

from __future__ import annotations

from typing import Any


class GraderError(Exception):
    """A fault of the grader, its set-up or its files: exit code 3.

    The text has the form *place: what was found, what was expected. What to do next.*
    """

    reason: Any = None  # the same as a Reason, where a page shows it (messages/say.py, fault)


class AssignmentError(GraderError):
    """assignment.toml, a check or a misconception is not as it must be."""


class FixtureError(AssignmentError):
    """An expected array is absent, damaged or older than what it was made from."""


class SandboxError(GraderError):
    """Isolation is not available, or failed for a reason that is not the student's."""


class UsageError(GraderError):
    """The command was asked for what cannot be done, over a path that does not exist for one: exit code 2."""
