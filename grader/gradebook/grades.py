"""Computes grades, of an assignment or of one submission, from one state of the gradebook.

settle_grade.py computes all numbers of a Grade from its parts, and no grade is stored. For 10,000 students this takes
a fraction of a second. A caller that shows grades often may keep the list while `state_of` stays the same.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from grader.decisions import FUNCTION, Adjustment, Attempt, Comment, Grade, MoreTime, Person, RegradeRequest, Rules
from grader.gradebook.adjusting import read_adjustments
from grader.gradebook.book import Gradebook
from grader.gradebook.commenting import read_comments
from grader.gradebook.lateness import read_extensions, read_late_days
from grader.gradebook.naming import find_assignment, find_hand_in, rules_from_json
from grader.gradebook.publishing import opened_at, read_publishing
from grader.gradebook.requests import read_requests
from grader.gradebook.runs import read_attempts
from grader.gradebook.students import read_members, read_students
from grader.gradebook.tables import hand_ins, history, runs
from grader.settle_grade import settle


def grades_of(book: Gradebook, assignment: str) -> list[Grade]:
    """Return a grade for each student of the roster, even without a submission, sorted by name; then one for each
    submission without a student, sorted by id.
    """
    with book.reading() as connection:
        parts = Parts(connection, find_assignment(connection, assignment, book.place))
        return parts.grades()


def pages_of(book: Gradebook, assignment: str) -> dict[str, Grade]:
    """Return for each submission the grade that its pages show. A group shares a page, so the page leaves out what
    applies to one member only: a member's own adjustment, and the late days if members have different extensions
    (late_differs).
    """
    with book.reading() as connection:
        parts = Parts(connection, find_assignment(connection, assignment, book.place))
        return {submission: parts.page(submission) for submission in parts.attempts}


def grade_of(book: Gradebook, assignment: str, submission: str) -> Grade:
    """Return the grade that a submission's pages show (see pages_of). Raises NotInGradebook."""
    with book.reading() as connection:
        row = find_assignment(connection, assignment, book.place)
        hand_in = find_hand_in(connection, row, submission, book.place)
        return Parts(connection, row, hand_in).page(submission)


def grades_again(book: Gradebook, assignment: str, submission: str) -> list[Grade]:
    """Return the grades of one submission, as in grades_of: one for each member, or one if it has no student."""
    with book.reading() as connection:
        row = find_assignment(connection, assignment, book.place)
        parts = Parts(connection, row, find_hand_in(connection, row, submission, book.place))
        team = parts.members.get(submission, ())
        return [parts.settle(submission, one) for one in team] or [parts.settle(submission)]


def attempts_to_count(book: Gradebook, assignment: str, *, checks: bool) -> list[Attempt]:
    """Return all attempts that may count, with points by function. checks: also with points by check."""
    with book.reading() as connection:
        row = find_assignment(connection, assignment, book.place)
        counts = rules_from_json(row.rules).counts
        return read_attempts(connection, row.id, points=2 if checks else 1, counting=counts)


def state_of(book: Gradebook) -> tuple[int, int]:
    """Return the numbers of the last change and the last run. While both stay the same, all grades do."""
    with book.reading() as connection:
        last = (connection.execute(select(func.max(table.c.id))).scalar() for table in (history, runs))
        change, run = (number or 0 for number in last)
        return change, run


