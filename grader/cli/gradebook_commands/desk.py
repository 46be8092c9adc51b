"""What every gradebook command shares: the gradebook, the assignment and the person; and the lines that it prints."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from grader.cli.run_record import INSTALL, user
from grader.decisions import ADD, Adjustment, Grade
from grader.errors import UsageError
from grader.graded_runs import GradedAssignment
from grader.intake.names import clean
from grader.report.text import number, signed

if TYPE_CHECKING:
    from grader.gradebook.book import Gradebook


@dataclass(frozen=True)
class Desk:
    """The options of `grader gradebook` that all its commands share: gradebook, title, name of the person."""

    url: str
    title: str
    named: str

    @property
    def who(self) -> str:
        return self.named or user()

    @contextmanager
    def open(self, *, make: bool = False) -> Iterator[Gradebook]:
        """Yield the gradebook. make: create the gradebook if it does not exist; otherwise this is an error."""
        try:
            from grader.gradebook.book import open_gradebook
        except ModuleNotFoundError as error:
            raise UsageError(f"gradebook: {error.name} is not installed. {INSTALL}.") from None
        with open_gradebook(self.url, make=make) as book:
            yield book

    @contextmanager
    def at(self) -> Iterator[tuple[Gradebook, GradedAssignment]]:
        """Yield the gradebook, and the assignment that the options select in it."""
        from grader.gradebook.naming import assignment_named

        with self.open() as book:
            yield book, assignment_named(book, self.title)


def say(line: str) -> None:
    """Print a line, without control characters: those in a student's text could change what the terminal shows."""
    click.echo("\n".join(map(clean, line.split("\n"))))


def adjustment_line(one: Adjustment) -> str:
    what = f"{signed(one.points)} points" if one.mode == ADD else f"{number(one.points)} points instead"
    return f"{one.part}: {what}, {one.reason!r}, by {one.who} at {one.when:%Y-%m-%d %H:%M} UTC"


def grade_lines(grade: Grade) -> Iterator[str]:
    """Yield lines that show a grade: one line for the total and one for each part."""
    total = "no grade" if grade.total is None else number(grade.total)
    yield f"{grade.submission or grade.names}: {total} of {number(grade.max_total)}"
    if grade.names:
        yield f"  of: {grade.names}"
    if grade.score is None:
        yield f"  the code: {grade.status}"
    else:
        which = f" (attempt {grade.attempt}, the latest is {grade.latest})" if grade.moved else ""
        yield f"  the code: {number(grade.score)} of {number(grade.max_score)}{which}"
    if grade.answers is not None:
        yield f"  answers: {number(grade.answers)} of {number(grade.max_answers)}"
    for item in grade.adjusted:
        yield f"  {signed(item.change)} {adjustment_line(item.adjustment)}"
        if item.is_stale:
            then, now = (("no points" if x is None else number(x)) for x in (item.adjustment.earned_then, item.earned))
            yield f"     look again: {item.adjustment.part} had earned {then} at that time, and has earned {now} now"
    if grade.late and grade.late.is_known:
        line = grade.late
        yield f"  {signed(line.points)} late: {line.days} days, {line.free_days} free: {number(line.percent)} %"
    elif grade.late_differs:
        yield "  late: not the same for all members; grader gradebook show without a name has the grade of each"
    elif grade.late:
        yield "  ? late, by how much is not known: enter the days with grader gradebook late"
    for comment in grade.comments:
        yield f"  comment {comment.number}, {comment.part}: {comment.text}"
    for request in grade.requests:
        yield f"  request {request.number}, {request.part}: {request.question}"
        yield f"     {request.answer or 'not answered yet'}"
