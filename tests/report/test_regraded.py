"""What moved between two gradings: worked out by hand."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest
from sample import good, typical

from grader.records import CheckResult, Result
from grader.report.pages import compare_page
from grader.report.regraded import Regraded, compare_results
from grader.report.regraded_lines import as_csv, as_json, lines_of, summary

PARTS = {"rest": "r", "checks": {"f.a": "c1 x1", "f.b": "c2 x2"}}


def check(name: str, points: float, most: float = 4.0, status: str = "passed") -> CheckResult:
    return CheckResult(f"f.{name}", "f", "f.py", f"Title {name}.", "hidden", points, most, status)


def result(name: str, *checks: CheckResult, **more: object) -> Result:
    submission = {"id": name, "sha256": "s", "files": {}}
    assignment = {"title": "T", "sha256": "a", "handout": "default", "parts": PARTS}
    environment = {"grader": "1", "python": "3", "numpy": "2", "sandbox": "bwrap"}
    score, most = sum(one.points for one in checks), sum(one.max_points for one in checks)
    whole = Result(submission, assignment, environment, "graded", score, most, 0.1, checks)
    return replace(whole, **more)


BEFORE = result("ada", check("a", 4.0), check("b", 1.0, status="partial"))


def assigned(**changes: str) -> Result:
    """The same result of an assignment of which these checks' hashes are others."""
    parts = {"rest": "r", "checks": {**PARTS["checks"], **{f"f.{name}": value for name, value in changes.items()}}}
    return replace(BEFORE, assignment={**BEFORE.assignment, "sha256": "a2", "parts": parts})


def moved(later: Result, *checks: CheckResult) -> Result:
    score = sum(one.points for one in checks)
    return replace(later, checks=checks, score=score, max_score=sum(one.max_points for one in checks))


def test_the_same_is_no_move():
    assert compare_results(BEFORE, BEFORE).is_same
    assert compare_results(BEFORE, replace(BEFORE, duration_s=9.0, notes=())).is_same


@pytest.mark.parametrize(
    ("later", "causes"),
    [
        (assigned(b="c9 x9"), {"b": ("check",), "a": ("another check",)}),
        (assigned(b="c2 x9"), {"b": ("fixture",), "a": ("another check",)}),
        (
            replace(BEFORE, assignment={**BEFORE.assignment, "sha256": "a2", "parts": {**PARTS, "rest": "z"}}),
            {"b": ("assignment",), "a": ("assignment",)},
        ),
        (
            replace(BEFORE, assignment={**BEFORE.assignment, "sha256": "a2", "parts": None}),
            {"b": ("assignment",), "a": ("assignment",)},
        ),
        (replace(BEFORE, environment={**BEFORE.environment, "grader": "2"}), {"b": ("grader",), "a": ("grader",)}),
        (replace(BEFORE, environment={**BEFORE.environment, "numpy": "1"}), {"b": ("machine",), "a": ("machine",)}),
        (
            replace(BEFORE, submission={**BEFORE.submission, "sha256": "t"}, environment={"grader": "2"}),
            {"b": ("submission", "grader", "machine"), "a": ("submission", "grader", "machine")},
        ),
        (
            replace(BEFORE, assignment={**BEFORE.assignment, "handout": "old"}),
            {"b": ("handout",), "a": ("handout",)},
        ),
    ],
)
def test_why_is_told_from_the_hashes(later, causes):
    move = compare_results(BEFORE, moved(later, check("a", 3.0), check("b", 4.0)))
    assert {one.id.removeprefix("f."): one.causes for one in move.checks} == causes
    assert [(one.points_before, one.points_after, one.change) for one in move.checks] == [
        (4.0, 3.0, -1.0),
        (1.0, 4.0, 3.0),
    ]
    assert (move.before, move.after, move.change) == (5.0, 7.0, 2.0)


def test_a_new_check_and_one_that_is_gone_moved():
    move = compare_results(BEFORE, moved(assigned(c="c3 x3"), check("a", 4.0), check("c", 1.0)))
    found = {one.id: (one.points_before, one.points_after, one.status_before, one.status_after) for one in move.checks}
    assert found == {"f.b": (1.0, None, "partial", None), "f.c": (None, 1.0, None, "passed")}
    assert (move.change, move.is_same) == (0.0, False)


