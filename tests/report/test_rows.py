"""Rows of thousands of results share equal objects."""

from __future__ import annotations

from sample import saying

from grader.records import GRADED, FunctionResult, Result, as_written
from grader.report.roster import Roster


def result(name: str, points: float, message: str = "") -> Result:
    functions = (FunctionResult("layers.f", 2.0, 2.0, "passed"), FunctionResult("layers.g", points, 2.0, "failed"))
    about = {"title": "A2", "sha256": "1"}, {"numpy": "2"}
    return Result(
        {"id": name},
        *about,
        GRADED,
        2.0 + points,
        4.0,
        0.5,
        (),
        functions,
        saying("a note"),
        as_written(message),
    )


def test_equal_parts_of_rows_are_one_object():
    results = result("a", 0.0), result("b", 0.0), result("c", 1.0)
    first, same, other = map(Roster().add, results)
    assert first.functions[1] is same.functions[1]
    assert first.functions[0] is other.functions[0]
    assert other.functions[1].points == 1.0
    assert first.assignment is other.assignment
    assert first.environment is other.environment


def test_a_row_has_the_values_of_its_result():
    row = Roster().add(result("a", 1.0, "short"))
    assert (row.id, row.status, row.score, row.max_score, row.duration_s) == ("a", GRADED, 3.0, 4.0, 0.5)
    assert (row.reason, len(row.notes), row.assignment["title"]) == (as_written("short"), 1, "A2")
