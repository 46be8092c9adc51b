"""What to fix first, what stands together, and what is said once: one result in the order a reader needs it.

A function that lost points and needs another one that lost points is a consequence, and stands after its cause.
Among equals, what lost most stands first. What all checks of a function say alike, it says for them: every check of a
function that cannot be imported has the same message, and 130 of them would hide what is new.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from grader.function_ids import short_name
from grader.messages.english import sentence
from grader.messages.of_check import EARNS_LESS, all_reasons, message_of, shortened
from grader.messages.say import say, say_all
from grader.records import (
    CHECK_STATUSES,
    EARNED_LESS,
    MISSING,
    NOT_APPLICABLE,
    PASSED,
    VISIBLE,
    CheckResult,
    Frame,
    FunctionResult,
    Reason,
    Result,
)
from grader.report.text import first_line
from grader.report.words import MEANINGS

# Shares of points are sums of fractions.
ROUNDING: Final = 1e-9

WORST_FIRST: Final = {status: rank for rank, status in enumerate(CHECK_STATUSES)}


@dataclass(frozen=True)
class Fix:
    """One function that lost points: what is wrong in a line, where, and which earlier fixes may settle it.

    where: "layers.py:123", the line of the traceback or else of the definition; the file alone if it has none.
    others: functions that fail in the very same way at the same place, such as all of a file that cannot be imported.
    """

    function: str
    status: str
    lost: float
    what: str
    hint: str
    where: str
    follows_from: tuple[str, ...]
    others: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        return self.where.partition(":")[0]


@dataclass(frozen=True)
class Common:
    """What at least two checks of a function say in the same words, and no check says otherwise; else empty."""

    message: str = ""
    hint: str = ""
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True)
class Group:
    """The checks of one function, in the order of the result, and what they have in common.

    note: which functions the grader's own stood in for.
    """

    function: FunctionResult
    file: str
    checks: tuple[CheckResult, ...]
    common: Common
    note: str

    @property
    def failing(self) -> bool:
        return any(map(is_failing, self.checks)) or not is_settled(self.function.status)

    @property
    def unwritten(self) -> bool:
        return self.function.status == MISSING


def group_checks(result: Result) -> tuple[Group, ...]:
    """One group a function, in the order of the result; a function that only its checks name is summed up here."""
    by_function: dict[str, list[CheckResult]] = {item.function: [] for item in result.functions}
    for check in result.checks:
        by_function.setdefault(check.function, []).append(check)
    known = {item.function: item for item in result.functions}
    return tuple(
        Group(
            known.get(name) or sum_up(name, checks),
            checks[0].file if checks else "",
            tuple(checks),
            in_common(checks),
            stubs_note(checks, known),
        )
        for name, checks in by_function.items()
    )


def fix_first(groups: Iterable[Group]) -> tuple[Fix, ...]:
    """The functions that lost points: causes before consequences, then by points lost, then as the result has them.

    Tells no more than the record does: of a student's record (disclosure.py), nothing hidden.
    """
    losing = {group.function.function: group for group in groups if lost(group.function) > ROUNDING}
    fixes: list[Fix] = []
    for function in causes_first(group.function for group in losing.values()):
        group, placed = losing[function.function], {fix.function for fix in fixes}
        causes = tuple(need for need in function.needs if need in placed and need not in stood_in(group))
        fixes.append(describe(group, causes))
    return merge(fixes)


def split_unwritten(groups: Sequence[Group]) -> tuple[tuple[Fix, ...], tuple[Group, ...]]:
    """What is to be mended, and what is to be written, in the order of the result.

    A single function that is not written stays among the fixes.
    """
    fixes = fix_first(groups)
    unwritten = tuple(group for group in groups if group.unwritten and lost(group.function) > ROUNDING)
    if len(unwritten) < 2:
        return fixes, ()
    return tuple(fix for fix in fixes if fix.status != MISSING), unwritten


def stood_in(group: Group) -> set[str]:
    """Functions that cannot be to blame: in every check that failed, the reference's stood in their place."""
    failing = [set(check.stubs) for check in group.checks if is_failing(check)]
    return set.intersection(*failing) if failing else set()


def merge(fixes: Iterable[Fix]) -> tuple[Fix, ...]:
    """One fix for all functions that say the very same of the same place: they have one cause, whichever it is."""
    merged: dict[tuple[str, ...], Fix] = {}
    for fix in fixes:
        key = (fix.status, fix.what, fix.file)
        first = merged.get(key)
        if first is None or not fix.where or names(fix.what, fix.function):
            merged[key if first is None else (*key, fix.function)] = fix
        else:
            merged[key] = replace(first, lost=first.lost + fix.lost, others=(*first.others, fix.function))
    return tuple(merged.values())


