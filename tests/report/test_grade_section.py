"""What people decided, on the pages: each line with its reason, to students without names; nothing if nobody did."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime

from sample import good, roster_of

from grader.decisions import (
    ADD,
    ANSWER,
    FUNCTION,
    SET,
    WHOLE,
    Adjusted,
    Adjustment,
    Comment,
    Grade,
    LateLine,
    Part,
    Person,
    RegradeRequest,
)
from grader.report.grades_csv import GRADE_COLUMNS, grades_csv
from grader.report.pages import class_page, feedback_page, staff_page

WHEN = datetime(2026, 5, 2, 9, 30, tzinfo=UTC)
ATTACK = "=1+1<img src=x onerror=alert(1)>\u202e"
RELU = Part(FUNCTION, "layers.relu_forward")


def adjustment(points: float, part: Part = RELU, mode: str = ADD, **more: object) -> Adjustment:
    facts = {"reason": "The check was wrong.", "comment": "Sorry.", "who": "Ada Lovelace", "earned_then": 1.0, **more}
    return Adjustment(good().id, "", part, mode, points, when=WHEN, revision=3, **facts)  # type: ignore[arg-type]


def grade(**more: object) -> Grade:
    late = LateLine(3, 1.0, 1, 2, 20.0, -21.0, WHEN, datetime(2026, 4, 29, 12, tzinfo=UTC))
    facts: dict[str, object] = {
        "adjusted": (Adjusted(adjustment(2), 1.0, 3.0), Adjusted(adjustment(4, Part(ANSWER, "why"), SET), None, 4.0)),
        "late": late,
        "total": 62.5,
        "comments": (Comment(1, good().id, RELU, "Read the notes.", "Ada Lovelace", WHEN, 4),),
        "requests": (RegradeRequest(1, good().id, "", WHOLE, "Why?", WHEN, "Because.", "Ada Lovelace", WHEN, 5),),
        **more,
    }
    return Grade("A", good().id, "graded", 75.5, 100.0, 2.0, 5.0, **facts)  # type: ignore[arg-type]


def text_of(page: str) -> str:
    import html
    import re

    body = page.partition("<body")[2]
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", body)).split())


def test_the_student_sees_every_line_from_the_score_to_the_grade() -> None:
    said = text_of(feedback_page(good(), {}, grade()))
    for part in (
        "The code What the checks gave. 75.5",
        "Answers What was given for them. 2",
        "relu_forward The check was wrong. Comment: Sorry. 1 became 3. +2",
        "why The check was wrong. Comment: Sorry. no points became 4. +4",
        "3 days late, 1 free: 20 %. With an extension of 1 day.",
        "Handed in 2026-05-02 09:30 UTC, due 2026-04-29 12:00 UTC. −21",
        "Grade 62.5 / 105",
        "Read the notes.",
        "Why? Answer: Because.",
    ):
        assert part in said, part


def test_who_and_when_are_for_staff_alone() -> None:
    assert "Ada Lovelace, 2026-05-02 09:30 UTC" in text_of(staff_page(good(), {}, grade()))
    assert "Ada" not in feedback_page(good(), {}, grade())


def test_staff_see_that_the_score_moved_since() -> None:
    stale = grade(adjusted=(Adjusted(adjustment(2), 4.0, 6.0, is_stale=True),))
    assert "It had earned 1 when this was decided. Look again." in text_of(staff_page(good(), {}, stale))
    assert "Look again" not in feedback_page(good(), {}, stale)


def test_without_decisions_the_pages_are_as_they_were() -> None:
    assert staff_page(good(), {}, None) == staff_page(good())
    assert 'id="grade"' not in feedback_page(good())


def test_lateness_that_nobody_knows_is_said() -> None:
    unknown = LateLine(None, 0.0, 0, 0, 0.0, 0.0, None, None)
    assert "It came late; by how much is not known yet. ?" in text_of(feedback_page(good(), {}, grade(late=unknown)))


def test_another_attempt_than_the_latest_is_named() -> None:
    said = text_of(feedback_page(good(), {}, grade(attempt=1, latest=3)))
    assert "Attempt 1 counts, not the latest, 3." in said


def test_hostile_names_and_reasons_are_text() -> None:
    hostile = grade(
        adjusted=(Adjusted(adjustment(2, reason=ATTACK, comment=ATTACK, who=ATTACK), 1.0, 3.0),),
        comments=(Comment(1, good().id, Part(ANSWER, ATTACK), ATTACK, ATTACK, WHEN, 4),),
    )
    for page in (staff_page(good(), {}, hostile), feedback_page(good(), {}, hostile)):
        assert "<img" not in page
        assert "\u202e" not in page
        assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_the_class_page_has_grades_once_somebody_decided() -> None:
    plain = replace(grade(), adjusted=(), late=None, comments=(), requests=())
    roster = roster_of([good()])
    assert class_page(roster, title="A", grades={good().id: plain}) == class_page(roster, title="A")
    assert "62.5" in class_page(roster, title="A", grades={good().id: grade()})


def table(**grades: Grade) -> dict[str, str]:
    text = grades_csv([good()], {}, {good().id: grade(**grades)})
    return next(csv.DictReader(io.StringIO(text, newline="")))


def test_grades_csv_has_the_grade_with_its_parts_as_numbers() -> None:
    ann = Person("ann", "Ann", ids={"canvas": "17", "sis": "S1"})
    row = table(student=ann, members=(ann,))
    assert [row[name] for name in GRADE_COLUMNS] == ["Ann", "17", "3", "-21", "6", "62.5", "105"]


def test_no_name_or_id_in_grades_csv_is_a_formula() -> None:
    ann = Person("ann", ATTACK, ids={"sis": "@SUM(A1)"})
    row = table(student=ann, members=(ann, Person("bob", "Bob")))
    assert (row["name"], row["lms_id"]) == (f"'{ATTACK}; Bob", "'@SUM(A1)")
    assert table(late=LateLine(None, 0, 0, 0, 0, 0, None, None))["late"] == "?"
