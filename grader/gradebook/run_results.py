"""What a run found out about each submission, as results without texts: enough to compare two runs.

    runs.holds ─► ids of scores, by their grounds ─► points and statuses by check, hashes and versions ─► Result

The gradebook adds a score only where something is other than before, so two runs share most scores, and a run costs
little space. Results' JSON holds the last run of an output folder only; the gradebook holds all runs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from grader.errors import UsageError
from grader.function_ids import module_of
from grader.gradebook.book import Gradebook
from grader.gradebook.tables import assignments, attempts, grounds, hand_ins, layouts, runs, scores
from grader.records import (
    CRASHED,
    ERROR,
    FAILED,
    HIDDEN,
    MISSING,
    NOT_APPLICABLE,
    PARTIAL,
    PASSED,
    SKIPPED,
    TIMEOUT,
    CheckResult,
    Result,
)

# These letters are a part of the format: a new status needs a new letter.
LETTERS: Final = {
    PASSED: "p",
    PARTIAL: "h",
    FAILED: "f",
    MISSING: "m",
    ERROR: "e",
    TIMEOUT: "t",
    CRASHED: "c",
    SKIPPED: "s",
    NOT_APPLICABLE: "n",
}
STATUSES: Final = {letter: status for status, letter in LETTERS.items()}
AT_ONCE: Final = 5000  # ids in one query: SQLite allows 32,766


def letters_of(statuses: tuple[str, ...]) -> str:
    return "".join(map(LETTERS.__getitem__, statuses))


@dataclass(frozen=True)
class RunResults:
    """The results of one run. rows: by submission. about: by the id of a score, the id of its grounds."""

    number: int
    title: str
    rows: Mapping[str, Row[Any]]
    about: Mapping[int, int]
    grounds: Mapping[int, Row[Any]]
    layouts: Mapping[int, list[tuple[str, float]]]  # checks with their maxima

    @property
    def name(self) -> str:
        return f"run {self.number}"

    def ids(self) -> list[str]:
        return sorted(self.rows)

    def key(self, submission: str) -> object:
        """The id of the score: a run that finds the same marks again shares it with the run before."""
        return self.rows[submission].id

    def read(self, submission: str) -> Result:
        """The result as the run had it, without functions, texts and times."""
        row = self.rows[submission]
        shared = self.grounds[self.about[row.id]]
        points = json.loads(row.checks)
        checks = tuple(
            CheckResult(
                name, module_of(name), "", shared.titles.get(name, name), HIDDEN, earned, most, STATUSES[letter]
            )
            for (name, most), earned, letter in zip(self.layouts[row.layout_id], points, row.statuses, strict=True)
        )
        facts = row.status, row.score or 0.0, row.max_score, 0.0
        return Result({"id": submission, "sha256": row.sha256}, shared.assignment, shared.environment, *facts, checks)


def results_of_run(book: Gradebook, number: int) -> RunResults:
    """Raises UsageError if there is no such run, or if it was entered before the gradebook kept results of runs."""
    with book.reading() as connection:
        query = select(runs.c.holds, assignments.c.title).select_from(runs).join(assignments)
        run = connection.execute(query.where(runs.c.id == number)).one_or_none()
        if run is None:
            raise UsageError(f"{book.place}: there is no run {number}, expected one that grader gradebook runs lists.")
        if not run.holds:
            raise UsageError(
                f"{book.place}: run {number} is of an older grader, which did not keep the results of each run. "
                "Compare output folders instead."
            )
        about = {score: int(one) for one, held in json.loads(run.holds).items() for score in held}
        rows = {row.submission: row for row in rows_of(connection, number, list(about))}
        shared = {row.id: row for row in connection.execute(select(grounds).where(grounds.c.id.in_({*about.values()})))}
        known = {row.id: row.checks for row in connection.execute(select(layouts.c.id, layouts.c.checks))}
    return RunResults(number, run.title, rows, about, shared, known)


def rows_of(connection: Connection, run: int, wanted: list[int]) -> list[Row[Any]]:
    """These scores. Those of deleted students are gone; a later run may have taken the id of one, so it is left out."""
    query = select(scores, attempts.c.sha256, hand_ins.c.submission).select_from(scores)
    query = query.join(attempts, attempts.c.id == scores.c.attempt_id).join(hand_ins).where(scores.c.run_id <= run)
    found: list[Row[Any]] = []
    for start in range(0, len(wanted), AT_ONCE):
        found += connection.execute(query.where(scores.c.id.in_(wanted[start : start + AT_ONCE]))).all()
    return found