class Parts:
    """All data for the grades of one assignment, read in one transaction."""

    def __init__(self, connection: Connection, assignment: Row[Any], submission: Row[Any] | None = None) -> None:
        """submission: if given, read only the data of this submission."""
        name = submission.submission if submission is not None else ""
        self.title: str = assignment.title
        self.rules: Rules = rules_from_json(assignment.rules)
        self.max_score = sum(assignment.functions.values())
        self.people = read_students(connection, submission.id if submission is not None else None)
        self.members = read_members(connection, assignment.id, self.people)
        decided = read_adjustments(connection, assignment.id)
        self.adjustments: dict[tuple[str, str], list[Adjustment]] = gather(decided)
        self.extensions: dict[tuple[str, str], list[MoreTime]] = gather(read_extensions(connection, assignment.id))
        self.late_days = read_late_days(connection, assignment.id)
        self.publishing = read_publishing(connection, assignment.id)
        self.now = datetime.now(UTC)
        self.comments: dict[str, list[Comment]] = defaultdict(list)
        for comment in read_comments(connection, assignment.id, name):
            self.comments[comment.submission].append(comment)
        self.requests: dict[str, list[RegradeRequest]] = defaultdict(list)
        for request in read_requests(connection, assignment.id, name):
            self.requests[request.submission].append(request)
        self.attempts: dict[str, list[Attempt]] = {}
        only = [name] if name else None
        for one in read_attempts(connection, assignment.id, only, points=0, counting=self.rules.counts):
            self.attempts.setdefault(one.submission, []).append(one)
        adjusted = {one.submission for one in decided if one.part.kind == FUNCTION} & {*self.attempts}
        if adjusted:  # adjusted grades also need points by function
            self.attempts |= {submission: [] for submission in adjusted}
            for one in read_attempts(connection, assignment.id, adjusted, points=1, counting=self.rules.counts):
                self.attempts[one.submission].append(one)

    def grades(self) -> list[Grade]:
        whose = {one.key: submission for submission, team in self.members.items() for one in team}
        ordered = sorted(self.people, key=lambda one: (one.name.casefold(), one.key))
        found = [self.settle(whose.get(one.key, ""), one) for one in ordered]
        without_student = sorted(submission for submission in self.attempts if not self.members.get(submission))
        found += [self.settle(submission) for submission in without_student]
        most = Counter(one.max_answers for one in found if one.submission).most_common(1)
        if most and most[0][0]:  # students without a submission get the maximum of the others
            found = [one if one.submission else replace(one, max_answers=most[0][0]) for one in found]
        return found

    def page(self, submission: str) -> Grade:
        subjects = [(submission, ""), *(("", one.key) for one in self.members.get(submission, ()))]
        extensions = [one for subject in subjects for one in self.extensions.get(subject, ())]
        opened = opened_at(self.now, self.publishing, self.rules, extensions)
        return replace(self.shared(submission), opened=opened)

    def shared(self, submission: str) -> Grade:
        team = self.members.get(submission, ())
        if len(team) < 2:
            return self.settle(submission, *team)
        shared = self.settle(submission)
        lines = {self.settle(submission, one).late for one in team}
        return replace(shared, late=None, late_differs=True, total=None) if len(lines) > 1 else shared

    def settle(self, submission: str, student: Person | None = None) -> Grade:
        subjects = [(submission, "")] if submission else []
        subjects += [("", student.key)] if student else []
        grade = settle(
            self.title,
            self.attempts.get(submission, ()),
            self.rules,
            submission=submission,
            student=student,
            members=self.members.get(submission, ()),
            adjustments=[one for subject in subjects for one in self.adjustments.get(subject, ())],
            extensions=[one for subject in subjects for one in self.extensions.get(subject, ())],
            late_days=self.late_days.get(submission),
            max_score=self.max_score,
        )
        if submission in self.comments or submission in self.requests:
            comments, requests = self.comments.get(submission, ()), self.requests.get(submission, ())
            grade = replace(grade, comments=tuple(comments), requests=tuple(requests))
        return grade


def gather(decided: Iterable[Any]) -> dict[tuple[str, str], list[Any]]:
    """Return decisions by (submission, student)."""
    found: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for one in decided:
        found[one.submission, one.student].append(one)
    return found


def submissions_of(book: Gradebook, assignment: str) -> list[str]:
    """Return the ids of all submissions of an assignment."""
    with book.reading() as connection:
        row = find_assignment(connection, assignment, book.place)
        query = select(hand_ins.c.submission).where(hand_ins.c.assignment_id == row.id)
        return sorted(connection.execute(query).scalars())
