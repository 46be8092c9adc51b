"""The class, built from one result after another: a row for each result, the statuses of each check, and statistics.

    Result ─► Roster.add ─► row, CheckTally ─► tally_class ─► ClassTally (mean and median, statuses, environments, …)

A row is a result without the parts that only the submission's own page shows, so that thousands of rows fit in memory.
The class page does not depend on the order in which results arrive: the title and the place of a check come from the
result whose id is first in the order of ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean, median
from typing import Any, Final

from grader import records
from grader.function_ids import module_of, short_name
from grader.intake.names import natural_key
from grader.messages.say import said
from grader.records import FunctionResult, Result

# The statuses that mean that code is not written yet. All other statuses but `passed` mean that code is wrong.
UNWRITTEN: Final = (records.MISSING, records.SKIPPED)
NOT_ISOLATED: Final = ("none", "uid")
ENVIRONMENT_KEYS: Final = ("sandbox", "python", "numpy", "grader")


@dataclass
class CheckTally:
    """How many submissions have which status in one check. Counts while results arrive.

    title and place come from one result; key is the sort key of this result's id.
    """

    id: str
    function: str
    title: str
    place: int
    key: Any
    by_status: Counter[str] = field(default_factory=Counter)

    @property
    def applicable(self) -> int:
        return self.by_status.total() - self.by_status[records.NOT_APPLICABLE]

    @property
    def unwritten(self) -> int:
        return sum(self.by_status[status] for status in UNWRITTEN)

    @property
    def wrong(self) -> int:
        return self.applicable - self.by_status[records.PASSED] - self.unwritten

    @property
    def not_passed(self) -> int:
        return self.wrong + self.unwritten

    @property
    def breakdown(self) -> str:
        left_out = records.PASSED, records.NOT_APPLICABLE
        counts = ((status, self.by_status[status]) for status in records.CHECK_STATUSES if status not in left_out)
        return " · ".join(f"{count} {status}" for status, count in counts if count)


@dataclass(frozen=True)
class HandoutTally:
    """Submissions that were graded for one handout.

    grounds: the reason for which the grader guessed this handout; "" if staff named the handout.
    """

    handout: str
    grounds: str
    ids: tuple[str, ...]


@dataclass(frozen=True)
class ClassTally:
    """Statistics of a class.

    mean, median: over the graded submissions; in points if all have the same `max_score`, else in percent.
    """

    statuses: Mapping[str, int]
    shares: tuple[float, ...]
    mean: float | None
    median: float | None
    max_score: float | None
    environments: tuple[tuple[Mapping[str, str], int], ...]
    functions: tuple[str, ...]
    checks: tuple[CheckTally, ...]
    not_isolated: Mapping[str, int]
    handouts: tuple[HandoutTally, ...]

    @property
    def modules(self) -> tuple[str, ...]:
        """The names of the functions' modules without their folders, in the order of the functions."""
        modules = dict.fromkeys(module_of(function) for function in self.functions)
        return tuple(short_name(module) for module in modules)

    @property
    def handouts_differ(self) -> bool:
        """Whether submissions were graded for different handouts."""
        graded_for = sum(len(tally.ids) for tally in self.handouts)
        return len(self.handouts) > 1 or 0 < graded_for < sum(self.statuses.values())


