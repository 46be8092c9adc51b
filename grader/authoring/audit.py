"""The audit: does grading tell right from wrong, and tell the student why?

    variants.py ─► submissions ─► the real grading, sandbox and all ─► judge each result ─► Audit

A misconception is graded on the checks that run its function, and on all others of their functions and of those that
feed them: what the rest return and what they are worth cannot change.

It fails if the reference loses a mark, if the template earns one, if any other variant keeps full marks for a function
that it has wrong, if a misconception costs marks where it has nothing to do with or where a stub can stand in for it,
or is given another hint than its own. Checks that catch nothing by themselves, and mistakes that cost twice where no
stub can help, since a backward is fed what the forward returned, are told and fail nothing.
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
    """What run_audit found. Hidden checks must catch by themselves what visible ones have shown, and visible ones are
    what a student mends by: either may be needless."""

    variants: tuple[Variant, ...]
    results: tuple[Result, ...]  # in the same order, each of the checks that it was graded on
    problems: tuple[str, ...]  # why it fails, a line each
    needless: tuple[str, ...]  # ids of checks, as find_needless has them
    costly: Mapping[str, tuple[str, ...]]  # by misconception, as find_costly has it, functions


@dataclass(frozen=True)
class Duration:
    """What one check costs on the reference."""

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
    """Grade every variant and judge what comes. Raises GraderError if one of them cannot be graded, a fault of ours."""
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
    """By misconception the checks that can tell it from the reference, and those that have a say in their marks."""
    run = functions_run(assignment)
    for variant in variants:
        if variant.misconception is not None:
            concerned = [check for check in assignment.checks if variant.touched & run[check.id]]
            functions = variant.touched.union(*({check.function, check.needs} for check in concerned))
            yield variant.name, frozenset(check.id for check in assignment.checks if check.function in functions)


def callers(assignment: Assignment) -> Users:
    """By function, all that its mistakes may reach: those that call it or are fed its reply, and theirs in turn."""
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
    """What the grading of one variant has otherwise than it must be, its hints aside."""
    if variant.name == REFERENCE:
        for check in result.checks:
            if check.status != PASSED or is_lost(check):
                points = f"{check.points:g} of {check.max_points:g} points, expected full marks."
                yield f"{check.id} is {check.status} with {points} {message_of(check)}".strip()
    elif variant.name == TEMPLATE:
        for check in result.checks:
            if check.status != MISSING or check.points:
                yield f"{check.id} is {check.status} with {check.points:g} points, expected {MISSING} with none."
    else:
        may_lose = reached_by(variant, called_by)
        for function in result.functions:
            name, lost = function.function, f"loses {function.max_points - function.points:g} points for"
            if name in variant.touched:
                if not is_lost(function):
                    yield f"keeps all of its {function.max_points:g} points for {name}. Add a check that catches it."
            elif is_lost(function):
                if name not in may_lose:
                    mend = "Mend that check, or say in [stubs] what it calls."
                    yield f"{lost} {name}, which neither is wrong nor calls what is. {mend}"
                if variant.touched & set(stubs.get(name, ())):
                    mend = "Mend that check: a mistake costs once."
                    yield f"{lost} {name}, too, though a stub can stand in there for what is wrong. {mend}"


def reached_by(variant: Variant, called_by: Users) -> frozenset[str]:
    return frozenset[str]().union(*(called_by[function] for function in variant.touched))


def hint_problems(variant: Variant, result: Result) -> list[str]:
    """A misconception's own hint must be given, and no other beside it."""
    if variant.misconception is None:
        return []
    own = variant.misconception.hint
    hinted = [check for check in result.checks if check.function in variant.touched and check.hints]
    given = {check.id: say_all(check.hints) for check in hinted}
    others = [f"{check} gives the hint {hint!r}, expected its own." for check, hint in given.items() if hint != own]
    if own in given.values() or others:
        return others
    return ["its hint is not given by any check. Tell it from the other misconceptions that return the same."]


def find_needless(mistakes: Iterable[tuple[Variant, Result]]) -> tuple[str, ...]:
    """Checks that catch no misconception of their function which no other check of it, as visible as they, catches."""
    rows: dict[tuple[str, str], list[list[CheckResult]]] = {}  # a row a misconception
    for variant, result in mistakes:
        mine = [check for check in result.checks if check.function in variant.touched]
        for place in dict.fromkeys((check.function, check.visibility) for check in mine):
            rows.setdefault(place, []).append([one for one in mine if (one.function, one.visibility) == place])
    needless = []
    for found in rows.values():
        catchers = [{check.id for check in row if is_lost(check)} for row in found]
        needless += [check.id for check in found[0] if len(found[0]) > 1 and {check.id} not in catchers]
    return tuple(needless)


def find_costly(mistakes: Iterable[tuple[Variant, Result]], called_by: Users) -> dict[str, tuple[str, ...]]:
    """Misconceptions that cost marks where the function that they are in is called or its reply is used."""
    costly: dict[str, tuple[str, ...]] = {}
    for variant, result in mistakes:
        users = reached_by(variant, called_by)
        lost = [check.function for check in result.checks if check.function in users and is_lost(check)]
        costly |= {variant.name: tuple(dict.fromkeys(lost))} if lost else {}
    return costly


def is_lost(one: CheckResult | FunctionResult) -> bool:
    return one.points < one.max_points - EPSILON


def measure(assignment: Assignment, graded: Result) -> list[Duration]:
    """What each check costs on the reference, the dearest first. graded: the reference's result."""
    functions = load_reference(assignment)
    wall = {check.id: check.duration_s for check in graded.checks}
    durations = []
    for check in assignment.checks:
        started = time.process_time()
        run_locally(assignment, check, functions)
        durations.append(Duration(check.id, time.process_time() - started, wall[check.id]))
    return sorted(durations, key=lambda one: one.cpu_s, reverse=True)
