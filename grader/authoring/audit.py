"""The audit: does grading tell right from wrong, and does it tell the student why?

    variants.py ─► submissions ─► the real grading, sandbox and all ─► judge each result ─► Audit

A misconception is not graded on all checks, only on those that run its function, and on all other checks of the same
functions and of the functions that these need. All other checks return the same values and points as on the reference.

The audit fails if - the reference loses a mark, or the template earns one; - another variant keeps full marks for a
function that is wrong in it; - a misconception costs marks in a function that does not use the wrong one, or although a
stub can replace the wrong one; - a misconception gets another hint than its own, or none.

It reports two more findings but does not fail for them: checks that catch nothing that others miss; and mistakes that
cost marks twice although no stub can help, since a backward gets what the student's forward returned.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Final

from grader.assignment.load import Assignment
from grader.assignment.reference import load_reference
from grader.authoring.local_run import functions_run, run_locally
from grader.authoring.variants import REFERENCE, TEMPLATE, Variant
from grader.errors import GraderError
from grader.grading.context import Settings
from grader.messages.of_check import message_of
from grader.messages.say import said, say_all
from grader.records import GRADED, MISSING, PASSED, CheckResult, FunctionResult, Result
from grader.running.job_pool import grade_all

EPSILON: Final = 1e-6  # points; they are rounded to six digits

Users = Mapping[str, frozenset[str]]  # by function


@dataclass(frozen=True)
class Audit:
    """The findings of run_audit. Visible and hidden checks count separately for `needless`: students fix their code by
    the visible ones, and the hidden ones must catch the same mistakes without them."""

    variants: tuple[Variant, ...]
    results: tuple[Result, ...]  # in the same order; each holds the checks that its variant was graded on
    problems: tuple[str, ...]  # why the audit fails, one line each
    needless: tuple[str, ...]  # ids of checks (find_needless)
    costly: Mapping[str, tuple[str, ...]]  # by misconception, other functions that lose marks (find_costly)


@dataclass(frozen=True)
class Duration:
    """The time of one check on the reference."""

    check: str
    cpu_s: float  # in this process
    graded_s: float  # wall time when it was graded


def run_audit(
    assignment: Assignment,
    variants: Sequence[Variant],
    settings: Settings,
    executor: Executor,
    *,
    window: int,
    advance: Callable[[Result], None],
) -> Audit:
    """Grade every variant and judge the results. Raises GraderError if one cannot be graded: a fault of ours."""
    parts = dict(parts_of(assignment, variants))
    done: dict[str, Result] = {}
    for result in grade_all((one.submission for one in variants), settings, executor, window=window, parts=parts):
        if result.status != GRADED:
            raise GraderError(f"audit: {result.id} has status {result.status} ({said(result.reason)}).")
        done[result.id] = replace(result, max_score=round(sum(check.max_points for check in result.checks), 2))
        advance(done[result.id])
    called_by, graded = callers(assignment), [(one, done[one.name]) for one in variants]
    problems = [
        f"{one.name}: {problem}"
        for one, result in graded
        for problem in (*problems_of(one, result, called_by, assignment.stubs), *hint_problems(one, result))
    ]
    mistakes = [(one, result) for one, result in graded if one.misconception is not None]
    results = tuple(result for _, result in graded)
    return Audit(tuple(variants), results, tuple(problems), find_needless(mistakes), find_costly(mistakes, called_by))


def parts_of(assignment: Assignment, variants: Iterable[Variant]) -> Iterator[tuple[str, frozenset[str]]]:
    """By misconception: the ids of the checks that its variant is graded on (see above)."""
    run = functions_run(assignment)
    for variant in variants:
        if variant.misconception is not None:
            concerned = [check for check in assignment.checks if variant.changed & run[check.id]]
            functions = variant.changed.union(*({check.function, check.needs} for check in concerned))
            yield variant.name, frozenset(check.id for check in assignment.checks if check.function in functions)


def callers(assignment: Assignment) -> Users:
    """By function, all functions that its mistakes may reach: they call it or get its return value, also indirectly."""
    uses: dict[str, set[str]] = {function: set(assignment.stubs.get(function, ())) for function in assignment.functions}
    for check in assignment.checks:
        uses[check.function] |= {check.needs} if check.needs else set()
    reached = {}
    for function in assignment.functions:
        found, new = set[str](), {function}
        while new:
            new = {user for user, used in uses.items() if used & new} - found
            found |= new
        reached[function] = frozenset(found - {function})
    return reached


def problems_of(
    variant: Variant, result: Result, called_by: Users, stubs: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    """Everything wrong in the result of one variant, except hints."""
    if variant.name == REFERENCE:
        for check in result.checks:
            if check.status != PASSED or lost_points(check):
                points = f"{check.points:g} of {check.max_points:g} points, expected full marks."
                yield f"{check.id} is {check.status} with {points} {message_of(check)}".strip()
    elif variant.name == TEMPLATE:
        for check in result.checks:
            if check.status != MISSING or check.points:
                yield f"{check.id} is {check.status} with {check.points:g} points, expected {MISSING} with none."
    else:
        may_lose = possibly_affected(variant, called_by)
        for function in result.functions:
            name, lost = function.function, f"loses {function.max_points - function.points:g} points for"
            if name in variant.changed:
                if not lost_points(function):
                    yield f"keeps all of its {function.max_points:g} points for {name}. Add a check that catches it."
            elif lost_points(function):
                if name not in may_lose:
                    cure = "Correct the check, or list in [stubs] what the function calls."
                    yield f"{lost} {name}, which is right and calls no wrong function. {cure}"
                if variant.changed & set(stubs.get(name, ())):
                    cure = "Correct the check: a mistake must cost marks only once."
                    yield f"{lost} {name}, too, although a stub can replace the wrong function there. {cure}"


def possibly_affected(variant: Variant, called_by: Users) -> frozenset[str]:
    return frozenset[str]().union(*(called_by[function] for function in variant.changed))


def hint_problems(variant: Variant, result: Result) -> list[str]:
    """Everything wrong with the hints of one variant: a misconception must get its own hint and no other."""
    if variant.misconception is None:
        return []
    own = variant.misconception.hint
    hinted = [check for check in result.checks if check.function in variant.changed and check.hints]
    given = {check.id: say_all(check.hints) for check in hinted}
    others = [f"{check} gives the hint {hint!r}, expected its own." for check, hint in given.items() if hint != own]
    if own in given.values() or others:
        return others
    return ["no check gives its hint. Add a check that distinguishes it from other misconceptions."]


def find_needless(mistakes: Iterable[tuple[Variant, Result]]) -> tuple[str, ...]:
    """Checks that are never the only one of their function and visibility to catch a misconception."""
    rows: dict[tuple[str, str], list[list[CheckResult]]] = {}  # one row per misconception
    for variant, result in mistakes:
        mine = [check for check in result.checks if check.function in variant.changed]
        for place in dict.fromkeys((check.function, check.visibility) for check in mine):
            rows.setdefault(place, []).append([one for one in mine if (one.function, one.visibility) == place])
    needless = []
    for found in rows.values():
        catchers = [{check.id for check in row if lost_points(check)} for row in found]
        needless += [check.id for check in found[0] if len(found[0]) > 1 and {check.id} not in catchers]
    return tuple(needless)


def find_costly(mistakes: Iterable[tuple[Variant, Result]], called_by: Users) -> dict[str, tuple[str, ...]]:
    """By misconception, the functions that lose marks since they call the wrong function or use its return value."""
    costly: dict[str, tuple[str, ...]] = {}
    for variant, result in mistakes:
        users = possibly_affected(variant, called_by)
        lost = [check.function for check in result.checks if check.function in users and lost_points(check)]
        costly |= {variant.name: tuple(dict.fromkeys(lost))} if lost else {}
    return costly


def lost_points(one: CheckResult | FunctionResult) -> bool:
    return one.points < one.max_points - EPSILON


def measure_durations(assignment: Assignment, graded: Result) -> list[Duration]:
    """The time of each check on the reference, the slowest first. graded: the result of the reference."""
    functions = load_reference(assignment)
    wall = {check.id: check.duration_s for check in graded.checks}
    durations = []
    for check in assignment.checks:
        started = time.process_time()
        run_locally(assignment, check, functions)
        durations.append(Duration(check.id, time.process_time() - started, wall[check.id]))
    return sorted(durations, key=lambda one: one.cpu_s, reverse=True)
