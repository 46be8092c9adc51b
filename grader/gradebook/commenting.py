"""Comments on a submission for its student, and saved comments that staff use again.

If the same text on the same part is sent twice, only one comment is stored.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from grader.decisions import WHOLE, Comment, Part, SavedComment
from grader.errors import UsageError
from grader.gradebook.book import Gradebook
from grader.gradebook.changes import find, moment, put, take_away
from grader.gradebook.naming import find_assignment, find_part, find_subject, lacks, one_line, paragraph
from grader.gradebook.tables import comments, saved_comments

LONGEST_SAVED = 2_000


def add_comment(
    book: Gradebook, assignment: str, submission: str, text: str, *, who: str, part: Part = WHOLE
) -> Comment:
    """Add a comment on a submission, for its student. Raises NotInGradebook; UsageError for an empty text."""
    who, body = one_line(who, "who"), paragraph(text, f"{submission}: comment", needed=True)
    with book.writing() as connection:
        row, subject, columns = find_subject(connection, assignment, submission, "", book.place)
        find_part(row, part, book.place)
        where = {**columns, "kind": part.kind, "name": part.name, "body": body}

        made = put(connection, comments, where, {"body": body}, who=who, what="comment", subject=subject, seen=0)
    return comment_from(made)


def change_comment(book: Gradebook, number: int, text: str, *, who: str, seen: int | None) -> Comment:
    """Replace the text of a comment. seen: the comment's revision that the editor saw. Raises NotInGradebook,
    StaleEdit."""
    who, body = one_line(who, "who"), paragraph(text, f"comment {number}", needed=True)
    with book.writing() as connection:
        subject = subject_of(connection, number, book.place)
        where, values = {"id": number}, {"body": body}
        made = put(connection, comments, where, values, who=who, what="comment", subject=subject, seen=seen)
    return comment_from(made)


def withdraw_comment(book: Gradebook, number: int, *, who: str, seen: int | None = None) -> None:
    """Delete a comment; the history keeps it. Raises NotInGradebook, StaleEdit."""
    who = one_line(who, "who")
    with book.writing() as connection:
        subject = subject_of(connection, number, book.place)
        take_away(connection, comments, {"id": number}, who=who, what="comment", subject=subject, seen=seen)


def comments_of(book: Gradebook, assignment: str, submission: str = "") -> list[Comment]:
    """Return the comments of an assignment or of one submission, oldest first."""
    with book.reading() as connection:
        return read_comments(connection, find_assignment(connection, assignment, book.place).id, submission)


def read_comments(connection: Connection, assignment: int, submission: str = "") -> list[Comment]:
    query = select(comments).where(comments.c.assignment_id == assignment).order_by(comments.c.id)
    if submission:
        query = query.where(comments.c.submission == submission)
    return list(map(comment_from, connection.execute(query)))


def comment_from(row: Row[Any]) -> Comment:
    part = Part(row.kind, row.name)
    return Comment(row.id, row.submission, part, row.body, row.who, moment(row.made_at), row.revision)


def subject_of(connection: Connection, number: int, place: str) -> dict[str, str]:
    """Return the assignment and the submission of a comment, for the history."""
    from grader.gradebook.tables import assignments

    row = find(connection, comments, {"id": number})
    if row is None:
        raise lacks(place, "comment", str(number), ())
    title = connection.execute(select(assignments.c.title).where(assignments.c.id == row.assignment_id)).scalar_one()
    return {"assignment": title, "submission": row.submission, "student": ""}


def save_comment(book: Gradebook, assignment: str, text: str, *, who: str) -> SavedComment:
    """Save a text for use in further comments. Raises UsageError if the text is empty or too long."""
    who, body = one_line(who, "who"), paragraph(text, "saved comment", needed=True)
    if len(body) > LONGEST_SAVED:
        raise UsageError(f"saved comment: has {len(body)} letters, expected at most {LONGEST_SAVED}.")
    with book.writing() as connection:
        row = find_assignment(connection, assignment, book.place)
        where, subject = {"assignment_id": row.id, "body": body}, {"assignment": assignment}
        values, what = {"body": body}, "saved comment"
        made = put(connection, saved_comments, where, values, who=who, what=what, subject=subject, seen=None)
    return saved_from(made)


def forget_comment(book: Gradebook, assignment: str, number: int, *, who: str) -> bool:
    """Delete a saved text; comments with this text stay. Returns False if there is no such text."""
    with book.writing() as connection:
        row = find_assignment(connection, assignment, book.place)
        where, subject = {"assignment_id": row.id, "id": number}, {"assignment": assignment}
        return take_away(connection, saved_comments, where, who=who, what="saved comment", subject=subject, seen=None)


def saved_comments_of(book: Gradebook, assignment: str) -> list[SavedComment]:
    """Return the saved texts, oldest first."""
    with book.reading() as connection:
        row = find_assignment(connection, assignment, book.place)
        query = select(saved_comments).where(saved_comments.c.assignment_id == row.id).order_by(saved_comments.c.id)
        return list(map(saved_from, connection.execute(query)))


def saved_from(row: Row[Any]) -> SavedComment:
    return SavedComment(row.id, row.body, row.who, moment(row.made_at), row.revision)