def test_a_submission_that_cannot_be_graded_any_more_has_no_score():
    move = compare_results(BEFORE, replace(BEFORE, status="grader_error", checks=(), score=0.0))
    assert (move.before, move.after, move.is_same) == (5.0, None, False)


@pytest.fixture
def regraded() -> Regraded:
    found = Regraded(new=["newman"], gone=["zoe"])
    later = assigned(b="c9 x9")
    for name, checks in (
        ("ada", (check("a", 4.0), check("b", 4.0))),
        ("bela", (check("a", 4.0), check("b", 0.0, status="failed"))),
        ("cleo", (check("a", 4.0), check("b", 3.0, status="partial"))),
        ("dora", (check("a", 2.0), check("b", 3.0, status="partial"))),
        ("emil", BEFORE.checks),
    ):
        own = {**BEFORE.submission, "id": name}
        found.add(replace(BEFORE, submission=own), replace(moved(later, *checks), submission=own))
    return found


def test_who_gained_lost_and_stayed(regraded):
    assert [(move.id, move.change) for move in regraded.gained] == [("ada", 3.0), ("cleo", 2.0)]
    assert [(move.id, move.change) for move in regraded.lost] == [("bela", -1.0)]
    assert [move.id for move in regraded.shifted] == ["dora"]
    assert regraded.same == 1
    assert summary(regraded) == (
        "5 compared with the earlier results: 2 gained 2 to 3, 1 lost 1, 1 have the same score from other "
        "checks, 1 stayed the same."
    )


def test_the_lines_say_who_how_much_through_which_check_and_why(regraded):
    lines = lines_of(regraded)
    assert lines[1:3] == ["ada   5 → 8 of 8  (+3)", "          +3  f.b: partial → passed (check changed)"]
    assert "bela  5 → 4 of 8  (−1)" in lines
    assert "          −2  f.a: passed → passed (another check)" in lines
    assert "  f.b: 3 gained, 1 lost, +6 in total (check changed)" in lines
    assert lines[-2:] == ["1 new: newman", "1 gone: zoe"]


def test_csv_has_a_row_for_each_check_and_json_has_everything(regraded):
    rows = list(csv.DictReader(io.StringIO(as_csv(regraded), newline="")))
    assert [
        (row["submission"], row["check"], row["points_before"], row["points_after"], row["causes"]) for row in rows
    ] == [
        ("ada", "f.b", "1", "4", "check"),
        ("cleo", "f.b", "1", "3", "check"),
        ("bela", "f.b", "1", "0", "check"),
        ("dora", "f.a", "4", "2", "another check"),
        ("dora", "f.b", "1", "3", "check"),
    ]
    data = json.loads(as_json(regraded))
    assert [(move["id"], move["change"]) for move in data["moves"]] == [
        ("ada", 3.0),
        ("cleo", 2.0),
        ("bela", -1.0),
        ("dora", 0.0),
    ]
    assert (data["both"], data["same"], data["new"], data["gone"]) == (5, 1, ["newman"], ["zoe"])


def test_the_page_shows_all_of_it_and_escapes_what_came_from_elsewhere(regraded):
    nasty = replace(check("b", 4.0), title="<script>alert(1)</script>")
    later = moved(assigned(b="c9 x9"), check("a", 4.0), nasty)
    regraded.add(BEFORE, replace(later, submission={**BEFORE.submission, "id": "x<i>"}))
    page = compare_page(regraded, title="T", between="old → new")
    assert "<script>alert" not in page and "x&lt;i&gt;" in page
    assert all(f'href="{name}.html"' in page for name in ("ada", "bela", "cleo", "dora"))
    assert 'href="emil.html"' not in page and "newman" in page and "zoe" in page
    assert "default-src &#39;none&#39;" in page


def test_real_results_compare_with_themselves():
    for one in (good(), typical()):
        assert compare_results(one, one).is_same
