"""What goes back from a gradebook: students with decisions, without a submission, in a group; and by the command."""

from __future__ import annotations

import json
import tomllib
from contextlib import chdir
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cases import ROOT
from click.testing import CliRunner

pytest.importorskip("sqlalchemy", reason="no SQLAlchemy (pip install -e '.[gradebook]')")

from grader.cli.commands import cli
from grader.decisions import FUNCTION, SET, LatePolicy, Part, Person, Rules
from grader.delivery.from_gradebook import hand_backs
from grader.gradebook.adjusting import adjust
from grader.gradebook.book import Gradebook, open_gradebook
from grader.gradebook.commenting import add_comment
from grader.gradebook.place import beside
from grader.gradebook.runs import record_run
from grader.gradebook.students import import_roster, link_members
from grader.graded_runs import GradedAssignment, HandIn, PointLayout

TITLE = "T"
DUE = datetime(2026, 11, 1, 12, tzinfo=UTC)
ASSIGNMENT = GradedAssignment(TITLE, Rules(late=LatePolicy(DUE, 10.0)), {"one.f": 10.0})
ROSTER = [
    Person("ada", "Doe, Ada", "ada@u", "A", {"canvas": "101", "sis": "7", "login": "adoe"}),
    Person("ben", "Poe, Ben", "ben@u", "A", {"canvas": "102"}),
    Person("cleo", "Roe, Cleo", "cleo@u", "B", {"canvas": "103"}),
    Person("dan", "Lee, Dan", "dan@u", "B", {"canvas": "104"}),
]


def hand_in(name: str, score: float | None, status: str = "graded", **more: object) -> HandIn:
    layout = PointLayout((("one.f", 10.0),))
    return HandIn(name, name, name, "s", status, score, 10.0, layout, (score or 0.0,), **more)


@pytest.fixture
def out(tmp_path) -> Path:
    (tmp_path / "reports/feedback").mkdir(parents=True)
    (tmp_path / "reports/feedback/s1.html").write_text("<p>page")
    return tmp_path / "reports"


@pytest.fixture
def book(out) -> Gradebook:
    """s1 is ada's, s2 ben's and cleo's, s3 nobody's; dan handed nothing in."""
    with open_gradebook(beside(out)) as book:
        ins = [hand_in("s1", 7.0), hand_in("s2", 5.0), hand_in("doejane_9", 3.0)]
        record_run(book, ASSIGNMENT, ins, output=str(out), who="x", began=DUE, hashes={}, counts={})
        import_roster(book, ROSTER, "x")
        link_members(book, TITLE, "s1", ["ada"], "x")
        link_members(book, TITLE, "s2", ["ben", "cleo"], "x")
        yield book


def by_name(book: Gradebook, out: Path, platform: str = "canvas") -> dict:
    return {record.name: record for record in hand_backs(book, TITLE, out, platform)}


def test_everybody_has_a_record_and_who_handed_nothing_in_has_no_grade(book, out):
    found = by_name(book, out)
    assert {name: (one.submission, one.grade, one.lms_id) for name, one in found.items()} == {
        "Doe, Ada": ("s1", 7.0, "101"),
        "Poe, Ben": ("s2", 5.0, "102"),
        "Roe, Cleo": ("s2", 5.0, "103"),
        "Lee, Dan": ("", None, "104"),
        "doejane": ("doejane_9", 3.0, "9"),
    }
    assert found["Lee, Dan"].no_grade == "nothing was handed in"
    assert (found["Poe, Ben"].label, found["Doe, Ada"].label) == ("s2 (Poe, Ben)", "s1")
    assert (found["Doe, Ada"].sis, found["Doe, Ada"].login, found["Doe, Ada"].page) == (
        "7",
        "adoe",
        out / "feedback/s1.html",
    )


def test_decisions_count_and_are_said(book, out):
    adjust(book, TITLE, 2.0, "Right idea.", who="ta", submission="s1", part=Part(FUNCTION, "one.f"))
    add_comment(book, TITLE, "s1", "Well done.", who="ta")
    one = by_name(book, out)["Doe, Ada"]
    assert (one.grade, one.comment) == (9.0, "one.f: +2. Right idea.\nWell done.")


def test_a_zero_that_somebody_decided_is_a_grade(book, out):
    adjust(book, TITLE, 0.0, "Never came.", who="ta", student="dan", mode=SET)
    assert by_name(book, out)["Lee, Dan"].grade == 0.0


def test_late_days_are_charged_and_unknown_ones_leave_no_grade(book, out):
    late = datetime(2026, 11, 3, 11, tzinfo=UTC)
    ins = [hand_in("s1", 7.0, submitted_at=late), hand_in("s2", 5.0, late_mark=True)]
    record_run(book, ASSIGNMENT, ins, output=str(out), who="x", began=DUE, hashes={}, counts={})
    found = by_name(book, out)
    assert (found["Doe, Ada"].grade, found["Doe, Ada"].late) == (5.0, "2 days late: -2 points")
    assert (found["Poe, Ben"].grade, found["Poe, Ben"].no_grade) == (None, "late by an unknown number of days")


def test_a_platforms_own_number_is_taken(book, out):
    assert {one.lms_id for one in hand_backs(book, TITLE, out, "moodle")} == {"", "9"}


def test_the_command_reads_the_gradebook_beside_the_output_folder(out):
    title = tomllib.loads((ROOT / "assignment/assignment.toml").read_text())["title"]
    with open_gradebook(beside(out)) as book:
        graded = GradedAssignment(title, functions={"one.f": 10.0})
        record_run(book, graded, [hand_in("s1", 7.0)], output=str(out), who="x", began=DUE, hashes={}, counts={})
        adjust(book, title, 1.5, "Kind.", who="ta", submission="s1")
    with chdir(out.parent):
        words = ["export", "--to", "json", "--assignment", str(ROOT / "assignment")]
        done = CliRunner().invoke(cli, words, standalone_mode=False)
    assert done.exception is None, done.exception
    (one,) = json.loads((out / "export/grades.json").read_text())["grades"]
    assert (one["grade"], one["comment"]) == (8.5, "whole: +1.5. Kind.")
