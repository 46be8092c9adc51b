"""Runs one check on one submission, judges its values, and computes numerical gradients if a gradient is wrong.

    attempt ──► values ──► judge them ──► all right: done
       │                      └─► a gradient is wrong: is it right for the student's own forward? (follow_up)
       └──► a failure ──► of the forward that makes the backward's cache: rerun with the documented cache

The result is a Trial. judging/verdict.py computes its points once all trials of the submission are known.
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
from grader.sandbox.host.program import Program, record

# Programs by fixtures, check and handout, because it depends on all three which conversations are right. The values
# keep check and handout alive, so that no other object gets their id. The keys are weak: if the grader drops an
# assignment's fixtures, their programs are dropped, too.
Key = tuple[int, int]
PROGRAMS: Final[WeakKeyDictionary[Fixtures, dict[Key, tuple[Check, Handout, Program | None]]]] = WeakKeyDictionary()


def run_check(
    process: CheckProcess,
    check: Check,
    assignment: Assignment,
    fixtures: Fixtures,
    oracle: Oracle,
    setup: Setup,
    *,
    stubs: frozenset[str] = frozenset(),
    handout: Handout = OWN,
    is_wrong: bool = False,
    upcoming: Upcoming = no_more,
) -> Trial:
    """Run one check on one submission, from inputs to judgements.

    setup: without stubs. stubs: functions that the reference replaces. handout: the handout for which the submission
    was written. is_wrong: an earlier check found the function wrong in a fresh process, so a rerun is useless.
    upcoming: the next checks in the process.
    """
    started = time.monotonic()
    accepted = handout.accepts.get(check.function, frozenset())
    fixture = fixtures.checks[check.id].accepting(accepted)
    documented = assignment.definitions[check.id].cache
    call = adapt(process.call, handout)
    # Only the first attempt uses the program. The others make other calls: another forward, other inputs.
    program, setup = setup.program, replace(setup, program=None)
    if stubs:
        setup = replace(setup, granted=stubs, answer=oracle.answer)
    attempts = Attempts(process, check, fixture, oracle, setup)
    outcome = attempts.run(call, is_wrong=is_wrong, program=program, upcoming=upcoming)
    processes, failure, fed = outcome.processes, outcome.failure, None
    # The forward failed, so there is no cache. If the docstring defines the cache, the backward can still be graded.
    if failure is not None and failure.function == check.needs and documented is not None:
        fed = failure

        # Do not call the forward; pass the documented cache of its arguments to the backward.
        def call_and_feed(function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            return (None, documented(*args, **kwargs)) if function == check.needs else call(function, args, kwargs)

        outcome = attempts.run(call_and_feed, is_wrong=is_wrong)
        failure = outcome.failure
    # If forward and backward are both not written, report the backward itself.
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
        secret = zlib.crc32(
            f"{assignment.sha256} {check.id}".encode()
        )  # the sha256 covers hidden checks, so students cannot compute it
        if outcome.value.undoable is not None:
            outcome.value.undoable.undo()  # before follow-through calls the code again (see Undoable)
        follow = partial(follow_through, attempts, call, secret)
        trial = judge(trial, outcome.value, fixture, hints, follow)
    oracle.end()
    return replace(trial, duration_s=round(time.monotonic() - started, 4))


def program_of(
    check: Check, fixtures: Fixtures, handout: Handout, functions: frozenset[str], classes: Classes
) -> Program | None:
    """Return the program of a check: its calls before its function first looks at a value; None if there are none.

    Each process of the grader records a program once, and sends it to every submission. This is safe, because a
    program contains placeholders and no submission's values, and never the secret inputs of follow-through.
    """
    programs, key = PROGRAMS.setdefault(fixtures, {}), (id(check), id(handout))
    if key not in programs:

        def work(call: Call) -> Mapping[str, Any]:
            student = Student(adapt(call, handout), functions, classes)
            # The program leaves out the reference's calls; the oracle makes them when the check runs.
            reference = Student(lambda function, args, kwargs: Placeholder("elsewhere", ()), functions, classes)
            return perform(check.run, student, np.random.RandomState(check.seed), reference).values

        programs[key] = check, handout, record(work, fixtures.checks[check.id].arities)
    return programs[key][2]


def follow_up(trial: Trial, oracle: Oracle) -> Trial:
    """Return the trial with its follow-through, if run_check left it open.

    The caller must wait until student code may get inputs from a secret seed. The calls use the sandbox and the stubs
    of the check.
    """
    if trial.follow is None:
        return trial
    started = time.monotonic()
    agreed, same_reach = trial.follow()
    oracle.end()  # the numerical gradient may have called stubs
    duration_s = round(trial.duration_s + time.monotonic() - started, 4)
    return replace(trial, follow=None, agreed=agreed, same_reach=same_reach, duration_s=duration_s)


def judge(
    trial: Trial, values: JudgedValues, fixture: Fixture, hints: Mapping[str, str], follow: Callable[..., Followed]
) -> Trial:
    """Return the trial with its judgements and matching misconceptions.

    follow_up() examines wrong gradients later, with `follow`, which compares them with the student's own forward.
    """
    gradients, judgements = values.returned.gradients, values.judgements
    failed = {j.comparison.name: j.actual for j in judgements if j.comparison.status != PASSED}
    claims = gradients.claims if gradients else {}
    wrong = {name: array for name, array in failed.items() if name in claims and array is not None}
    # With the documented cache, the backward did not use the student's own forward.
    is_open = trial.fed is None and wrong and fixture.forward is not None
    variants = fixture.variants if failed else {}  # compare with misconceptions only if a value is wrong
    fits = {name: fit(trial.check, fixture.expected, arrays, judgements) for name, arrays in variants.items()}
    return replace(
        trial,
        # Drop the returned arrays: they may be large, and all trials stay in memory until the end.
        judgements=tuple(Judgement(judgement.comparison, judgement.remarks) for judgement in judgements),
        follow=partial(follow, gradients=gradients, wrong=wrong) if is_open else None,
        variants={name: hints[name] for name in fixture.variants},
        matched=frozenset(name for name, one in fits.items() if one.matches_all),
        fits=fits,
    )


def mutation_remarks(mutations: Sequence[tuple[str, int, bool]], fixtures: Fixtures) -> tuple[Reason, ...]:
    """Return a remark, which costs no marks, for each argument that a function changed in place.

    mutations: (function, position of the argument, whether the function also returned the argument).
    """
    remarks = []
    for function, position, is_returned in dict.fromkeys(mutations):  # without repetitions, in order
        names = fixtures.arguments.get(function, ())
        argument = names[position] if position < len(names) else Reason.of("argument", number=position + 1)
        changed = Reason.of("input_changed", function=short_name(function), argument=argument)
        returned = Reason.of("input_changed_and_returned", function=short_name(function), argument=argument)
        remarks.append(returned if is_returned else changed)
    return tuple(remarks)
