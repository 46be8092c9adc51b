"""Read from a result file what an export needs. Most of a file is checks, which are decoded only on demand.

    head   schema … max_score      ─┐
    checks one check in a line      ├─ a field of Result.to_json starts a line; deeper lines begin with two spaces
    tail   functions … notebooks   ─┘

10,000 files of 150 kB take a second in this way, and ten seconds as whole results.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from grader.delivery.hand_back import GradePart
from grader.errors import GraderError
from grader.function_ids import short_name
from grader.records import NOT_APPLICABLE, PASSED, SCHEMA, FunctionResult, NotebookResult, Result, SubmissionStatus
from grader.running.output_folder import result_path, stored

CHECKS: Final = b',\n "checks": '
FUNCTIONS: Final = b',\n "functions": '
FULL: Final = (PASSED, NOT_APPLICABLE)
# A check's own status is the first one in its line: only numbers and texts stand before it, and texts escape quotes.
STATUS: Final = b'"status": "'
AS_FULL: Final = tuple(f'{status}"'.encode() for status in FULL)


class OfAssignment(msgspec.Struct):
    handout: str = ""


class Head(msgspec.Struct):
    schema: int
    assignment: OfAssignment
    status: SubmissionStatus
    score: float
    max_score: float


class Tail(msgspec.Struct):
    notebooks: tuple[NotebookResult, ...] = ()


class FunctionLine(msgspec.Struct, gc=False):
    function: str
    points: float
    max_points: float
    status: str


class TailWithFunctions(Tail):
    functions: tuple[FunctionLine, ...] = ()


class CheckLine(msgspec.Struct):
    """The part of a check that its student may see."""

    function: str
    title: str
    status: str


@dataclass(frozen=True)
class StoredGrade:
    """result: without checks and functions, unless the file had to be read whole."""

    result: Result
    parts: tuple[GradePart, ...] = ()


HEAD: Final = msgspec.json.Decoder(Head)
TAIL: Final = msgspec.json.Decoder(Tail)
TAIL_WITH_FUNCTIONS: Final = msgspec.json.Decoder(TailWithFunctions)
CHECK: Final = msgspec.json.Decoder(CheckLine)


def read_grade(out: Path, name: str, *, with_parts: bool = False) -> StoredGrade:
    """Read the grade of a submission. A file of an older schema, or in another layout, is read whole.

    with_parts: also what each function earned, and which of its checks did not pass. Raises GraderError if it cannot
    be read.
    """
    path = result_path(out, name)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise GraderError(f"{path}: cannot be read ({error.strerror}). Grade this submission again.") from error
    try:
        checks, functions = content.index(CHECKS), content.rindex(FUNCTIONS)
        head = HEAD.decode(content[:checks] + b"}")
        if head.schema != SCHEMA:
            raise ValueError("an older schema")
        tail = (TAIL_WITH_FUNCTIONS if with_parts else TAIL).decode(b"{" + content[functions + 1 :])
        texts = texts_in(content[checks + len(CHECKS) : functions]) if with_parts else {}
    except (ValueError, msgspec.MsgspecError):
        return read_whole(out, name, with_parts=with_parts)
    own = tail.functions if isinstance(tail, TailWithFunctions) else ()
    facts = head.status, head.score, head.max_score, 0.0
    result = Result({"id": name}, {"handout": head.assignment.handout}, {}, *facts, notebooks=tail.notebooks)
    return StoredGrade(result, parts_of(own, texts))


def read_whole(out: Path, name: str, *, with_parts: bool) -> StoredGrade:
    result = stored(out, name)
    if result is None:
        raise GraderError(f"{result_path(out, name)}: is not a result file. Grade this submission again.")
    texts: dict[str, list[str]] = {}
    for check in result.checks if with_parts else ():
        if check.status not in FULL:
            texts.setdefault(check.function, []).append(f"{check.status}: {check.title}")
    return StoredGrade(result, parts_of(result.functions if with_parts else (), texts))


def texts_in(checks: bytes) -> dict[str, list[str]]:
    """By function, a text for each check that did not pass. Lines of passed checks stay undecoded."""
    texts: dict[str, list[str]] = {}
    for line in checks.split(b"\n")[1:-1]:
        if not line.partition(STATUS)[2].startswith(AS_FULL):
            check = CHECK.decode(line.rstrip(b","))
            texts.setdefault(check.function, []).append(f"{check.status}: {check.title}")
    return texts


def parts_of(
    functions: Sequence[FunctionLine | FunctionResult], texts: Mapping[str, Sequence[str]]
) -> tuple[GradePart, ...]:
    return tuple(
        GradePart(short_name(one.function), one.points, one.max_points, "\n".join(texts.get(one.function, ())))
        for one in functions
        if one.status != NOT_APPLICABLE
    )
