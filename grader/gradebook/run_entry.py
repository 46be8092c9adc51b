"""What a run of `grader grade` reads and writes in the gradebook, for a process that has imported SQLAlchemy early.

This module imports SQLAlchemy only inside its functions: the command that names them must not wait for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from importlib.util import find_spec

from grader.decisions import Grade
from grader.graded_runs import GradedAssignment, HandIn
from grader.pausing_gc import importing


def is_installed() -> bool:
    return find_spec("sqlalchemy") is not None


def load() -> None:
    """Import what the other functions need. Raises ModuleNotFoundError where the extra `gradebook` is not installed."""
    with importing():
        import sqlalchemy.dialects.sqlite  # noqa: F401

        import grader.gradebook.grades
        import grader.gradebook.runs  # noqa: F401


def make_gradebook(url: str) -> None:
    """Make the gradebook, unless it is there. Raises GraderError if it cannot be made."""
    load()
    from grader.gradebook.book import open_gradebook

    open_gradebook(url).close()


def read_grades(url: str, title: str) -> tuple[str, dict[str, Grade]]:
    """The gradebook's place for people, and what people decided so far, by submission.

    Raises GraderError if the gradebook cannot be read.
    """
    load()
    from grader.gradebook.book import NotInGradebook, open_gradebook
    from grader.gradebook.grades import pages_of

    grades: dict[str, Grade] = {}
    with open_gradebook(url) as book:
        with suppress(NotInGradebook):  # the first run of this assignment
            grades = pages_of(book, title)
        return book.place, grades


def enter_run(
    url: str,
    assignment: GradedAssignment,
    hand_ins: Sequence[HandIn],
    *,
    output: str,
    who: str,
    began: datetime,
    hashes: Mapping[str, str],
    counts: Mapping[str, int],
) -> tuple[int, dict[str, Grade]]:
    """Enter a run (see record_run).

    Returns how many submissions another output folder had first, and the grades as they are then, by submission.
    """
    load()
    from grader.gradebook.book import open_gradebook
    from grader.gradebook.grades import pages_of
    from grader.gradebook.runs import record_run

    with open_gradebook(url) as book:
        run = record_run(book, assignment, hand_ins, output=output, who=who, began=began, hashes=hashes, counts=counts)
        return run.counts.get("known", 0), pages_of(book, assignment.title)
