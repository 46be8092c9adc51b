"""Finds records by name, and checks texts. If a name is unknown, the error lists known names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from grader.decisions import ANSWER, FUNCTION, WHOLE, LatePolicy, Part, Rules
from grader.errors import UsageError
from grader.gradebook.book import Gradebook, NotInGradebook
from grader.gradebook.tables import assignments, hand_ins, students
from grader.graded_runs import GradedAssignment
from grader.intake.names import clean, show

LONGEST_NAME: Final = 200
LONGEST_TEXT: Final = 4_000
MOST_NAMED: Final = 5


def one_line(text: str, what: str) -> str:
    """Return a name as it is stored: one line without control characters. Raises UsageError if it is empty or too
    long."""
    cleaned = clean(" ".join(text.split()))
    if not cleaned or len(cleaned) > LONGEST_NAME:
        found = "is empty" if not cleaned else f"has {len(cleaned)} letters"
        raise UsageError(f"{what}: {found}, expected 1 to {LONGEST_NAME}.")
    return cleaned


def paragraph(text: str, what: str, *, needed: bool = False) -> str:
    """Return a reason or a comment as it is stored: lines without control characters. Raises UsageError."""
    lines = (clean(line.expandtabs(4)) for line in text.replace("\r\n", "\n").split("\n"))
    cleaned = "\n".join(lines).strip()
    if needed and not cleaned:
        raise UsageError(f"{what}: is empty. Give one: the student reads it.")
    if len(cleaned) > LONGEST_TEXT:
        raise UsageError(f"{what}: has {len(cleaned)} letters, expected at most {LONGEST_TEXT}.")
    return cleaned


def lacks(place: str, what: str, name: str, known: Iterable[str]) -> NotInGradebook:
    """Return the error for an unknown name, with similar names, or else some known names."""
    there = sorted(known)
    close = get_close_matches(name, there, MOST_NAMED) or there[:MOST_NAMED]
    names = ", ".join(map(show, close))
    hint = f" There are: {names}{', …' if len(there) > len(close) else ''}." if close else ""
    return NotInGradebook(f"{place}: there is no {what} {show(name)!r}.{hint}")


def find_assignment(connection: Connection, title: str, place: str) -> Row[Any]:
    row = connection.execute(select(assignments).where(assignments.c.title == title)).one_or_none()
    if row is None:
        titles = connection.execute(select(assignments.c.title)).scalars().all()
        raise lacks(place, "assignment", title, titles)
    return row


def find_hand_in(connection: Connection, assignment: Row[Any], submission: str, place: str) -> Row[Any]:
    own = hand_ins.c.assignment_id == assignment.id
    row = connection.execute(select(hand_ins).where(own, hand_ins.c.submission == submission)).one_or_none()
    if row is None:
        known = connection.execute(select(hand_ins.c.submission).where(own)).scalars().all()
        raise lacks(place, "submission", submission, known)
    return row


def find_student(connection: Connection, student: str, place: str) -> Row[Any]:
    row = connection.execute(select(students).where(students.c.key == student)).one_or_none()
    if row is None:
        raise lacks(place, "student", student, connection.execute(select(students.c.key)).scalars().all())
    return row


def find_subject(
    connection: Connection, assignment: str, submission: str, student: str, place: str
) -> tuple[Row[Any], dict[str, str], dict[str, Any]]:
    """Return the assignment's row, the change's subject for the history, and the columns that identify it in a table.

    Raises NotInGradebook; UsageError unless exactly one of submission and student is given.
    """
    if bool(submission) == bool(student):
        raise UsageError(f"{place}: expected a submission or a student, and not both.")
    row = find_assignment(connection, assignment, place)
    if submission:
        find_hand_in(connection, row, submission, place)
    else:
        find_student(connection, student, place)
    about = {"submission": submission, "student": student}
    return row, {"assignment": assignment, **about}, {"assignment_id": row.id, **about}


def find_part(assignment: Row[Any], part: Part, place: str) -> Part:
    """Return the part. Raises NotInGradebook if the assignment does not have it."""
    known = {FUNCTION: assignment.functions, ANSWER: assignment.questions}.get(part.kind)
    if part != WHOLE and (known is None or part.name not in known):
        raise lacks(place, part.kind, part.name, known or ())
    return part


def part_named(assignment: GradedAssignment, name: str) -> Part:
    """Return the part with this name: "whole" or "", a function's id or the last word of one, or a question."""
    if name in ("", "whole"):
        return WHOLE
    if name in assignment.questions:
        return Part(ANSWER, name)
    ids = [one for one in assignment.functions if name in (one, one.rpartition(".")[2])]
    if len(ids) == 1:
        return Part(FUNCTION, ids[0])
    raise lacks(assignment.title, "function or question", name, [*assignment.functions, *assignment.questions])


def assignments_in(book: Gradebook) -> list[GradedAssignment]:
    """Return all assignments that were graded with this gradebook, oldest first."""
    with book.reading() as connection:
        return list(map(assignment_from, connection.execute(select(assignments).order_by(assignments.c.id))))


def assignment_named(book: Gradebook, title: str = "") -> GradedAssignment:
    """Return the assignment with this title, or without a title the only assignment. Raises NotInGradebook."""
    known = assignments_in(book)
    for one in known:
        if one.title == title or (not title and len(known) == 1):
            return one
    if title or not known:
        what = "nothing was graded with this gradebook yet. Run grader grade first."
        raise (
            lacks(book.place, "assignment", title, [one.title for one in known])
            if known
            else NotInGradebook(f"{book.place}: {what}")
        )
    titles = ", ".join(show(one.title) for one in known)
    raise NotInGradebook(f"{book.place}: there are {len(known)} assignments: {titles}. Name one with --title.")


def assignment_from(row: Row[Any]) -> GradedAssignment:
    return GradedAssignment(row.title, rules_from_json(row.rules), row.functions, row.questions)


def rules_to_json(rules: Rules) -> dict[str, Any]:
    late = rules.late
    return {"counts": rules.counts, "late": {**vars(late), "due": late.due.isoformat()} if late else None}


def rules_from_json(data: Mapping[str, Any]) -> Rules:
    late = data["late"]
    return Rules(data["counts"], LatePolicy(**{**late, "due": datetime.fromisoformat(late["due"])}) if late else None)
