"""The changes between two gradings of a class: who gained or lost how much, through which check, and why. Pure.

    earlier result, later result ─► compare_results ─► Move ─┐
    …                                                        ├─► Regraded ─► lines, CSV, JSON; a page
    …                                                        ┘

A cause is found by comparing hashes and versions in the two results: of the submission, of each check's code and
fixture, of the rest of the assignment, of the grader and of the machine. If several of these have changed, all of them
are named, because the two results do not show which one changed the points.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from grader.records import CheckResult, Result
from grader.report.roster import place_of

CHECK: Final = "check"
FIXTURE: Final = "fixture"
ASSIGNMENT: Final = "assignment"
HANDOUT: Final = "handout"
GRADER: Final = "grader"
MACHINE: Final = "machine"
SUBMISSION: Final = "submission"
ANOTHER: Final = "another check"
CAUSES: Final[dict[str, str]] = {
    CHECK: "The check's code changed, or the check is new or gone.",
    FIXTURE: "What the check expects changed: the reference, a misconception or a hint.",
    ASSIGNMENT: "Another part of the assignment changed: assignment.toml, a handout, the reference or a helper.",
    HANDOUT: "The submission was graded for another handout.",
    GRADER: "The grader itself changed.",
    MACHINE: "Python, NumPy or the sandbox changed.",
    SUBMISSION: "The student handed in other files.",
    ANOTHER: "This check did not change, but its verdict depends on another check that did.",
}
EPSILON: Final = 0.005  # scores have two decimals


@dataclass(frozen=True)
class MovedCheck:
    """One check whose points changed. Points and status are None for a grading in which the check did not exist."""

    id: str
    function: str
    title: str
    points_before: float | None
    points_after: float | None
    status_before: str | None
    status_after: str | None
    causes: tuple[str, ...]

    @property
    def change(self) -> float:
        return (self.points_after or 0.0) - (self.points_before or 0.0)


@dataclass(frozen=True)
class Move:
    """One submission in both gradings. before, after: the scores; None if the submission could not be graded."""

    id: str
    before: float | None
    after: float | None
    max_before: float
    max_after: float
    causes: tuple[str, ...]
    checks: tuple[MovedCheck, ...] = ()

    @property
    def change(self) -> float:
        return round((self.after or 0.0) - (self.before or 0.0), 2)

    @property
    def is_same(self) -> bool:
        """Whether the score, the maximum and the points of all checks are the same in both gradings."""
        no_score = (self.before is None) != (self.after is None)
        return not self.checks and not self.change and not no_score and abs(self.max_after - self.max_before) < EPSILON


@dataclass(frozen=True)
class CheckSum:
    """One check over the class: how many submissions gained and lost points in it, and how many points in total."""

    id: str
    function: str
    title: str
    gained: int
    lost: int
    change: float
    causes: tuple[str, ...]


@dataclass
class Regraded:
    """Collects the changes of a class.

    moves: the changed submissions. same: the number of unchanged submissions. new, gone: ids of submissions that are
    only in the later, or only in the earlier grading.
    """

    moves: list[Move] = field(default_factory=list)
    same: int = 0
    new: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)

    def add(self, earlier: Result, later: Result) -> None:
        move = compare_results(earlier, later)
        if move.is_same:
            self.same += 1
        else:
            self.moves.append(move)

    @property
    def gained(self) -> list[Move]:
        return sorted((move for move in self.moves if move.change > 0), key=lambda one: (-one.change, place_of(one.id)))

    @property
    def lost(self) -> list[Move]:
        return sorted((move for move in self.moves if move.change < 0), key=lambda one: (one.change, place_of(one.id)))

    @property
    def shifted(self) -> list[Move]:
        """The submissions that have the same score as before, but from other checks or with another maximum."""
        return sorted((move for move in self.moves if not move.change), key=lambda one: place_of(one.id))

    @property
    def both(self) -> int:
        return len(self.moves) + self.same

    def checks(self) -> list[CheckSum]:
        """Return the checks whose points changed, the check with the most changed submissions first."""
        by_check: dict[str, list[MovedCheck]] = {}
        for move in self.moves:
            for check in move.checks:
                by_check.setdefault(check.id, []).append(check)
        sums = [sum_check(moved) for moved in by_check.values()]
        return sorted(sums, key=lambda one: (-(one.gained + one.lost), -abs(one.change), one.id))


def sum_check(moved: Sequence[MovedCheck]) -> CheckSum:
    causes = Counter(cause for one in moved for cause in one.causes)
    return CheckSum(
        moved[0].id,
        moved[0].function,
        moved[-1].title,
        sum(one.change > EPSILON for one in moved),
        sum(one.change < -EPSILON for one in moved),
        sum(one.change for one in moved),
        tuple(sorted(causes, key=lambda cause: (-causes[cause], cause))),
    )


def compare_results(earlier: Result, later: Result) -> Move:
    before, after = ({check.id: check for check in result.checks} for result in (earlier, later))
    moved = [
        moved_check(before.get(name), after.get(name), causes_of(earlier, later, name))
        for name in dict.fromkeys([*after, *before])
        if is_moved(before.get(name), after.get(name))
    ]
    return Move(
        later.id,
        score_of(earlier),
        score_of(later),
        earlier.max_score,
        later.max_score,
        causes_of(earlier, later),
        tuple(moved),
    )


def score_of(result: Result) -> float | None:
    return None if result.status == "grader_error" else result.score


def is_moved(before: CheckResult | None, after: CheckResult | None) -> bool:
    points = [(check.points, check.max_points) if check else (0.0, 0.0) for check in (before, after)]
    return any(abs(one - other) >= EPSILON / 10 for one, other in zip(*points, strict=True))


def moved_check(before: CheckResult | None, after: CheckResult | None, causes: tuple[str, ...]) -> MovedCheck:
    known = after or before
    assert known is not None  # the caller takes names from both results
    return MovedCheck(
        known.id,
        known.function,
        known.title,
        before.points if before else None,
        after.points if after else None,
        before.status if before else None,
        after.status if after else None,
        causes,
    )


def causes_of(earlier: Result, later: Result, check: str | None = None) -> tuple[str, ...]:
    """Return the causes that may have changed the verdict of `check`; if it is None, the verdict of any check."""
    found = [SUBMISSION] if earlier.submission.get("sha256") != later.submission.get("sha256") else []
    environments = earlier.environment, later.environment
    if environments[0].get("grader") != environments[1].get("grader"):
        found.append(GRADER)
    if any(environments[0].get(name) != environments[1].get(name) for name in ("python", "numpy", "sandbox")):
        found.append(MACHINE)
    assignments = earlier.assignment, later.assignment
    if assignments[0].get("handout") != assignments[1].get("handout"):
        found.append(HANDOUT)
    parts = [one.get("parts") for one in assignments]
    if assignments[0].get("sha256") != assignments[1].get("sha256"):
        found += causes_in(parts[0], parts[1], check) if parts[0] and parts[1] else [ASSIGNMENT]
    return tuple(found) or ((ANOTHER,) if check else ())


def causes_in(before: Mapping[str, Any], after: Mapping[str, Any], check: str | None) -> list[str]:
    """Return which parts of an assignment changed, found by their hashes (assignment/check_parts.py)."""
    found = [ASSIGNMENT] if before.get("rest") != after.get("rest") else []
    names = [check] if check else sorted({*before["checks"], *after["checks"]})
    pairs = [(before["checks"].get(name, "").split(), after["checks"].get(name, "").split()) for name in names]
    if any(one[:1] != other[:1] for one, other in pairs):
        found.append(CHECK)  # a change of its code usually changes its fixture, so FIXTURE is not named as well
    if any(one[:1] == other[:1] and one[1:] != other[1:] for one, other in pairs):
        found.append(FIXTURE)
    return found
