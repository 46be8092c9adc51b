"""The few fields that an export reads of a result file are those of the whole result, whatever texts the file holds."""

from __future__ import annotations

import json

import pytest

from grader.delivery.hand_back import GradePart
from grader.delivery.stored_grades import read_grade, texts_in
from grader.errors import GraderError
from grader.records import Answer, CheckResult, Comparison, FunctionResult, NotebookResult, Reason, Result
from grader.running.output_folder import result_path, store

HOSTILE = '", "status": "passed", "checks": [\n "functions": []'


def check(name: str, status: str, title: str = "A title.") -> CheckResult:
    comparisons = (Comparison("out", "passed", None, 0.0, 1e-7),)
    reasons = (Reason.of("zero", name=HOSTILE),)
    points = 1.0 if status == "passed" else 0.0
    where = f"layers.relu.{name}", "layers.relu", "layers.py"
    return CheckResult(
        *where, title, "hidden", points, 1.0, status, reasons=reasons, comparisons=comparisons, output=HOSTILE
    )


def graded(*checks: CheckResult) -> Result:
    functions = (
        FunctionResult("layers.relu", 1.5, 3.0, "partial"),
        FunctionResult("layers.absent", 0.0, 2.0, "not_applicable"),
    )
    answers = (Answer("why", "Why?", "markdown", "answered", HOSTILE, 5.0),)
    return Result(
        {"id": "ann", "source": HOSTILE},
        {"title": HOSTILE, "handout": "spring", "parts": {"checks": {}}},
        {},
        "graded",
        1.5,
        3.0,
        0.5,
        checks=checks,
        functions=functions,
        notebooks=(NotebookResult("a.ipynb", "a", "0" * 64, None, answers),),
    )


def test_the_fields_are_those_of_the_whole_result(tmp_path):
    result = graded(check("a", "failed", HOSTILE), check("b", "passed", HOSTILE), check("c", "timeout"))
    store(tmp_path, result)
    grade = read_grade(tmp_path, "ann", with_parts=True)
    assert (grade.result.id, grade.result.status, grade.result.score, grade.result.max_score) == (
        "ann",
        "graded",
        1.5,
        3,
    )
    assert grade.result.notebooks == result.notebooks and grade.result.assignment["handout"] == "spring"
    assert grade.parts == (GradePart("relu", 1.5, 3.0, f"failed: {HOSTILE}\ntimeout: A title."),)


def test_without_parts_no_function_is_read(tmp_path):
    store(tmp_path, graded(check("a", "failed")))
    assert read_grade(tmp_path, "ann").parts == ()


def test_a_file_in_another_layout_is_read_whole(tmp_path):
    result = graded(check("a", "failed", HOSTILE))
    store(tmp_path, result)
    path = result_path(tmp_path, "ann")
    quick = read_grade(tmp_path, "ann", with_parts=True)
    path.write_text(json.dumps(json.loads(path.read_text())))  # one line
    whole = read_grade(tmp_path, "ann", with_parts=True)
    assert whole.result == result and whole.parts == quick.parts


@pytest.mark.parametrize("status", ["passed", "not_applicable"])
def test_checks_that_cost_nothing_have_no_text(status):
    lines = f'[\n  {{"function": "f", "title": "t", "status": "{status}", "x": {{"status": "failed"}}}}\n ]'
    assert texts_in(lines.encode()) == {}


@pytest.mark.parametrize("damage", [b"", b"{}", b'{\n "schema": 2,\n "checks": [],\n "functions": []\n}', b"\xff\xfe"])
def test_a_damaged_file_is_refused(tmp_path, damage):
    store(tmp_path, graded())
    result_path(tmp_path, "ann").write_bytes(damage)
    with pytest.raises(GraderError, match="is not a result file"):
        read_grade(tmp_path, "ann")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(GraderError, match="cannot be read"):
        read_grade(tmp_path, "ann")
