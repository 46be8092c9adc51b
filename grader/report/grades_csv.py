"""The table of marks, OUT/grades.csv: one row for each submission. No spreadsheet reads a cell as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from grader.decisions import Grade
from grader.records import GRADER_ERROR, Result

# For each answer of one submission: its points (None if staff gave none) and its maximum.
AnswerPoints = Mapping[str, tuple[float | None, float]]


# The columns that a gradebook adds to the table.
GRADE_COLUMNS: Final = ("name", "lms_id", "late", "late_points", "adjusted", "grade", "max_grade")


def grades_csv(
    results: Sequence[Result],
    answers: Mapping[str, AnswerPoints] = MappingProxyType({}),
    grades: Mapping[str, Grade] = MappingProxyType({}),
) -> str:
    """Return the table, with one row for each submission: id, status, score, and the points of each function.

    If answers carry points, further columns hold the points that staff gave for each answer, their sum, the total with
    the score, and the maxima. With a gradebook, GRADE_COLUMNS follow.
    """
    functions = list(dict.fromkeys(function.function for result in results for function in result.functions))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    questions = list(dict.fromkeys(answer for points in answers.values() for answer in points))
    sums = ["answers", "max_answers", "total", "max_total"] if questions else []
    more = GRADE_COLUMNS if grades else ()
    writer.writerow(["submission", "status", "score", "max_score", *functions, *map(harmless, questions), *sums, *more])
    for result in results:
        points = {function.function: function.points for function in result.functions}
        score = None if result.status == GRADER_ERROR else result.score  # a fault of ours gives an empty cell, not 0
        row = [result.id, result.status, number(score), number(result.max_score)]
        row += [number(points.get(name)) for name in functions]
        own = answers.get(result.id, {})
        row += [number(own[name][0]) if name in own else "" for name in questions]
        if questions:
            given = [points for points, _ in own.values() if points is not None]
            most = sum(most for _, most in own.values())
            row += [number(sum(given)) if given else "", number(most) if own else ""]
            row += [number(None if score is None else score + sum(given)), number(result.max_score + most)]
        writer.writerow([*map(harmless, row), *(grade_cells(grades.get(result.id)) if grades else ())])
    return text.getvalue()


def grade_cells(grade: Grade | None) -> list[str]:
    """Return the cells for GRADE_COLUMNS. One cell holds all names of a group; `late` holds days, "?" if unknown."""
    if grade is None:
        return [""] * len(GRADE_COLUMNS)
    people = grade.members or ((grade.student,) if grade.student else ())
    systems = ("canvas", f"moodle:{grade.assignment}", "sis")
    ids = (next((one.ids[system] for system in systems if one.ids.get(system)), "") for one in people)
    late = grade.late
    days = "" if late is None else "?" if late.days is None else str(late.days)
    change = sum(item.change for item in grade.adjusted)
    cells = [harmless("; ".join(one.name or one.key for one in people)), harmless("; ".join(filter(None, ids))), days]
    cells += [number(late.points if late and late.is_known else None), number(change if grade.adjusted else None)]
    return [*cells, number(grade.total), number(grade.max_total)]


def number(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"


def harmless(cell: str) -> str:
    """Return the cell, with an apostrophe before it if a spreadsheet would read it as a formula."""
    return "'" + cell if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
