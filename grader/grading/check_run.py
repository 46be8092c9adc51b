"""One check on one submission: run it, judge what comes, ask for gradients where they matter.

    attempt ──► values ──► judge them ──► all right: done
       │                      └─► a gradient is wrong: does it belong to the student's own forward? (follow_up)
       └──► a failure ──► of the forward that the check feeds to the backward: run it again with the documented cache

What comes out is a Trial; what it is worth is settled when all trials of a submission are known (judging/verdict.py).
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np

from grader.assignment.fixtures import Fixture, Fixtures
from grader.assignment.load import Assignment
from grader.calls import Call, Classes
from grader.function_ids import short_name
from grader.grading.attempt import Attempts, JudgedValues, is_missing, output_of
from grader.grading.follow_through import Followed, follow_through
from grader.grading.reference_oracle import Oracle
from grader.judging.adapt import OWN, Handout, adapt
from grader.judging.compare import Judgement, fit
from grader.judging.placeholder import Placeholder
from grader.judging.run_check_function import perform
from grader.judging.student_proxy import Student
from grader.judging.verdict import Trial
from grader.records import PASSED, Check, Reason
from grader.sandbox.host.check_process import CheckProcess, Upcoming, no_more
from grader.sandbox.host.check_setup import Setup
from grader.sandbox.host.limits import Limits
from grader.sandbox.host.program import Program, record

# Programs by the function that a check is made of, and the handout that it is asked in the words of.
KEPT: Final[WeakKeyDictionary[Callable[..., Any], dict[str, Program | None]]] = WeakKeyDictionary()


def run_check(
    process: CheckProcess,
    check: Check,
    assignment: Assignment,
    fixtures: Fixtures,
    oracle: Oracle,
    *,
    stubs: frozenset[str] = frozenset(),
    handout: Handout = OWN,
    is_wrong: bool = False,
    limits: Limits | None = None,
    why: Reason | None = None,
    upcoming: Upcoming = no_more,
) -> Trial:
    """One check on one submission, from inputs to judgements.

    stubs: functions that the reference stands in for. handout: the one that the submission was written for. is_wrong:
    the function was wrong in a fresh process before, so that it is believed to be wrong in another. limits: None for
    the usual ones; why: it has less time than usual. upcoming: the checks that its process runs next.
    """
    started = time.monotonic()
    accepted = handout.accepts.get(check.function, frozenset())
    fixture = fixtures.checks[check.id].accepting(accepted)
    documented = assignment.definitions[check.id].cache
    call = adapt(process.call, handout)
    setup = setup_for(process, check, fixtures, handout, limits, why)
    program, setup = setup.program, replace(setup, program=None, lean=False)
    if stubs:
        setup = replace(setup, granted=stubs, answer=oracle.answer)
    attempts = Attempts(process, check, fixture, oracle, setup)
    outcome = attempts.run(call, is_wrong=is_wrong, program=program, upcoming=upcoming)
    processes, failure, fed = outcome.processes, outcome.failure, None
    if failure is not None and failure.function == check.needs and documented is not None:
        fed = failure

        def call_and_feed(function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            return (None, documented(*args, **kwargs)) if function == check.needs else call(function, args, kwargs)

        outcome = attempts.run(call_and_feed, is_wrong=is_wrong)
        failure = outcome.failure
    if fed is None and failure is not None and failure.function == check.needs and is_missing(failure):
        failure = attempts.missing_too() or failure
    hints = {**fixtures.hints.get(check.function, {}), **handout.hints.get(check.function, {})}
    trial = Trial(
        check,
        failure,
        stubs=stubs,
        raising={name: hints[name] for name, raised in fixture.raises.items()},
        raised=frozenset(
            name for name, raised in fixture.raises.items() if failure is not None and failure.raised == raised
        ),
        by_outcome={name: hints[name] for name in fixtures.by_outcome.get(check.function, ()) if name not in accepted},
        beside=frozenset(fixtures.beside.get(check.function, ())),
        fed=fed,
        output=output_of(outcome),
        remarks=mutation_remarks(outcome.mutations, fixtures),
        processes=processes,
    )
    if outcome.value is not None:
        secret = zlib.crc32(f"{assignment.sha256} {check.id}".encode())  # hidden checks are in it: no student knows it
        outcome.value.undoable.undo()
        follow = partial(follow_through, attempts, call, secret)
        trial = judge(trial, outcome.value, fixture, hints, follow)
    oracle.end()
    return replace(trial, duration_s=round(time.monotonic() - started, 4))


def setup_for(
    process: CheckProcess, check: Check, fixtures: Fixtures, handout: Handout, limits: Limits | None, why: Reason | None
) -> Setup:
    """What the check needs of its process, without stubs; and what it is expected to call."""
    plan, arities = process.session.plan, fixtures.checks[check.id].arities
    program = program_of(check, handout, arities, plan.functions, plan.classes)
    return Setup(check.seed, limits, why, arities=arities, program=program, lean=True)


def program_of(
    check: Check, handout: Handout, arities: Sequence[tuple[str, int]], functions: frozenset[str], classes: Classes
) -> Program | None:
    """What the check calls until it first looks at a value; None where it looks before it calls.

    Recorded and encoded once in a process, and sent to every submission: a recording sees none, since what a
    placeholder stands for is nobody's value. The secret inputs of follow-through never become a program that is kept.
    """
    kept = KEPT.setdefault(check.run, {})
    if handout.name not in kept:

        def work(call: Call) -> Mapping[str, Any]:
            student = Student(adapt(call, handout), functions, classes)
            # The reference answers elsewhere, and not before the check runs.
            reference = Student(lambda function, args, kwargs: Placeholder("elsewhere", ()), functions, classes)
            return perform(check.run, student, np.random.RandomState(check.seed), reference).values

        kept[handout.name] = record(work, arities)
    return kept[handout.name]


def follow_up(trial: Trial, oracle: Oracle) -> Trial:
    """The trial with what its wrong gradients follow from, if run_check left that open: whoever runs it says when.

    The student's code is called with inputs from a secret seed then, in the sandbox and with the stubs of the check.
    """
    if trial.follow is None:
        return trial
    started = time.monotonic()
    agreed, same_reach = trial.follow()
    oracle.end()
    duration_s = round(trial.duration_s + time.monotonic() - started, 4)
    return replace(trial, follow=None, agreed=agreed, same_reach=same_reach, duration_s=duration_s)


def judge(
    trial: Trial, values: JudgedValues, fixture: Fixture, hints: Mapping[str, str], follow: Callable[..., Followed]
) -> Trial:
    """What its judgements mean. Where a gradient is wrong, what it follows from is left open.

    follow: asks for the numerical gradient of the student's own forward.
    """
    gradients, judgements = values.returned.gradients, values.judgements
    failed = {j.comparison.name: j.actual for j in judgements if j.comparison.status != PASSED}
    claims = gradients.claims if gradients else {}
    wrong = {name: array for name, array in failed.items() if name in claims and array is not None}
    is_open = trial.fed is None and wrong and fixture.forward is not None
    variants = fixture.variants if failed else {}
    fits = {name: fit(trial.check, fixture.expected, arrays, judgements) for name, arrays in variants.items()}
    return replace(
        trial,
        # What was returned may be large, and is not needed any more.
        judgements=tuple(Judgement(judgement.comparison, judgement.remarks) for judgement in judgements),
        follow=partial(follow, gradients=gradients, wrong=wrong) if is_open else None,
        variants={name: hints[name] for name in fixture.variants},
        matched=frozenset(name for name, one in fits.items() if one.is_whole),
        fits=fits,
    )


def mutation_remarks(mutations: Sequence[tuple[str, int, bool]], fixtures: Fixtures) -> tuple[Reason, ...]:
    """mutations: function, position of the argument, and whether the result is that very array."""
    remarks = []
    for function, position, is_returned in dict.fromkeys(mutations):
        names = fixtures.arguments.get(function, ())
        argument = names[position] if position < len(names) else Reason.of("argument", number=position + 1)
        changed = Reason.of("input_changed", function=short_name(function), argument=argument)
        returned = Reason.of("input_changed_and_returned", function=short_name(function), argument=argument)
        remarks.append(returned if is_returned else changed)
    return tuple(remarks)
