"""The class in numbers: mean and median, statuses, environments, and which checks were not passed most often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Final

from grader.function_ids import module_of, short_name
from grader.records import GRADED, GRADER_ERROR, OWN_HANDOUT, UNREADABLE, Result
from grader.report.roster import CheckTally, Roster, Row

NOT_ISOLATED: Final = ("none", "uid")
ENVIRONMENT_KEYS: Final = ("sandbox", "python", "numpy", "grader")


@dataclass(frozen=True)
class HandoutTally:
    """Submissions that were graded for one handout on the same grounds; none if the handout was named."""

    handout: str
    grounds: str
    ids: tuple[str, ...]


@dataclass(frozen=True)
class ClassTally:
    """mean, median: over the graded, in points if all had the same to reach (`max_score`), else in percent."""

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
        """The last names of the functions' modules, in the order of the functions."""
        modules = dict.fromkeys(module_of(function) for function in self.functions)
        return tuple(short_name(module) for module in modules)

    @property
    def handouts_differ(self) -> bool:
        """Whether it depends on the submission which handout it was graded for."""
        graded_for = sum(len(tally.ids) for tally in self.handouts)
        return len(self.handouts) > 1 or 0 < graded_for < sum(self.statuses.values())


def tally_class(roster: Roster) -> ClassTally:
    """Count over all rows, in one pass each."""
    results = roster.ordered()
    graded = [result for result in results if result.status == GRADED]
    reachable = {result.max_score for result in graded}
    shares = tuple(result.score / result.max_score if result.max_score else 0.0 for result in graded)
    same = reachable.pop() if len(reachable) == 1 else None
    marks = [result.score for result in graded] if same else [share * 100 for share in shares]
    statuses = Counter(result.status for result in results)
    return ClassTally(
        statuses={status: statuses[status] for status in (GRADED, UNREADABLE, GRADER_ERROR) if statuses[status]},
        shares=shares,
        mean=fmean(marks) if marks else None,
        median=median(marks) if marks else None,
        max_score=same,
        environments=count_environments(results),
        functions=by_module(dict.fromkeys(item.function for result in results for item in result.functions)),
        checks=roster.missed(),
        not_isolated=Counter(filter(None, map(lack_of_isolation, results))),
        handouts=tally_handouts(results),
    )


def by_module(functions: Iterable[str]) -> tuple[str, ...]:
    """The functions of a module together, modules and functions in the order in which they come."""
    modules: dict[str, list[str]] = {}
    for function in functions:
        modules.setdefault(module_of(function), []).append(function)
    return tuple(function for members in modules.values() for function in members)


def lack_of_isolation(result: Result | Row) -> str:
    """How the student's code ran, where that was not in the sandbox: "none", "uid", or nothing to be said."""
    kind = str(result.environment.get("sandbox"))
    return kind if kind in NOT_ISOLATED else ""


def environment_of(result: Result | Row) -> dict[str, str]:
    """What a result was graded with, handout included, as text in a fixed order."""
    known = {key: str(result.environment[key]) for key in ENVIRONMENT_KEYS if result.environment.get(key)}
    handout = result.assignment.get("handout")
    return {**known, "handout": str(handout)} if handout else known


def handout_of(result: Result | Row) -> str:
    """The handout that a result was graded for, or "" if that is the assignment's own and nobody guessed."""
    handout = str(result.assignment.get("handout", OWN_HANDOUT))
    return "" if handout == OWN_HANDOUT and not result.grounds else handout


def tally_handouts(results: Sequence[Row]) -> tuple[HandoutTally, ...]:
    """The smallest groups first: one submission among many that was taken for another handout is worth a look."""
    groups: dict[tuple[str, str], list[str]] = {}
    for result in results:
        if handout := handout_of(result):
            groups.setdefault((handout, result.grounds), []).append(result.id)
    tallies = (HandoutTally(handout, grounds, tuple(ids)) for (handout, grounds), ids in groups.items())
    return tuple(sorted(tallies, key=lambda tally: (len(tally.ids), tally.handout)))


def count_environments(results: Sequence[Row]) -> tuple[tuple[Mapping[str, str], int], ...]:
    counts = Counter(tuple(environment_of(result).items()) for result in results)
    return tuple((dict(items), count) for items, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
