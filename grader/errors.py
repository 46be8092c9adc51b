"""What can go wrong on our side. A student's failure is never one of these: it is data (a CheckResult with a status).

    GraderError                 exit 3: a fault of the grader, its set-up or its files; takes no mark away
    ├── AssignmentError         assignment.toml, a check or a misconception is not as it must be
    │   └── FixtureError        an expected array is absent, damaged or not what the manifest says
    ├── SandboxError            no isolation to be had, or the sandbox itself failed
    └── UsageError              exit 2: what was asked for cannot be (a path that does not exist)

The command line turns them into exit codes in one place (grader/cli/main.py).
"""

from __future__ import annotations

from typing import Any


class GraderError(Exception):
    """A fault of ours. The text has the form *place: what was found, what was expected. What to do next.*

    reason: the same as a Reason, where a page shows it (messages/say.py, fault), or None.
    """

    reason: Any = None


class AssignmentError(GraderError):
    """The assignment folder is not as it must be."""


class FixtureError(AssignmentError):
    """An expected array is absent, damaged or older than what it was made from."""


class SandboxError(GraderError):
    """Isolation is not available, or failed for a reason that is not the student's."""


class UsageError(GraderError):
    """The command was asked for something that cannot be done."""
