"""Reads grades from the gradebook for an export: each student's grade, with all decisions and their reasons.

    gradebook ─► Grade of each student ─► HandBack     with the platform's number, and reasons and comments as text
    OUT/results, OUT/feedback ─► parts and page         from the last run of `grader grade`

Needs SQLAlchemy, so a command imports this module only when it has a gradebook to read.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from grader.decisions import ABSENT, WHOLE, Grade, Person
from grader.delivery.from_output import UNMARKED, owner_of, parts_of, read_fields, result_from
from grader.delivery.hand_back import GradePart, HandBack
from grader.gradebook.book import Gradebook
from grader.gradebook.grades import grades_of
from grader.records import GRADED
from grader.report.text import number
from grader.running.identities import read_ids
from grader.running.output_folder import result_path

DAYS_UNKNOWN = "late by an unknown number of days"


def hand_backs(
    book: Gradebook, title: str, out: Path, platform: str, *, with_answers: bool = True, with_parts: bool = False
) -> list[HandBack]:
    """Return a record for each student, and for each submission whose student is not on the roster.

    with_answers: the grade includes the points for answers, so there is no grade before all are marked. with_parts:
    also what each function earned. Raises NotInGradebook if the assignment is not in it.
    """
    persons = {known.id: known.person for known in read_ids(out)}
    found = []
    for grade in grades_of(book, title):
        page = out / "feedback" / f"{grade.submission}.html"
        student = grade.student or owner_as_student(persons.get(grade.submission, grade.submission), platform, title)
        parts = parts_in(grade, out) if with_parts else ()
        found.append(hand_back(grade, student, platform, page, parts, with_answers=with_answers))
    return found


def hand_back(
    grade: Grade,
    student: Person,
    platform: str,
    page: Path,
    parts: tuple[GradePart, ...],
    *,
    with_answers: bool,
) -> HandBack:
    given = [points or 0.0 for points, _ in grade.questions.values()]
    without = 0.0 if with_answers else sum(given)
    why = reason_for_no_grade(grade, with_answers)
    return HandBack(
        submission=grade.submission,
        name=student.name or student.key,
        grade=None if why or grade.total is None else grade.total - without,
        max_grade=grade.max_total if with_answers else grade.max_score,
        lms_id=lms_id_of(student, platform, grade.assignment),
        login=student.ids.get("login", ""),
        sis=student.ids.get("sis", ""),
        email=student.email,
        section=student.section,
        late=late_in_words(grade),
        comment=comment_of(grade),
        page=page if grade.submission and page.is_file() else None,
        parts=parts,
        no_grade=why,
        shared=len(grade.members) > 1,
    )


def reason_for_no_grade(grade: Grade, with_answers: bool) -> str:
    """Return why there is no grade to export, or "". With an adjustment, even unreadable files have a grade."""
    if grade.status == ABSENT and grade.total is None:
        return "nothing was handed in"
    if grade.late is not None and not grade.late.is_known:
        return DAYS_UNKNOWN
    if with_answers and any(points is None for points, _ in grade.questions.values()):
        return UNMARKED
    if grade.status not in (GRADED, ABSENT) and not grade.adjusted:
        return grade.status
    return "" if grade.total is not None else grade.status


def lms_id_of(student: Person, platform: str, title: str) -> str:
    names = {"canvas": "canvas", "moodle": f"moodle:{title}", "gradescope": "gradescope"}
    return student.ids.get(names[platform], "") if platform in names else student.ids.get("canvas", "")


def owner_as_student(person: str, platform: str, title: str) -> Person:
    """Return the owner of a submission without a student on the roster, from its name in the download or folder."""
    name, lms_id, login, email = owner_of(person)
    key = {"moodle": f"moodle:{title}", "gradescope": "gradescope"}.get(platform, "canvas")
    ids: Mapping[str, str] = {key: lms_id} if lms_id else {"login": login} if login else {}
    return Person(person, name, email, ids=ids)


def late_in_words(grade: Grade) -> str:
    late = grade.late
    if late is None or late.days is None:
        return ""
    return f"{late.days} {'day' if late.days == 1 else 'days'} late: {number(late.points)} points"


def comment_of(grade: Grade) -> str:
    """Return the decisions in words for the student: each adjustment with its reason, then the comments."""
    lines = []
    for one in grade.adjusted:
        made = one.adjustment
        lines.append(f"{made.part}: {signed(one.change)}. {made.reason} {made.comment}".strip())
    lines += [
        comment.text if comment.part == WHOLE else f"{comment.part}: {comment.text}" for comment in grade.comments
    ]
    return "\n".join(lines)


def signed(points: float) -> str:
    return f"+{number(points)}" if points > 0 else number(points)


def parts_in(grade: Grade, out: Path) -> tuple[GradePart, ...]:
    """Return each function's points; empty if the stored result is not of the attempt that counts."""
    path = result_path(out, grade.submission)
    if not grade.submission or grade.moved or not path.is_file():
        return ()
    fields = read_fields(path)
    return parts_of(result_from(out, grade.submission, fields), fields.get("checks", b"[]"))
