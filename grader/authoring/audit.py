"""The audit: grades the reference and wrong variants of it, and verifies their marks and hints.

    variants.py ─► submissions ─► the same grading as for students, in a sandbox ─► problems_of, hint_problems ─► Audit

A misconception is graded only on the checks that its wrong function can affect: the checks that run the wrong function,
all other checks of the functions under test in these checks, and the checks of the functions that these need. On every
other check, a submission with the misconception gets the same values and points as the reference.

The audit fails if - the reference loses a mark, or the template earns one; - another variant keeps full marks for a
wrong function; - a misconception costs marks in a function that does not use the wrong function, or in a function where
a stub can replace the wrong function; - a misconception gets no hint, or the hint of another misconception.

The audit reports two more findings but does not fail for them. First, checks that catch no mistake that other checks
miss. Second, mistakes that cost marks twice where no stub can help, because a backward gets the value that the
student's forward returned.
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

EPSILON: Final = 1e-6  # in points; results round points to six digits

Users = Mapping[str, frozenset[str]]  # for each function, the functions that use it


@dataclass(frozen=True)
class Audit:
    """The findings of run_audit.

    `needless` compares visible checks only with visible ones, and hidden checks only with hidden ones. Students fix
    their code with the visible checks; the hidden checks alone must then catch all mistakes.
    """

    variants: tuple[Variant, ...]
    results: tuple[Result, ...]  # in the order of `variants`; a result holds the checks that its variant was graded on
    problems: tuple[str, ...]  # why the audit fails, one line each
    needless: tuple[str, ...]  # ids of checks (find_needless)
    costly: Mapping[str, tuple[str, ...]]  # for each misconception, right functions that lose marks (find_costly)


@dataclass(frozen=True)
class Duration:
    """The time of one check on the reference."""

    check: str
    cpu_s: float  # CPU time of the check in this process
    graded_s: float  # wall time of the check in the sandbox


def run_audit(
    assignment: Assignment,
    variants: Sequence[Variant],
    settings: Settings,
    executor: Executor,
    *,
    window: int,
    advance: Callable[[Result], None],
) -> Audit:
    """Grade every variant and list what is wrong in the results. Raises GraderError if a variant cannot be graded."""
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
    """Yield the name of each misconception with the ids of the checks that it can affect (see the top of this file)."""
    run = functions_run(assignment)
    for variant in variants:
        if variant.misconception is not None:
            concerned = [check for check in assignment.checks if variant.changed & run[check.id]]
            functions = variant.changed.union(*({check.function, check.needs} for check in concerned))
            yield variant.name, frozenset(check.id for check in assignment.checks if check.function in functions)


def callers(assignment: Assignment) -> Users:
    """Return for each function all functions that its mistakes may affect.

    A mistake affects all functions that call the wrong function or get its return value, directly or through others.
    """
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
    """Yield every wrong mark in the result of one variant, one line each."""
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
    """List what is wrong with the hints of one variant: a misconception must get its own hint and no other hint."""
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
    """Return the checks that are not needed to catch the misconceptions.

    For every misconception that such a check catches, another check of the same function and visibility does, too.
    """
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
    """Return for each misconception the right functions that lose marks, because they use the wrong function."""
    costly: dict[str, tuple[str, ...]] = {}
    for variant, result in mistakes:
        users = possibly_affected(variant, called_by)
        lost = [check.function for check in result.checks if check.function in users and lost_points(check)]
        costly |= {variant.name: tuple(dict.fromkeys(lost))} if lost else {}
    return costly


def lost_points(one: CheckResult | FunctionResult) -> bool:
    return one.points < one.max_points - EPSILON


def measure_durations(assignment: Assignment, graded: Result) -> list[Duration]:
    """Measure the time of each check on the reference; the slowest check is first. graded: the reference's result."""
    functions = load_reference(assignment)
    wall = {check.id: check.duration_s for check in graded.checks}
    durations = []
    for check in assignment.checks:
        started = time.process_time()
        run_locally(assignment, check, functions)
        durations.append(Duration(check.id, time.process_time() - started, wall[check.id]))
    return sorted(durations, key=lambda one: one.cpu_s, reverse=True)
