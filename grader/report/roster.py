"""A class as it grows, one result at a time: a small row of each, and counts of how each check ended.

Rows are what the class page, the table of marks and the terminal need, so that thousands fit in memory. Whatever the
order in which results come, the class page is the same: what is kept of one result on behalf of all (a check's title,
its place) is that of the first by id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from grader.intake.names import natural_key
from grader.messages.say import said
from grader.records import (
    CHECK_STATUSES,
    GRADED,
    MISSING,
    NOT_APPLICABLE,
    PASSED,
    SKIPPED,
    FunctionResult,
    Result,
)
from grader.report import words

MESSAGE_CHARS: Final = 600  # no list shows more of it
# Not a mistake in what was written, but something that was not written.
UNWRITTEN: Final = (MISSING, SKIPPED)


@dataclass(frozen=True, slots=True)
class Row:
    """A result without its checks. notes: how many there are."""

    id: str
    status: str
    score: float
    max_score: float
    duration_s: float
    message: str
    notes: int
    grounds: str
    functions: tuple[FunctionResult, ...]
    assignment: Mapping[str, Any]
    environment: Mapping[str, Any]


@dataclass
class CheckTally:
    """How one check ended over the class. Grows while the results are read.

    place: where it stands in the result that title and place were taken from; key: the order of that result's id.
    """

    id: str
    function: str
    title: str
    place: int
    key: Any
    by_status: Counter[str] = field(default_factory=Counter)

    @property
    def asked(self) -> int:
        return self.by_status.total() - self.by_status[NOT_APPLICABLE]

    @property
    def unwritten(self) -> int:
        return sum(self.by_status[status] for status in UNWRITTEN)

    @property
    def wrong(self) -> int:
        return self.asked - self.by_status[PASSED] - self.unwritten

    @property
    def not_passed(self) -> int:
        return self.wrong + self.unwritten

    @property
    def breakdown(self) -> str:
        counts = (
            (status, self.by_status[status]) for status in CHECK_STATUSES if status not in (PASSED, NOT_APPLICABLE)
        )
        return " · ".join(f"{count} {status}" for status, count in counts if count)


class Roster:
    """The rows in the order in which they came, and the tallies by check.

    Rows share what is the same in many of them: nearly every function of a class ends in few ways.
    """

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.checks: dict[str, CheckTally] = {}
        self._functions: dict[FunctionResult, FunctionResult] = {}
        self._mappings: dict[str, Mapping[str, Any]] = {}

    def add(self, result: Result) -> Row:
        """Take a result in. Raises GraderError, and takes nothing in, for words that are none."""
        words.check_words(result)
        row = self._row_of(result)
        self.rows.append(row)
        if result.status == GRADED:
            self._count(result)
        return row

    def ordered(self) -> list[Row]:
        """By id, as people count."""
        return sorted(self.rows, key=lambda row: place_of(row.id))

    def missed(self) -> tuple[CheckTally, ...]:
        """The checks that somebody did not pass, most often first; wrong weighs more than unwritten."""
        missed = (tally for tally in self.checks.values() if tally.not_passed)
        return tuple(sorted(missed, key=lambda tally: (-tally.not_passed, -tally.wrong, tally.place, tally.id)))

    def _row_of(self, result: Result) -> Row:
        message = said(result.reason)
        return Row(
            id=result.id,
            status=result.status,
            score=result.score,
            max_score=result.max_score,
            duration_s=result.duration_s,
            message=message if len(message) <= MESSAGE_CHARS else f"{message[: MESSAGE_CHARS - 1]}…",
            notes=len(result.notes),
            grounds=said(result.grounds),
            functions=tuple(self._functions.setdefault(item, item) for item in result.functions),
            assignment=self._mappings.setdefault(repr(result.assignment), result.assignment),
            environment=self._mappings.setdefault(repr(result.environment), result.environment),
        )

    def _count(self, result: Result) -> None:
        key = place_of(result.id)
        for place, check in enumerate(result.checks):
            tally = self.checks.get(check.id)
            if tally is None:
                tally = self.checks[check.id] = CheckTally(check.id, check.function, check.title, place, key)
            elif key < tally.key:
                tally.title, tally.place, tally.key = check.title, place, key
            tally.by_status[check.status] += 1


def place_of(submission: str) -> tuple[Any, str]:
    """A sort key: student_2 before student_10; the id itself settles ties."""
    return natural_key(submission), submission