def causes_first(functions: Iterable[FunctionResult]) -> list[FunctionResult]:
    """Causes before consequences, then by points lost; what is missing, and what needs it, last and as it was given.

    A cycle is cut where most was lost.
    """
    items = list(functions)
    late: set[str] = set()
    for _ in items:  # until nothing is added: what needs a late one is late
        late |= {item.function for item in items if item.status == MISSING or late & set(item.needs)}
    return layered(i for i in items if i.function not in late) + layered(i for i in items if i.function in late)


def layered(items: Iterable[FunctionResult]) -> list[FunctionResult]:
    """Layers of a topological sort of these alone."""
    remaining = {item.function: item for item in items}
    ordered: list[FunctionResult] = []
    while remaining:
        layer = [
            item
            for item in remaining.values()
            if not any(need in remaining for need in item.needs if need != item.function)
        ]
        layer = layer or [max(remaining.values(), key=lost)]
        ordered += sorted(layer, key=lambda item: -lost(item) * (item.status != MISSING))
        for item in layer:
            del remaining[item.function]
    return ordered


def lost(item: FunctionResult | CheckResult) -> float:
    return round(item.max_points - item.points, 9)


def is_settled(status: str) -> bool:
    return status in (PASSED, NOT_APPLICABLE)


def is_failing(check: CheckResult) -> bool:
    return not is_settled(check.status)


def describe(group: Group, causes: tuple[str, ...]) -> Fix:
    """Pick the check that tells most: one with a message and visible to all, then the worst status, then most lost."""
    function = group.function
    failing = sorted(
        filter(is_failing, group.checks),
        key=lambda check: (not message_of(check), check.visibility != VISIBLE, WORST_FIRST[check.status], -lost(check)),
    )
    if not failing:
        what, hint, where = MEANINGS[function.status], "", group.file
    else:
        check = failing[0]
        kind = "check" if check.visibility == VISIBLE else "hidden check"
        what = first_line(summary(check)) or f"A {kind} has not passed: {first_line(check.title)}"
        hint = say_all(next((item.hints for item in failing if item.hints), ()))
        line = f":{function.line}" if function.line else ""
        where = f"{check.frames[-1].file}:{check.frames[-1].line}" if check.frames else check.file + line
    return Fix(function.function, function.status, lost(function), what, hint, where, causes)


def sum_up(name: str, checks: list[CheckResult]) -> FunctionResult:
    worst = min((check.status for check in checks), key=WORST_FIRST.__getitem__)
    return FunctionResult(name, sum(check.points for check in checks), sum(check.max_points for check in checks), worst)


def names(text: str, function: str) -> bool:
    """Whether the text names the function: then it is about that one alone."""
    return re.search(rf"\b{re.escape(short_name(function))}\b", text) is not None


def in_common(checks: Sequence[CheckResult]) -> Common:
    """Of the checks that did not pass."""
    failing = list(filter(is_failing, checks))
    return Common(
        message=alike(map(message_of, failing), ""),
        hint=alike((say_all(check.hints) for check in failing), ""),
        frames=alike((check.frames for check in failing), ()),
    )


def alike(said: Iterable[Any], nothing: Any) -> Any:
    words = [item for item in said if item]
    return words[0] if len(words) > 1 and len(set(words)) == 1 else nothing


def own_words(check: CheckResult, common: Common) -> str:
    """The message without what the function says for all its checks, and what stands beside the values compared."""
    return "" if message_of(check) == common.message else shortened(check.reasons, check.function, len(check.reasons))


def summary(check: CheckResult) -> str:
    """The message for a list: the place once, the first sentences, and how many more there are."""
    return shortened(all_reasons(check), check.function)


def with_yours(check: CheckResult) -> str:
    """What was wrong without stubs, if that is why the run on stubs counts; else ""."""
    own = check.own_run
    if own is None or own.outcome != EARNED_LESS:
        return ""
    return sentence(shortened(own.reasons or EARNS_LESS, check.function))


def stubs_note(checks: Sequence[CheckResult], functions: Mapping[str, FunctionResult]) -> str:
    """Which functions the grader's own stood in for, told once for all checks of a function; "" if for none."""
    counted = [check for check in checks if check.stubs]
    if not counted:
        return ""
    stood_in = dict.fromkeys(name for check in counted for name in check.stubs)
    asked, counts = len(checks), len(counted)
    wrong = [short_name(name) for name, item in functions.items() if name in stood_in and item.status != PASSED]
    if wrong:
        return say(Reason.of("stubs_counted", counted=counts, checks=asked, functions=wrong))
    return say(Reason.of("called_counted", counted=counts, checks=asked))
