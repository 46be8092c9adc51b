"""Makes the pages for staff: the class, a submission beside its report, publishing, the history."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from grader.decisions import ANSWER, FUNCTION, WHOLE, Grade, Part
from grader.gradebook.adjusting import adjustments_of
from grader.gradebook.book import NotInGradebook
from grader.gradebook.changes import changes
from grader.gradebook.commenting import saved_comments_of
from grader.gradebook.grades import pages_of
from grader.gradebook.lateness import extensions_of, late_days_of
from grader.gradebook.publishing import opened_at, publishing_of
from grader.gradebook.runs import attempts_of
from grader.graded_runs import GradedAssignment
from grader.intake.names import natural_key
from grader.report.grades_csv import grades_csv
from grader.report.notebooks.marked_answers import NOTEBOOKS, page_names
from grader.running.answers_csv import Marking
from grader.web.class_view import ROWS, Filters, neighbours
from grader.web.deciding import subject_of
from grader.web.guard import frame_policy
from grader.web.rendering import framed_report, page
from grader.web.site import Site

LINES: Final = 200  # of the history page
FEW_LINES: Final = 20  # beside a submission
Facts = dict[str, Any]


def class_page(site: Site, request: Request) -> Response:
    """Show the class, filtered and sorted by the URL."""
    filters, snapshot, assignment = Filters.from_query(request.query_params), site.snapshot(), site.assignment()
    found = filters.apply(snapshot)
    last = max(1, -(-len(found) // ROWS))
    shown = min(filters.page, last)
    facts: Facts = {
        "assignment": assignment,
        "filters": filters,
        "snapshot": snapshot,
        "found": found,
        "rows": found[(shown - 1) * ROWS : shown * ROWS],
        "shown": shown,
        "last": last,
        "query": filters.query(page=shown),
        "checks": site.checks,
    }
    response = page(request, "class_desk.html", facts)
    response.headers["HX-Push-Url"] = f"/?{facts['query']}".rstrip("?")  # without the form's empty fields
    return response


def submission_page(site: Site, request: Request, more: Facts | None = None, status: int = 200) -> Response:
    """Show a submission beside its report, or a student without a submission. more: facts about a decision that
    failed."""
    query = {**request.query_params, **((more or {}).get("draft") or {})}
    subject, filters = subject_of(query), Filters.from_query(request.query_params)
    student, submission = subject.get("student", ""), subject.get("submission", "")
    grade = site.student_grade(student) if student else site.grade(submission)
    facts = desk_facts(site, site.assignment(), grade, student)
    before, after, place = neighbours(found := filters.apply(site.snapshot()), submission)
    facts |= {"subject": subject, "filters": filters, "before": before, "after": after, "place": place}
    facts |= {"count": len(found), "problem": "", "draft": {}, "kind": "", "now": None, **(more or {})}
    return page(request, "submission_desk.html", facts, status)


def desk_facts(site: Site, assignment: GradedAssignment, grade: Grade, student: str) -> Facts:
    """Return all facts and decisions about a submission, or about a student without a submission."""
    book, title, submission = site.book, site.title, grade.submission
    attempts = attempts_of(book, title, submission) if submission else []
    counting = next((one for one in attempts if one.number == grade.attempt), None)
    adjusted = {one.part for one in adjustments_of(book, title, submission=submission, student=student)}
    extensions = [one for one in extensions_of(book, title) if (one.submission, one.student) == (submission, student)]
    result = site.result(submission) if submission else None
    parts = parts_of(assignment, grade, counting)
    return {
        "assignment": assignment,
        "grade": grade,
        "student": student,
        "attempts": attempts,
        "parts": parts,
        "unadjusted": [one for one in parts if one[0] not in adjusted],
        "adjustments": adjustments_of(book, title, submission=submission, student=student),
        "extension": extensions[0] if extensions else None,
        "late_days": late_days_of(book, title).get(submission, {}).get(grade.latest) if submission else None,
        "saved": saved_comments_of(book, title),
        "history": changes(book, assignment=title, submission=submission, student=student, last=FEW_LINES),
        "has_report": result is not None,
        "notebooks": [one.name for one in result.notebooks if one.sha256] if result else [],
    }


def parts_of(assignment: GradedAssignment, grade: Grade, counting: Any) -> list[tuple[Part, str]]:
    """Return the parts that can be adjusted, with their points; functions that lost points come first."""
    if not grade.submission:
        return [(WHOLE, "")]
    earned = counting.functions if counting else {}
    functions = [(name, *earned.get(name, (0.0, most))) for name, most in assignment.functions.items()]
    functions.sort(key=lambda one: one[1] >= one[2])
    parts = [(Part(FUNCTION, name), f"{got:g} of {most:g}") for name, got, most in functions]
    answers = [
        (Part(ANSWER, name), f"{'–' if got is None else format(got, 'g')} of {most:g}")
        for name, (got, most) in grade.questions.items()
    ]
    return [*parts, *answers, (WHOLE, "")]


def report(site: Site, request: Request) -> Response:
    """Show the report of a submission in the frame, with a policy that runs nothing, whatever the submission
    contains."""
    submission = request.query_params.get("submission", "")
    grade = site.grade(submission)
    if (result := site.result(submission)) is None:
        raise NotInGradebook(f"{site.out}: has no result of {submission!r}. Grade it again.")
    return framed_report(result, site.marks(grade, result))


def notebook(site: Site, request: Request) -> Response:
    """Show a page of OUT/notebooks. The URL names a notebook of the result, not a path."""
    submission, name = (request.query_params.get(one, "") for one in ("submission", "name"))
    site.grade(submission)
    result = site.result(submission)
    names = page_names([one.name for one in result.notebooks if one.sha256]) if result else {}
    path = site.out / NOTEBOOKS / submission / names.get(name, "")
    if name not in names or not path.is_file():
        raise NotInGradebook(f"{submission}: has no page of a notebook {name!r}. Grade it again.")
    return FileResponse(Path(path), media_type="text/html", headers={"Content-Security-Policy": frame_policy()})


def publishing_page(site: Site, request: Request, more: Facts | None = None, status: int = 200) -> Response:
    """Show the time of publishing, and which checks are open."""
    assignment, now = site.assignment(), publishing_of(site.book, site.title)
    opened = opened_at(datetime.now(UTC), now, assignment.rules, ())
    facts: Facts = {
        "assignment": assignment,
        "publishing": now,
        "opened": opened,
        "problem": "",
        "draft": {},
        "now": None,
    }
    return page(request, "publishing.html", {**facts, "kind": "publish", **(more or {})}, status)


def history_page(site: Site, request: Request) -> Response:
    """Show who changed what, latest first."""
    lines = changes(site.book, assignment=site.title, last=LINES)[::-1]
    return page(request, "history.html", {"assignment": site.assignment(), "lines": lines})


def grades_table(site: Site, request: Request) -> Response:
    """Return grades.csv with current grades, as the next run of grader grade will write it."""
    grades = pages_of(site.book, site.title)
    results = [result for name in sorted(grades, key=natural_key) if (result := site.result(name)) is not None]
    marking = Marking(site.out, [one.id for one in results], site.assignment().questions)
    for result in results:
        marking.add(result)
    content = grades_csv(results, marking.points(), grades).encode("utf-8", "replace")
    headers = {"Content-Disposition": 'attachment; filename="grades.csv"'}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


def back_to(form: dict[str, str]) -> str:
    """Return the address of a form's page, made from its filters only, so that no form can redirect to another site."""
    filters = Filters.from_query(form)
    return f"/submission?{urlencode(subject_of(form))}&{filters.query(page=filters.page)}".rstrip("&")
