"""A class as it grows, one result at a time: a small row of each, and counts of how each check ended.

Whatever the order in which results come, the class page is the same: what is kept of one result on behalf of all (a
check's title, its place) is that of the first by id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from grader.records import CHECK_STATUSES, GRADED, MISSING, NOT_APPLICABLE, PASSED, SKIPPED, Result
from grader.report import text, words
from grader.report.rows import Row, Rows

# Not a mistake in what was written, but something that was not written.
UNWRITTEN: Final = (MISSING, SKIPPED)


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
    """The rows in the order in which they came, and the tallies by check."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.checks: dict[str, CheckTally] = {}
        self._make = Rows().make

    def add(self, result: Result) -> Row:
        """Take a result in. Raises GraderError, and takes nothing in, for words that are none."""
        words.check_words(result)
        row = self._make(result)
        self.rows.append(row)
        if result.status == GRADED:
            self._count(result)
        return row

    def ordered(self) -> list[Row]:
        """By id, as people count."""
        return sorted(self.rows, key=lambda row: text.natural_key(row.id))

    def missed(self) -> tuple[CheckTally, ...]:
        """The checks that somebody did not pass, most often first; wrong weighs more than unwritten."""
        missed = (tally for tally in self.checks.values() if tally.not_passed)
        return tuple(sorted(missed, key=lambda tally: (-tally.not_passed, -tally.wrong, tally.place, tally.id)))

    def _count(self, result: Result) -> None:
        key = text.natural_key(result.id)
        for place, check in enumerate(result.checks):
            tally = self.checks.get(check.id)
            if tally is None:
                tally = self.checks[check.id] = CheckTally(check.id, check.function, check.title, place, key)
            elif key < tally.key:
                tally.title, tally.place, tally.key = check.title, place, key
            tally.by_status[check.status] += 1


def roster_of(results: Iterable[Result]) -> Roster:
    roster = Roster()
    for result in results:
        roster.add(result)
    return roster
