"""After checks have changed: choose the checks to run again, and merge their verdicts into the earlier result. Pure.

    earlier, fresh ─► what_to_run ─► checks ─► graded only on these ─► merge ─► Result, or None: grade it on all

The verdict of a check depends on other checks in three ways. First, a function and the functions that it is linked to
by `needs` (such as a forward and its backward) share follow-through marks, so the checks of all of them run as one
group. Second, a function that calls others (`[stubs]`) is graded again with stubs in place of called functions that are
wrong. So the checks of the called functions run with the checks of the caller; and if a called function becomes right
or wrong, all checks run. Third, a check that ran out of time or memory may have changed the verdict of another check,
so then all checks run.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

from grader.assignment.load import Assignment
from grader.grading.submission import needs_of
from grader.records import CRASHED, GRADED, PASSED, TIMEOUT, CheckResult, FunctionResult, Result

PARTS: Final = "parts"  # the key in a result's assignment for the hashes of check_parts.py
REST: Final = "rest"


def what_to_run(earlier: Result, fresh: Result, assignment: Assignment) -> frozenset[str] | None:
    """Return the ids of the checks to run, if all other verdicts of the earlier result hold; None to run all checks.

    fresh: a result for today's files, without verdicts. If `earlier` or `fresh` lacks the hashes of the assignment's
    parts, all checks run.
    """
    before, now = (result.assignment.get(PARTS) for result in (earlier, fresh))
    if not before or not now or before.get(REST) != now.get(REST) or earlier.status != GRADED:
        return None
    same = all(getattr(earlier, part) == getattr(fresh, part) for part in ("grounds", "environment", "notebooks"))
    same = same and all(earlier.submission.get(key) == fresh.submission.get(key) for key in ("id", "sha256", "files"))
    same = same and earlier.assignment.get("handout") == fresh.assignment.get("handout")
    if not same or earlier.notes[: len(fresh.notes)] != fresh.notes or is_unsure(earlier):
        return None
    needs = needs_of(assignment)
    if any(tuple(needs.get(one.function, ())) != one.needs for one in earlier.functions):
        return None
    known = {check.id: check.function for check in earlier.checks}
    current = {name: definition.function for name, definition in assignment.definitions.items()}
    changed = {
        function
        for name, function in {**known, **current}.items()
        if name not in known or name not in current or before["checks"].get(name) != now["checks"][name]
    }
    if not changed <= set(assignment.functions):
        return None
    run = with_called(groups_of(changed, assignment), assignment)
    checks = frozenset(name for name, function in current.items() if function in run)
    return checks if len(checks) < len(current) else None


def is_unsure(result: Result) -> bool:
    """Return whether the time, the memory or the order of one check may have changed the verdict of another check."""
    return any(check.status in (TIMEOUT, CRASHED) or check.after_hidden for check in result.checks)


def groups_of(functions: Collection[str], assignment: Assignment) -> set[str]:
    """Return these functions, and all functions that are linked to them by `needs`, directly or through others."""
    found = set(functions)
    pairs = [(check.function, check.needs) for check in assignment.checks if check.needs]
    while more := {name for pair in pairs if not found.isdisjoint(pair) for name in pair} - found:
        found |= more
    return found


def with_called(functions: Collection[str], assignment: Assignment) -> set[str]:
    found = groups_of(functions, assignment)
    while more := groups_of({one for name in found for one in assignment.stubs.get(name, ())}, assignment) - found:
        found |= more
    return found


def merge(
    earlier: Result, partial: Result, fresh: Result, assignment: Assignment, ran: Collection[str]
) -> Result | None:
    """Return the result that running all checks would give; None if verdicts of the other checks may have changed.

    ran: the ids of the checks that ran. partial: the result with their verdicts.
    """
    if is_unsure(partial):
        return None
    functions = {assignment.definitions[name].function for name in ran}
    callers = [name for name, called in assignment.stubs.items() if name not in functions and functions & set(called)]
    if callers and standing_of(earlier.checks, functions) != standing_of(partial.checks, functions):
        return None
    checks = {check.id: check for check in (*earlier.checks, *partial.checks)}
    sums: dict[str, FunctionResult] = {one.function: one for one in (*earlier.functions, *partial.functions)}
    order = dict.fromkeys(check.function for check in assignment.checks)
    ordered = tuple(checks[check.id] for check in assignment.checks)
    return replace(
        fresh,
        score=round(sum(check.points for check in ordered), 2),
        checks=ordered,
        functions=tuple(sums[name] for name in order),
        notes=earlier.notes,
        duration_s=partial.duration_s,
        spent_s=partial.spent_s,
    )


def standing_of(checks: Collection[CheckResult], functions: Collection[str]) -> Mapping[str, tuple[bool, bool]]:
    """Return for each function whether all of its checks passed, and whether all passed without stubs.

    The verdicts of a caller depend only on these two facts about the functions that it calls.
    """
    found = dict.fromkeys(functions, (True, True))
    for check in checks:
        if check.function in found:
            passed = check.status == PASSED
            own = passed and not check.follow_through and check.own_run is None and not check.stubs
            before = found[check.function]
            found[check.function] = (before[0] and passed, before[1] and own)
    return found
