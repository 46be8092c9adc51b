"""Results as files: one JSON a submission, written to a temporary name and renamed, read back to resume.

    OUT/results/<id>.json    what there is of a submission; all else can be made from it
    OUT/<id>.html            ends with a stamp: which result, by which code it was made from; written after the result
                             and the feedback page, so that a stamp that fits says that all three are there and belong
                             together

Killed at any moment, a run leaves old files or new ones, each whole, and at most one temporary file, which the next run
that holds the folder removes.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from grader.errors import GraderError
from grader.records import GRADED, GRADER_ERROR, Result
from grader.report.rows import Row

TEMPORARY: Final = ".grader-"
# Where a run writes, below the output folder.
FOLDERS: Final = ("", "results", "feedback")
NOTEBOOKS: Final = "notebooks"  # a folder a submission in it
STAMP_BYTES: Final = 200  # more than a stamp has

# Of one submission, by answer: points, None where staff gave none, and what it is worth.
AnswerPoints = Mapping[str, tuple[float | None, float]]


def write_text(path: Path, text: str, *, durable: bool = True) -> None:
    """write_bytes, of text as UTF-8; what UTF-8 lacks, half of a surrogate pair, becomes a question mark."""
    write_bytes(path, text.encode("utf-8", "replace"), durable=durable)


def write_bytes(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write a whole file or none: readers see the old one or the new one. Raises GraderError if that fails.

    durable: it survives a power cut, too, once this returns; not needed for what the next run would make anew.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=TEMPORARY, suffix=".tmp", delete=False) as file:
            temporary = file.name
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
        if durable:
            sync_folder(path.parent)
    except BaseException as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise GraderError(f"{path}: cannot be written ({error.strerror}). What was written before is whole.") from error


def sync_folder(folder: Path) -> None:
    """See that a rename reached the disk. Where folders cannot be opened (Windows), that is up to the system."""
    with contextlib.suppress(PermissionError):
        file = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def sweep_temporary(out: Path) -> None:
    """Remove what a killed run was about to write. For whoever holds the folder."""
    for folder in (*(out / name for name in FOLDERS), *(out / NOTEBOOKS).glob("*")):
        for path in folder.glob(f"{TEMPORARY}*.tmp"):
            path.unlink(missing_ok=True)


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
    """Whether an earlier result is what grading would give again; `fresh` is one of now, with no verdict in it yet.

    It is, if submission, assignment and environment are the same by their contents; where the submission lies does not
    matter. What could not be graded is tried again, which costs little.
    """
    same = result.assignment == fresh.assignment and result.environment == fresh.environment
    for name in ("id", "sha256", "files"):
        same = same and result.submission.get(name) == fresh.submission.get(name)
    same = same and result.notebooks == fresh.notebooks  # compared with those handed out, which may have changed
    return same and result.status == GRADED and result.notes[: len(fresh.notes)] == fresh.notes


def stored_ids(out: Path) -> list[str]:
    """The ids of all submissions that have a result there."""
    return sorted(path.stem for path in (out / "results").glob("*.json"))


def stamp_of(out: Path, submission: str, *versions: str) -> str:
    """The last line of a page of the stored result: a hash over the result's file and what the page is made by."""
    digest = hashlib.sha256("\0".join(versions).encode())
    with contextlib.suppress(OSError):
        digest.update(result_path(out, submission).read_bytes())
    return f"<!-- made from {digest.hexdigest()} -->\n"


def has_stamp(page: Path, stamp: str) -> bool:
    """Whether the page is there and ends with this stamp."""
    try:
        with open(page, "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - STAMP_BYTES))
            return file.read().endswith(stamp.encode())
    except OSError:
        return False


def grades_csv(results: Sequence[Row], answers: Mapping[str, AnswerPoints] = MappingProxyType({})) -> str:
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
