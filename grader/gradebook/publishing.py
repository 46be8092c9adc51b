"""Stores when an assignment's marks are published, and decides which checks a student may see.

Checks with `after_due_date` open after the student's own due time (with the extension), checks with `after_published`
at the time that staff set. A page shows the checks that are open when the page is written; grading again updates it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from grader.decisions import MoreTime, Publishing, Rules
from grader.errors import UsageError
from grader.gradebook.book import Gradebook
from grader.gradebook.changes import find, moment, put, take_away
from grader.gradebook.naming import find_assignment, one_line
from grader.gradebook.tables import publishings
from grader.records import AFTER_DUE_DATE, AFTER_PUBLISHED

WHAT = "publishing"


def publish(book: Gradebook, assignment: str, at: datetime, *, who: str, seen: int | None) -> Publishing:
    """Set the time from which on the marks are published; `at` needs a zone. seen: the revision to change, 0 for none.

    Raises NotInGradebook, UsageError for a time without a zone, StaleEdit.
    """
    who = one_line(who, "who")
    if at.tzinfo is None:
        raise UsageError(f"{at}: has no time zone, expected one, such as +01:00. Add it.")
    with book.writing() as connection:
        row = find_assignment(connection, assignment, book.place)
        where, values = {"assignment_id": row.id}, {"at": at.timestamp()}
        subject = {"assignment": assignment}
        made = put(connection, publishings, where, values, who=who, what=WHAT, subject=subject, seen=seen)
    return publishing_from(made)


def withdraw_publishing(book: Gradebook, assignment: str, *, who: str, seen: int | None = None) -> bool:
    """Delete the time of publishing. Students may have seen marks before. Returns False if no time was set."""
    who = one_line(who, "who")
    with book.writing() as connection:
        where = {"assignment_id": find_assignment(connection, assignment, book.place).id}
        subject = {"assignment": assignment}
        return take_away(connection, publishings, where, who=who, what=WHAT, subject=subject, seen=seen)


def publishing_of(book: Gradebook, assignment: str) -> Publishing | None:
    """Return the time of publishing, or None if it is not set."""
    with book.reading() as connection:
        return read_publishing(connection, find_assignment(connection, assignment, book.place).id)


def read_publishing(connection: Connection, assignment: int) -> Publishing | None:
    row = find(connection, publishings, {"assignment_id": assignment})
    return publishing_from(row) if row is not None else None


def publishing_from(row: Row[Any]) -> Publishing:
    return Publishing(moment(row.at), row.who, moment(row.made_at), row.revision)


def opened_at(
    now: datetime, publishing: Publishing | None, rules: Rules, extensions: Iterable[MoreTime]
) -> tuple[str, ...]:
    """Return the visibilities that are open at this time. extensions: of the submission and all its members."""
    days = max((one.days for one in extensions), default=0.0)
    due = rules.late.due + timedelta(days=days) if rules.late else None
    opened = [AFTER_DUE_DATE] if due and now > due else []
    return (*opened, AFTER_PUBLISHED) if publishing and now >= publishing.at else tuple(opened)
