"""Adjustments: points that a person gives or takes, with a reason.

Each part of a submission has at most one adjustment, so if one is sent twice, it counts once; a different second one
changes the first. An adjustment belongs to a submission, not to an attempt or a run, so it survives regrades.
"""

from __future__ import annotations

import math
from typing import Any

from sqlalchemy import Connection, Row, select

from grader.decisions import ADD, ANSWER, FUNCTION, MODES, WHOLE, Adjustment, Attempt, Part
from grader.errors import UsageError
from grader.gradebook.book import Gradebook
from grader.gradebook.changes import find, moment, put, take_away
from grader.gradebook.naming import find_assignment, find_part, find_subject, one_line, paragraph
from grader.gradebook.runs import read_attempts
from grader.gradebook.tables import adjustments

WHAT = "adjustment"


def adjust(
    book: Gradebook,
    assignment: str,
    points: float,
    reason: str,
    *,
    who: str,
    submission: str = "",
    student: str = "",
    part: Part = WHOLE,
    mode: str = ADD,
    comment: str = "",
    seen: int | None = 0,
) -> Adjustment:
    """Add or set points: for a part of a submission, or for the whole submission of one student.

    mode: ADD points to the earned points, or SET the points. reason: required; all readers of the page see it.
    comment: further text for the student. seen: the revision of the adjustment to change, 0 for a new one, None to
    replace any. Raises NotInGradebook; UsageError for points that the part cannot have; StaleEdit if `seen` is not the
    stored revision.
    """
    with book.writing() as connection:
        about: dict[str, Any] = {"submission": submission, "student": student, "part": part, "seen": seen}
        given: dict[str, Any] = {"points": points, "mode": mode, "reason": reason, "comment": comment}
        return adjust_in(connection, book.place, assignment, who=who, **about, **given)


def adjust_in(
    connection: Connection,
    place: str,
    assignment: str,
    *,
    points: float,
    reason: str,
    who: str,
    submission: str,
    student: str,
    part: Part,
    mode: str,
    comment: str,
    seen: int | None,
) -> Adjustment:
    """Do the same as `adjust`, inside a transaction of the caller."""
    whose = submission or student
    who, reason = one_line(who, "who"), paragraph(reason, f"{whose}: reason", needed=True)
    comment = paragraph(comment, f"{whose}: comment")
    if student and part != WHOLE:
        raise UsageError(f"{whose}: {part} is a submission's, expected the whole. Adjust the submission instead.")
    row, subject, columns = find_subject(connection, assignment, submission, student, place)
    find_part(row, part, place)
    check_points(row, part, mode, points, whose)
    earned = earned_by(read_attempts(connection, row.id, [submission], points=1), part) if submission else None
    where = {**columns, "kind": part.kind, "name": part.name}
    values = {"mode": mode, "points": float(points), "reason": reason, "comment": comment, "earned_then": earned}
    made = put(
        connection,
        adjustments,
        where,
        values,
        who=who,
        what=WHAT,
        subject=subject,
        seen=seen,
        circumstances=["earned_then"],
    )
    return adjustment_from(made)


def withdraw_adjustment(
    book: Gradebook,
    assignment: str,
    *,
    who: str,
    submission: str = "",
    student: str = "",
    part: Part = WHOLE,
    seen: int | None = None,
) -> bool:
    """Delete an adjustment; the history keeps its last state. Returns False if there was none."""
    who = one_line(who, "who")
    with book.writing() as connection:
        _, subject, columns = find_subject(connection, assignment, submission, student, book.place)
        where = {**columns, "kind": part.kind, "name": part.name}
        return take_away(connection, adjustments, where, who=who, what=WHAT, subject=subject, seen=seen)


def adjustments_of(book: Gradebook, assignment: str, *, submission: str = "", student: str = "") -> list[Adjustment]:
    """Return the adjustments of an assignment, or of one submission or student, oldest first."""
    with book.reading() as connection:
        row = find_assignment(connection, assignment, book.place)
        return read_adjustments(connection, row.id, submission=submission, student=student)


def read_adjustments(
    connection: Connection, assignment: int, *, submission: str = "", student: str = ""
) -> list[Adjustment]:
    query = select(adjustments).where(adjustments.c.assignment_id == assignment).order_by(adjustments.c.id)
    for name, wanted in (("submission", submission), ("student", student)):
        if wanted:
            query = query.where(adjustments.c[name] == wanted)
    return list(map(adjustment_from, connection.execute(query)))


def adjustment_from(row: Row[Any]) -> Adjustment:
    names = ("submission", "student", "mode", "points", "reason", "comment", "who", "revision", "earned_then")
    values = {name: row._mapping[name] for name in names}
    return Adjustment(**values, part=Part(row.kind, row.name), when=moment(row.made_at))


def check_points(assignment: Row[Any], part: Part, mode: str, points: float, place: str) -> None:
    """Raise UsageError for impossible points: more than the part's maximum, or not a number."""
    if mode not in MODES:
        raise UsageError(f"{place}: mode {mode!r}, expected {' or '.join(MODES)}.")
    if not math.isfinite(points) or abs(points) > 1e6:
        raise UsageError(f"{place}: {points} points, expected a number.")
    worth = {FUNCTION: assignment.functions, ANSWER: assignment.questions}.get(part.kind, {}).get(part.name)
    least = -math.inf if mode == ADD else 0.0
    if worth is None:
        if points < least:
            raise UsageError(f"{place}: {points:g} points for the whole, expected 0 or more.")
        return
    if not max(least, -worth) <= points <= worth:
        expected = f"from {-worth:g} to {worth:g}" if mode == ADD else f"from 0 to {worth:g}"
        raise UsageError(f"{place}: {points:g} points for {part}, expected {expected}.")


def earned_by(attempts: list[Attempt], part: Part) -> float | None:
    """Return the points that the latest attempt earned for a part: staff see these points when they decide."""
    if not attempts:
        return None
    one = attempts[-1]
    if part.kind == FUNCTION:
        return one.functions.get(part.name, (None, None))[0]
    return one.answers.get(part.name, (None, None))[0] if part.kind == ANSWER else one.score


def adjustment_of(
    book: Gradebook, assignment: str, part: Part = WHOLE, *, submission: str = "", student: str = ""
) -> Adjustment | None:
    """Return the adjustment of a part, or None."""
    with book.reading() as connection:
        _, _, columns = find_subject(connection, assignment, submission, student, book.place)
        row = find(connection, adjustments, {**columns, "kind": part.kind, "name": part.name})
        return adjustment_from(row) if row is not None else None
