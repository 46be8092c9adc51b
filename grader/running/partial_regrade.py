"""A changed check regrades what it affects: which checks to run again, and an earlier result with theirs in it. Pure.

    earlier, fresh ─► what_to_run ─► checks ─► graded on these alone ─► merge ─► Result, or None: grade it whole

What one check says depends on others in three ways. Checks of a function, and of those that feed it or are fed by it
(`needs`), share their marks: they are one group, run together. What is called (`[stubs]`) is run with its callers, who
are judged by it. And a caller is run again on stubs for what is wrong: so, if a function is right now that was wrong,
or the other way round, its callers may be affected and everything is run. Where time or memory ran out anywhere, one
check may have cost another its own: then nothing is reused.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

from grader.assignment.load import Assignment
from grader.grading.submission import needs_of
from grader.records import CRASHED, GRADED, PASSED, TIMEOUT, CheckResult, FunctionResult, Result

PARTS: Final = "parts"  # of a result's assignment: check_parts.py's hashes
REST: Final = "rest"


def what_to_run(earlier: Result, fresh: Result, assignment: Assignment) -> frozenset[str] | None:
    """Ids of the checks that have to run, where all else of an earlier result holds; None if nothing of it does.

    fresh: a result of now, with no verdict in it yet. Both with their hashes; without them, nothing holds.
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
    """Whether one check's time, memory or place in the order may have changed another's verdict."""
    return any(check.status in (TIMEOUT, CRASHED) or check.after_hidden for check in result.checks)


def groups_of(functions: Collection[str], assignment: Assignment) -> set[str]:
    """These functions and all that checks tie to them: the one that feeds another, and the one that is fed."""
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
    """The result as if all had been run; None if the rest may be affected after all. partial: of the checks `ran`."""
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
    """By function, whether all of its checks passed, and whether all passed on the student's own code.

    That is all that a caller's checks go by.
    """
    found = dict.fromkeys(functions, (True, True))
    for check in checks:
        if check.function in found:
            passed = check.status == PASSED
            own = passed and not check.follow_through and check.own_run is None and not check.stubs
            before = found[check.function]
            found[check.function] = (before[0] and passed, before[1] and own)
    return found