class Roster:
    """The rows in the order of arrival, and a tally for each check.

    To save memory, rows share equal objects: in a class, a function has only a few different results.
    """

    def __init__(self) -> None:
        self.rows: list[Result] = []
        self.checks: dict[str, CheckTally] = {}
        self._functions: dict[FunctionResult, FunctionResult] = {}
        self._mappings: dict[str, Mapping[str, Any]] = {}

    def add(self, result: Result) -> Result:
        """Add a result and return its row."""
        row = replace(
            result,
            submission={"id": result.id},
            checks=(),
            notebooks=(),
            spent_s={},
            functions=tuple(self._functions.setdefault(item, item) for item in result.functions),
            assignment=self._mappings.setdefault(repr(result.assignment), result.assignment),
            environment=self._mappings.setdefault(repr(result.environment), result.environment),
        )
        self.rows.append(row)
        if result.status == records.GRADED:
            self._count(result)
        return row

    def ordered(self) -> list[Result]:
        """Return the rows, sorted by id in natural order (2 before 10)."""
        return sorted(self.rows, key=lambda row: place_of(row.id))

    def missed(self) -> tuple[CheckTally, ...]:
        """Return the checks that some submissions did not pass, the most failed check first.

        Of two checks that equally many submissions did not pass, the one with more wrong submissions comes first.
        """
        missed = (tally for tally in self.checks.values() if tally.not_passed)
        return tuple(sorted(missed, key=lambda tally: (-tally.not_passed, -tally.wrong, tally.place, tally.id)))

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
    """Return a sort key that puts student_2 before student_10. Of equal keys, such as for 01 and 1, the id decides."""
    return natural_key(submission), submission


def tally_class(roster: Roster) -> ClassTally:
    results = roster.ordered()
    graded = [result for result in results if result.status == records.GRADED]
    reachable = {result.max_score for result in graded}
    shares = tuple(result.score / result.max_score if result.max_score else 0.0 for result in graded)
    same = reachable.pop() if len(reachable) == 1 else None
    marks = [result.score for result in graded] if same else [share * 100 for share in shares]
    statuses = Counter(result.status for result in results)
    environments = Counter(tuple(environment_of(result).items()) for result in results)
    by_count = sorted(environments.items(), key=lambda pair: (-pair[1], pair[0]))
    functions = list(dict.fromkeys(item.function for result in results for item in result.functions))
    modules = list(dict.fromkeys(map(module_of, functions)))  # in the order of their first functions
    return ClassTally(
        statuses={status: statuses[status] for status in records.SUBMISSION_STATUSES if statuses[status]},
        shares=shares,
        mean=fmean(marks) if marks else None,
        median=median(marks) if marks else None,
        max_score=same,
        environments=tuple((dict(items), count) for items, count in by_count),
        functions=tuple(sorted(functions, key=lambda function: modules.index(module_of(function)))),
        checks=roster.missed(),
        not_isolated=Counter(filter(None, map(lack_of_isolation, results))),
        handouts=tally_handouts(results),
    )


def lack_of_isolation(result: Result) -> str:
    """Return the kind of sandbox if it isolates the student's code badly or not at all ("uid" or "none"); else ""."""
    kind = str(result.environment.get("sandbox"))
    return kind if kind in NOT_ISOLATED else ""


def environment_of(result: Result) -> dict[str, str]:
    """Return sandbox, Python, NumPy, grader and handout of a result, as text in a fixed order."""
    known = {key: str(result.environment[key]) for key in ENVIRONMENT_KEYS if result.environment.get(key)}
    handout = result.assignment.get("handout")
    return {**known, "handout": str(handout)} if handout else known


def handout_of(result: Result) -> str:
    """Return the handout that a result was graded for; "" for the assignment's own handout, unless it was guessed."""
    handout = str(result.assignment.get("handout", records.OWN_HANDOUT))
    return "" if handout == records.OWN_HANDOUT and not result.grounds else handout


def tally_handouts(results: Sequence[Result]) -> tuple[HandoutTally, ...]:
    """Group submissions by handout. The smallest group is first, because a handout of few may be a wrong guess."""
    groups: dict[tuple[str, str], list[str]] = {}
    for result in results:
        if handout := handout_of(result):
            groups.setdefault((handout, said(result.grounds)), []).append(result.id)
    tallies = (HandoutTally(handout, grounds, tuple(ids)) for (handout, grounds), ids in groups.items())
    return tuple(sorted(tallies, key=lambda tally: (len(tally.ids), tally.handout)))
