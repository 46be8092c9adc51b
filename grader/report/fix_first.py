"""Order one result for its reader: what to fix first, which checks belong together, which messages to show only once.

If a function lost points and needs another function that lost points, the needed function comes first, because it may
be the cause. Otherwise, the function that lost more points comes first. If all checks of a function have the same
message, the page shows it once, at the function. If a file cannot be imported, for example, the same message 130 times
would hide everything else.
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

# A smaller loss of points is a rounding error: points are sums of fractions.
ROUNDING: Final = 1e-9

WORST_FIRST: Final = {status: rank for rank, status in enumerate(CHECK_STATUSES)}


@dataclass(frozen=True)
class Fix:
    """One function that lost points: what is wrong (one line), where, and which functions to fix before this one.

    where: "layers.py:123", the last line of the traceback, or the line of the definition; the file if neither is known.
    others: functions with the same failure at the same place, such as all functions of a file that cannot be imported.
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
    """What the failed checks of a function have in common.

    A part is empty if fewer than two failed checks have it, or if two failed checks differ in it.
    """

    message: str = ""
    hint: str = ""
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True)
class Group:
    """The checks of one function, in the order of the result, and what they have in common.

    note: a sentence that names the student's functions that the reference replaced.
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
    """Return one group for each function, in the order of the result.

    If the result does not list a function, its points and status are computed from its checks.
    """
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


def fix_first(groups: Iterable[Group], *, by_points: bool = True) -> tuple[Fix, ...]:
    """Return the functions that lost points: causes before consequences, then by points lost, then by order.

    by_points: if false, ignore points. In a student's own run, points mean nothing, because hidden checks do not run.
    Uses only the groups. If these come from a result of for_student (disclosure.py), the fixes reveal nothing hidden.
    """
    losing = {group.function.function: group for group in groups if lost(group.function) > ROUNDING}
    fixes: list[Fix] = []
    for function in causes_first((group.function for group in losing.values()), by_points):
        group, placed = losing[function.function], {fix.function for fix in fixes}
        causes = tuple(
            need for need in function.needs if need in placed and need not in replaced_in_all_failures(group)
        )
        fixes.append(describe(group, causes))
    return merge(fixes)


def split_unwritten(groups: Sequence[Group], *, by_points: bool = True) -> tuple[tuple[Fix, ...], tuple[Group, ...]]:
    """Return the functions to fix, as fix_first orders them, and the functions to write, in the order of the result.

    If only one function is unwritten, it stays among the functions to fix. by_points: see fix_first.
    """
    fixes = fix_first(groups, by_points=by_points)
    unwritten = tuple(group for group in groups if group.unwritten and lost(group.function) > ROUNDING)
    if len(unwritten) < 2:
        return fixes, ()
    return tuple(fix for fix in fixes if fix.status != MISSING), unwritten


def replaced_in_all_failures(group: Group) -> set[str]:
    """Return the functions that the reference replaced in every failed check, so that they cannot be the cause."""
    failing = [set(check.stubs) for check in group.checks if is_failing(check)]
    return set.intersection(*failing) if failing else set()


def merge(fixes: Iterable[Fix]) -> tuple[Fix, ...]:
    """Merge fixes with the same message for the same file, because they have the same cause."""
    merged: dict[tuple[str, ...], Fix] = {}
    for fix in fixes:
        key = (fix.status, fix.what, fix.file)
        first = merged.get(key)
        if first is None or not fix.where or names(fix.what, fix.function):
            merged[key if first is None else (*key, fix.function)] = fix
        else:
            merged[key] = replace(first, lost=first.lost + fix.lost, others=(*first.others, fix.function))
    return tuple(merged.values())


def causes_first(functions: Iterable[FunctionResult], by_points: bool = True) -> list[FunctionResult]:
    """Sort functions: causes before consequences, then, if `by_points`, by points lost.

    Missing functions and functions that need them come last, in the given order. In a cycle of needs, the function that
    lost most comes first.
    """
    items = list(functions)
    late: set[str] = set()
    for _ in items:  # each round goes one step further along needs, so this many rounds find all
        late |= {item.function for item in items if item.status == MISSING or late & set(item.needs)}
    early = [item for item in items if item.function not in late]
    return layered(early, by_points) + layered((item for item in items if item.function in late), by_points)


def layered(items: Iterable[FunctionResult], by_points: bool) -> list[FunctionResult]:
    """Sort topologically by needs, in layers. Ignores needs outside of `items`."""
    remaining = {item.function: item for item in items}
    ordered: list[FunctionResult] = []
    while remaining:
        layer = [
            item
            for item in remaining.values()
            if not any(need in remaining for need in item.needs if need != item.function)
        ]
        layer = layer or [max(remaining.values(), key=lost)]
        ordered += sorted(layer, key=lambda item: -lost(item) * (by_points and item.status != MISSING))
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
    """Describe a function by its most helpful failed check.

    A check with a message is more helpful than one without, then a visible check, then a worse status, then more points
    lost.
    """
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
    """Return whether the text contains the function's name. If so, the text is about this function alone."""
    return re.search(rf"\b{re.escape(short_name(function))}\b", text) is not None


def in_common(checks: Sequence[CheckResult]) -> Common:
    """Return what the failed checks have in common."""
    failing = list(filter(is_failing, checks))
    return Common(
        message=shared_value(map(message_of, failing), ""),
        hint=shared_value((say_all(check.hints) for check in failing), ""),
        frames=shared_value((check.frames for check in failing), ()),
    )


def shared_value(values: Iterable[Any], nothing: Any) -> Any:
    present = [value for value in values if value]
    return present[0] if len(present) > 1 and len(set(present)) == 1 else nothing


def own_message(check: CheckResult, common: Common) -> str:
    """Return the check's message without comparisons; "" if its function already shows the message for all checks."""
    return "" if message_of(check) == common.message else shortened(check.reasons, check.function, len(check.reasons))


def summary(check: CheckResult) -> str:
    """Return a check's message for a list: the function's name once, the first sentences, the number of the others."""
    return shortened(all_reasons(check), check.function)


def own_run_message(check: CheckResult) -> str:
    """Return what was wrong in the run without stubs, if the run on stubs counts because it earned more; else ""."""
    own = check.own_run
    if own is None or own.outcome != EARNED_LESS:
        return ""
    return sentence(shortened(own.reasons or EARNS_LESS, check.function))


def stubs_note(checks: Sequence[CheckResult], functions: Mapping[str, FunctionResult]) -> str:
    """Return a sentence that names the functions that the reference replaced in a function's checks; "" if none."""
    counted = [check for check in checks if check.stubs]
    if not counted:
        return ""
    replaced = {name for check in counted for name in check.stubs}
    wrong = [short_name(name) for name, item in functions.items() if name in replaced and item.status != PASSED]
    if wrong:
        return say(Reason.of("stubs_counted", counted=len(counted), checks=len(checks), functions=wrong))
    return say(Reason.of("called_counted", counted=len(counted), checks=len(checks)))
