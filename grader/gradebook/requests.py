"""Stores regrade requests: a student's question about a submission, and the answer of staff."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Connection, Row, select

from grader.decisions import WHOLE, Part, RegradeRequest
from grader.gradebook.book import Gradebook
from grader.gradebook.changes import find, moment, put
from grader.gradebook.naming import find_assignment, find_part, find_student, find_subject, lacks, one_line, paragraph
from grader.gradebook.tables import assignments, requests


def ask(
    book: Gradebook, assignment: str, submission: str, question: str, *, who: str, student: str = "", part: Part = WHOLE
) -> RegradeRequest:
    """Enter a regrade request.

    student: who asks, if known. If the same question is sent twice, it is stored once. Raises NotInGradebook;
    UsageError for an empty question.
    """
    who, asked = one_line(who, "who"), paragraph(question, f"{submission}: question", needed=True)
    with book.writing() as connection:
        row, subject, columns = find_subject(connection, assignment, submission, "", book.place)
        find_part(row, part, book.place)
        if student:
            find_student(connection, student, book.place)
        where = {**columns, "student": student, "kind": part.kind, "name": part.name, "question": asked}
        same = connection.execute(select(requests).where(*(requests.c[name] == value for name, value in where.items())))
        if (known := same.first()) is not None:
            return request_from(known)
        values = {"asked_at": time.time(), "answer": ""}
        subject = {**subject, "student": student}
        made = put(connection, requests, where, values, who=who, what="request", subject=subject, seen=0)
    return request_from(made)


def answer(book: Gradebook, number: int, text: str, *, who: str, seen: int | None) -> RegradeRequest:
    """Answer a request, or change the answer. seen: the request's revision. Raises NotInGradebook, UsageError,
    StaleEdit."""
    who, said = one_line(who, "who"), paragraph(text, f"request {number}: answer", needed=True)
    with book.writing() as connection:
        row = find(connection, requests, {"id": number})
        if row is None:
            known = map(str, connection.execute(select(requests.c.id)).scalars())
            raise lacks(book.place, "request", str(number), known)
        query = select(assignments.c.title).where(assignments.c.id == row.assignment_id)
        subject = {
            "assignment": connection.execute(query).scalar_one(),
            "submission": row.submission,
            "student": row.student,
        }
        where, values = {"id": number}, {"answer": said}
        made = put(connection, requests, where, values, who=who, what="request", subject=subject, seen=seen)
    return request_from(made)


def requests_of(book: Gradebook, assignment: str, submission: str = "") -> list[RegradeRequest]:
    """Return the requests of an assignment or of one submission, oldest first."""
    with book.reading() as connection:
        return read_requests(connection, find_assignment(connection, assignment, book.place).id, submission)


def read_requests(connection: Connection, assignment: int, submission: str = "") -> list[RegradeRequest]:
    query = select(requests).where(requests.c.assignment_id == assignment).order_by(requests.c.id)
    if submission:
        query = query.where(requests.c.submission == submission)
    return list(map(request_from, connection.execute(query)))


def request_from(row: Row[Any]) -> RegradeRequest:
    return RegradeRequest(
        number=row.id,
        submission=row.submission,
        student=row.student,
        part=Part(row.kind, row.name),
        question=row.question,
        asked_at=moment(row.asked_at),
        answer=row.answer,
        who=row.who,
        when=moment(row.made_at),
        revision=row.revision,
    )
