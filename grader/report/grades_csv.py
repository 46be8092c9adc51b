"""The table of marks, OUT/grades.csv: one row a submission, and the rules for cells that a spreadsheet opens."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from grader.records import GRADER_ERROR, Result

# Of one submission, by answer: points, None where staff gave none, and what it is worth.
AnswerPoints = Mapping[str, tuple[float | None, float]]


def grades_csv(results: Sequence[Result], answers: Mapping[str, AnswerPoints] = MappingProxyType({})) -> str:
    """One row a submission: id, status, score, and points by function. Where there are answers that are worth points:
    those that staff gave, by answer and in sum, the total of that and the score, and what each could be at most.
    """
    functions = list(dict.fromkeys(function.function for result in results for function in result.functions))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    asked = list(dict.fromkeys(answer for points in answers.values() for answer in points))
    sums = ["answers", "max_answers", "total", "max_total"] if asked else []
    writer.writerow(["submission", "status", "score", "max_score", *functions, *map(harmless, asked), *sums])
    for result in results:
        points = {function.function: function.points for function in result.functions}
        score = None if result.status == GRADER_ERROR else result.score  # a fault of ours is no zero
        row = [result.id, result.status, number(score), number(result.max_score)]
        row += [number(points.get(name)) for name in functions]
        own = answers.get(result.id, {})
        row += [number(own[name][0]) if name in own else "" for name in asked]
        if asked:
            given = [points for points, _ in own.values() if points is not None]
            most = sum(most for _, most in own.values())
            row += [number(sum(given)) if given else "", number(most) if own else ""]
            row += [number(None if score is None else score + sum(given)), number(result.max_score + most)]
        writer.writerow([harmless(cell) for cell in row])
    return text.getvalue()


def number(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return "'" + cell if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
