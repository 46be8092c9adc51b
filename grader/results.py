"""Results as files: one JSON a submission, written to a temporary name and renamed, read back to resume."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from grader.errors import GraderError
from grader.records import GRADER_ERROR, Result

# Of one submission, by answer: points, None where staff gave none, and what it is worth.
AnswerPoints = Mapping[str, tuple[float | None, float]]


def write_text(path: Path, text: str) -> None:
    """write_bytes, of text as UTF-8; what UTF-8 lacks, half of a surrogate pair, becomes a question mark."""
    write_bytes(path, text.encode("utf-8", "replace"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole file or none: readers see the old one or the new one. Raises GraderError if that fails."""
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            temporary = file.name
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise GraderError(f"{path}: cannot be written ({error.strerror}). What was written before is whole.") from error


def result_path(out: Path, submission: str) -> Path:
    return out / "results" / f"{submission}.json"


def store(out: Path, result: Result) -> None:
    """Keep a result. A fault of ours never takes the place of an earlier result."""
    path = result_path(out, result.id)
    if result.status == GRADER_ERROR and path.exists():
        return
    write_text(path, result.to_json())


def stored(out: Path, submission: str) -> Result | None:
    """The result of an earlier run, or None if there is none that can be read."""
    try:
        return Result.from_json(result_path(out, submission).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def is_current(result: Result, fresh: Result) -> bool:
    """Whether an earlier result is of the same submission, assignment and environment as `fresh` would be."""
    same = result.submission == fresh.submission and result.assignment == fresh.assignment
    same = same and result.notebooks == fresh.notebooks  # compared with those handed out, which may have changed
    return same and result.environment == fresh.environment and result.status != GRADER_ERROR


def grades_csv(results: Sequence[Result], answers: Mapping[str, AnswerPoints] = MappingProxyType({})) -> str:
    """One row a submission: id, status, score, and points by function. Where there are answers that are worth points:
    those that staff gave, by answer and in sum, and the total of that and the score.
    """
    functions = list(dict.fromkeys(function.function for result in results for function in result.functions))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    asked = list(dict.fromkeys(answer for points in answers.values() for answer in points))
    sums = ["answers", "max_answers", "total"] if asked else []
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
            row += [number(sum(given)) if given else "", number(sum(most for _, most in own.values())) if own else ""]
            row += [number(None if score is None else score + sum(given))]
        writer.writerow([harmless(cell) for cell in row])
    return text.getvalue()


def number(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return "'" + cell if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
