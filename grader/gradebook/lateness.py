"""Stores times, extensions and late days that staff enter. settle_grade.py computes what they cost, by [late]."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from grader.decisions import LateDays, MoreTime
from grader.errors import UsageError
from grader.gradebook.book import Gradebook
from grader.gradebook.changes import moment, note, put, take_away
from grader.gradebook.naming import find_assignment, find_hand_in, find_subject, lacks, one_line, paragraph
from grader.gradebook.runs import point_ends, read_attempts
from grader.gradebook.tables import attempts, extensions, hand_ins, late_days

MOST_DAYS = 366


def extend(
    book: Gradebook,
    assignment: str,
    days: float,
    reason: str,
    *,
    who: str,
    submission: str = "",
    student: str = "",
    seen: int | None = 0,
) -> MoreTime:
    """Give a student or all members of a submission more time, in days of 24 hours; 0 ends an extension.

    seen: the revision of the extension to change, 0 for a new one, None to replace any.
    Raises NotInGradebook, UsageError, StaleEdit.
    """
    who, why = one_line(who, "who"), paragraph(reason, "reason", needed=True)
    if not 0 <= days <= MOST_DAYS:
        raise UsageError(f"{submission or student}: {days:g} days, expected 0 to {MOST_DAYS}.")
    with book.writing() as connection:
        _, subject, columns = find_subject(connection, assignment, submission, student, book.place)
        values = {"days": float(days), "reason": why}
        made = put(connection, extensions, columns, values, who=who, what="extension", subject=subject, seen=seen)
    return extension_from(made)


def extensions_of(book: Gradebook, assignment: str) -> list[MoreTime]:
    with book.reading() as connection:
        return read_extensions(connection, find_assignment(connection, assignment, book.place).id)


def read_extensions(connection: Connection, assignment: int) -> list[MoreTime]:
    query = select(extensions).where(extensions.c.assignment_id == assignment).order_by(extensions.c.id)
    return list(map(extension_from, connection.execute(query)))


def extension_from(row: Row[Any]) -> MoreTime:
    return MoreTime(row.submission, row.student, row.days, row.reason, row.who, moment(row.made_at), row.revision)


def enter_late_days(
    book: Gradebook,
    assignment: str,
    submission: str,
    days: int,
    reason: str,
    *,
    who: str,
    attempt: int | None = None,
    seen: int | None = 0,
) -> LateDays:
    """Enter the number of late days of an attempt, by default the latest.

    These days are charged as they are: the attempt's time and extensions no longer matter. Raises NotInGradebook,
    UsageError, StaleEdit.
    """
    who, why = one_line(who, "who"), paragraph(reason, "reason", needed=True)
    if not 0 <= days <= MOST_DAYS or days != math.floor(days):
        raise UsageError(f"{submission}: {days} late days, expected a whole number from 0 to {MOST_DAYS}.")
    with book.writing() as connection:
        row, subject, _ = find_subject(connection, assignment, submission, "", book.place)
        about = find_attempt(connection, row, submission, attempt, book.place)
        values = {"days": int(days), "reason": why}
        where = {"attempt_id": about.id}
        made = put(connection, late_days, where, values, who=who, what="late days", subject=subject, seen=seen)
    return LateDays(submission, about.number, made.days, why, made.who, moment(made.made_at), made.revision)


def withdraw_late_days(
    book: Gradebook, assignment: str, submission: str, *, who: str, attempt: int | None = None, seen: int | None = None
) -> bool:
    """Delete entered late days, so that the attempt's time counts again. Returns False if there were none."""
    with book.writing() as connection:
        row, subject, _ = find_subject(connection, assignment, submission, "", book.place)
        about = find_attempt(connection, row, submission, attempt, book.place)
        where = {"attempt_id": about.id}
        return take_away(connection, late_days, where, who=who, what="late days", subject=subject, seen=seen)


def find_attempt(
    connection: Connection, assignment: Row[Any], submission: str, number: int | None, place: str
) -> Row[Any]:
    """Return the attempt with this number, or the latest attempt."""
    hand_in = find_hand_in(connection, assignment, submission, place)
    if number is None:
        number = read_attempts(connection, assignment.id, [submission], points=0)[-1].number
    rows = connection.execute(select(attempts).where(attempts.c.hand_in_id == hand_in.id)).all()
    for row in rows:
        if row.number == number:
            return row
    raise lacks(f"{place}, {submission}", "attempt", str(number), (str(row.number) for row in rows))


def read_late_days(connection: Connection, assignment: int) -> dict[str, dict[int, LateDays]]:
    """Return entered late days: submission → number of the attempt → LateDays."""
    query = select(hand_ins.c.submission, attempts.c.number, late_days).select_from(late_days).join(attempts)
    query = query.join(hand_ins).where(hand_ins.c.assignment_id == assignment)
    found: dict[str, dict[int, LateDays]] = {}
    for row in connection.execute(query):
        one = LateDays(row.submission, row.number, row.days, row.reason, row.who, moment(row.made_at), row.revision)
        found.setdefault(row.submission, {})[row.number] = one
    return found


def late_days_of(book: Gradebook, assignment: str) -> dict[str, dict[int, LateDays]]:
    """Return the late days that staff entered: submission → number of the attempt → LateDays."""
    with book.reading() as connection:
        return read_late_days(connection, find_assignment(connection, assignment, book.place).id)


def set_times(book: Gradebook, assignment: str, times: Mapping[str, datetime], *, who: str) -> int:
    """Enter the times (with zones) at which the latest attempts of submissions were handed in.

    Returns the number of changed times. For an unknown submission, writes nothing and raises NotInGradebook.
    """
    who = one_line(who, "who")
    changed = 0
    with book.writing() as connection:
        row = find_assignment(connection, assignment, book.place)
        for submission, when in times.items():
            about = find_attempt(connection, row, submission, None, book.place)
            seconds = when.timestamp()
            if about.submitted_at == seconds:
                continue
            before = {} if about.submitted_at is None else {"submitted_at": moment(about.submitted_at).isoformat()}
            after = {"attempt": about.number, "submitted_at": moment(seconds).isoformat()}
            subject = {"assignment": assignment, "submission": submission}
            note(connection, who, "time", "changed" if before else "made", subject, before=before, after=after)
            connection.execute(update(attempts).where(attempts.c.id == about.id).values(submitted_at=seconds))
            changed += 1
        point_ends(connection, row.id)
    return changed
