"""One check on one submission: ask the code under test, judge what comes, ask for gradients where they matter.

    ask ──► an answer ──► judge the values ──► all right: done
       │                        └─► a gradient is wrong: does it belong to the student's own forward? (follow_up)
       └──► a failure ──► of the forward that the check feeds to the backward: ask again with the documented cache

Asked first is whichever child is there; what is wrong in one that has served another check is asked again of a fresh
one, and only that counts: a check must not fail by what another one did. Once a function was wrong in a fresh one, it
is believed to be so. What comes out is a Trial; what it is worth is settled when all trials of a submission are known
(judging/verdict.py).
"""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np

from grader.assignment.fixtures import Fixture, Fixtures
from grader.assignment.load import Assignment
from grader.calls import Call, CallFailed, Failure
from grader.checks import Gradients
from grader.errors import GraderError
from grader.function_ids import short_name
from grader.grading.follow_through import follow_through
from grader.grading.reference_oracle import Oracle
from grader.grading.undo import Undoable
from grader.judging.adapt import OWN, Handout, adapt
from grader.judging.compare import Judgement, fit, judge_values, matches
from grader.judging.perform import ReturnedValues, perform
from grader.judging.student import Student
from grader.judging.verdict import Trial
from grader.records import ERROR, FAILED, MISSING, PASSED, Check
from grader.sandbox.host.box import MAX_OUTPUT
from grader.sandbox.host.replies import plain_text
from grader.sandbox.host.session import Session

Follow = Callable[..., tuple[frozenset[str], bool]]
MOST_ASKED: Final = 2  # processes that a check runs in: whichever is there, and a fresh one if that has served another


def run_check(
    session: Session,
    check: Check,
    assignment: Assignment,
    fixtures: Fixtures,
    oracle: Oracle,
    *,
    stubs: frozenset[str] = frozenset(),
    handout: Handout = OWN,
    is_wrong: bool = False,
) -> Trial:
    """One check on one submission, from inputs to judgements.

    stubs: functions that the reference stands in for. handout: the one that the submission was written for. is_wrong:
    the function was wrong in a fresh child before, so that it is believed to be wrong in another.
    """
    session.grant(stubs, oracle.answer if stubs else None)
    try:
        trial = try_check(session, check, assignment, fixtures, oracle, handout, is_wrong=is_wrong)
        return replace(trial, stubs=stubs) if stubs else trial
    finally:
        oracle.end()


def follow_up(trial: Trial, oracle: Oracle) -> Trial:
    """The trial with what its wrong gradients follow from, if run_check left that open: whoever runs it says when.

    The student's code is called with inputs from a secret seed then, in the session and with the stubs of the check.
    """
    if trial.follow is None:
        return trial
    started = time.monotonic()
    try:
        agreed, same_reach = trial.follow(trial.stubs, oracle.answer if trial.stubs else None)
    finally:
        oracle.end()
    duration_s = round(trial.duration_s + time.monotonic() - started, 4)
    return replace(trial, follow=None, agreed=agreed, same_reach=same_reach, duration_s=duration_s)


def try_check(
    session: Session,
    check: Check,
    assignment: Assignment,
    fixtures: Fixtures,
    oracle: Oracle,
    handout: Handout,
    *,
    is_wrong: bool,
) -> Trial:
    started = time.monotonic()
    accepted = handout.accepts.get(check.function, frozenset())
    fixture = fixtures.checks[check.id].accepting(accepted)
    documented = assignment.definitions[check.id].cache
    call = adapt(session.call, handout)
    asked = ask_for_sure(session, check, fixture, call, oracle, is_wrong=is_wrong)
    times, failure, fed = asked.times, asked.failure, None
    if failure is not None and failure.function == check.needs and documented is not None:
        fed = failure

        def call_and_feed(function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            return (None, documented(*args, **kwargs)) if function == check.needs else call(function, args, kwargs)

        asked = ask_for_sure(session, check, fixture, call_and_feed, oracle, is_wrong=is_wrong)
        failure = asked.failure
    mutations = list(session.mutations)
    if fed is None and failure is not None and failure.function == check.needs and is_missing(failure):
        failure = missing_too(session, check, fixture, oracle) or failure
    remarks = mutation_remarks(mutations, fixtures)
    hints = {**fixtures.hints.get(check.function, {}), **handout.hints.get(check.function, {})}
    trial = Trial(
        check,
        failure,
        raising={name: hints[name] for name, raised in fixture.raises.items()},
        raised=frozenset(
            name for name, raised in fixture.raises.items() if failure is not None and failure.raised == raised
        ),
        by_outcome={name: hints[name] for name in fixtures.by_outcome.get(check.function, ()) if name not in accepted},
        beside=frozenset(fixtures.beside.get(check.function, ())),
        fed=fed,
        output=asked.output,
        remarks=remarks,
        asked=times,
    )
    if asked.answer is not None:
        secret = zlib.crc32(f"{assignment.sha256} {check.id}".encode())  # hidden checks are in it: no student knows it
        asked.undoable.undo()
        follow = partial(
            follow_through,
            session,
            check,
            fixture=fixture,
            again=partial(asked_again, session, check, fixture, call, oracle),
            reference=partial(measured, check, session, oracle) if oracle.is_there else None,
            secret=secret,
        )

        def grant_and_follow(stubs: frozenset[str], answer: Any, **asked: Any) -> tuple[frozenset[str], bool]:
            session.allow()  # a function that answered does not hang, and its gradient takes longer than a call
            session.grant(stubs, answer)
            return follow(**asked)

        trial = judge(trial, asked.answer, asked.judgements, fixture, hints, grant_and_follow)
    return replace(trial, duration_s=round(time.monotonic() - started, 4))


@dataclass(frozen=True)
class Asked:
    """What came of a check: an answer and what it is worth, or a failure; what was printed; of how many processes."""

    answer: ReturnedValues | None
    failure: Failure | None
    output: str
    judgements: list[Judgement]
    undoable: Undoable
    times: int


def ask_for_sure(
    session: Session, check: Check, fixture: Fixture, call: Call, oracle: Oracle, *, is_wrong: bool
) -> Asked:
    """Of whichever child is there; of a fresh one if that has served another check and errs.

    is_wrong: the function was so in a fresh one before, and is believed to be so in any.
    """
    for times in (1, MOST_ASKED):
        undoable = Undoable(call)
        answer, failure, output = ask(session, check, fixture, undoable.call, oracle, fresh=times == MOST_ASKED)
        judgements = judged(check, fixture, answer) if answer is not None else []
        is_told = is_missing(failure) or (is_wrong and has_ended(failure))
        if is_right(judgements) or is_told or not session.is_shared:
            break
        if times < MOST_ASKED:
            oracle.end()
    return Asked(answer, failure, output, judgements, undoable, times)


def has_ended(failure: Failure | None) -> bool:
    """Whether a check came to its end in its process, one way or another: nothing was stopped or broken."""
    return failure is None or failure.status in (MISSING, ERROR, FAILED)


def is_missing(failure: Failure | None) -> bool:
    """Whether something is not written: so it is in any process."""
    return failure is not None and failure.status == MISSING


def missing_too(session: Session, check: Check, fixture: Fixture, oracle: Oracle) -> Failure | None:
    """That the function under test is not written either, where the one that it needs is not."""

    def call(function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return (None, None) if function == check.needs else session.call(function, args, kwargs)

    _, failure, _ = ask(session, check, fixture, call, oracle, fresh=False)
    return failure if failure is not None and is_missing(failure) and failure.function == check.function else None


def ask(
    session: Session,
    check: Check,
    fixture: Fixture,
    call: Call,
    oracle: Oracle,
    rng: np.random.RandomState | None = None,
    *,
    fresh: bool = True,
) -> tuple[ReturnedValues | None, Failure | None, str]:
    """Run the check's function against the submission: an answer or a failure, and what was printed meanwhile.

    rng: where its inputs come from, if that is not the check's own seed. fresh: by a child that no other check has had.
    """
    answer, failure = None, None
    functions, classes = session.plan.functions, session.plan.classes
    student = Student(call, functions, classes)
    reference = Student(oracle.measure, functions, classes) if oracle.is_there else student
    try:
        session.begin(check.seed, fixture.arities, fresh=fresh)
        answer = perform(check.run, student, rng or inputs_from(check.seed), reference)
        session.settle()
    except CallFailed as failed:
        answer, failure = None, replace(failed.failure, text=plain_text(failed.failure.text))
    except GraderError:
        raise
    except Exception as error:  # the reference's values pass, so these are the student's
        raised = plain_text(f"{type(error).__name__}: {error}")
        text = f"{short_name(check.function)}: what it returned cannot be used ({raised})."
        failure = Failure(FAILED, check.function, text)
    text, printed = session.end(stay=has_ended(failure))
    left_out = f"\n[{printed - MAX_OUTPUT} more bytes were printed]" if printed > MAX_OUTPUT else ""
    return answer, failure, text + left_out


GENERATOR: Final = (
    threading.local()
)  # to make one takes much longer than to seed it; a cluster's worker may have threads


def inputs_from(seed: int) -> np.random.RandomState:
    """As RandomState(seed), good until this thread's next call."""
    if not hasattr(GENERATOR, "state"):
        GENERATOR.state = np.random.RandomState(0)
    state: np.random.RandomState = GENERATOR.state
    state.seed(seed)
    return state


def judged(check: Check, fixture: Fixture, answer: ReturnedValues) -> list[Judgement]:
    """The values of an answer, each against the expected one. Of several right answers, the one that earns most."""
    best: list[Judgement] = []
    for expected in (fixture.expected, *fixture.accepted):
        judgements = judge_values(
            expected,
            answer.values,
            tolerance=check.tolerance,
            parts=check.parts,
            inputs=inputs_of(answer.gradients) if answer.gradients else None,
            together=check.together,
            squeeze=check.squeeze,
            words=check.words,
        )
        if not best or earned_by(judgements) > earned_by(best):
            best = judgements
        if is_right(best):
            break
    return best


def earned_by(judgements: Sequence[Judgement]) -> float:
    return sum(one.comparison.weight for one in judgements if one.comparison.status == PASSED)


def is_right(judgements: Sequence[Judgement]) -> bool:
    return bool(judgements) and all(one.comparison.status == PASSED for one in judgements)


def judge(
    trial: Trial,
    answer: ReturnedValues,
    judgements: Sequence[Judgement],
    fixture: Fixture,
    hints: Mapping[str, str],
    follow: Follow,
) -> Trial:
    """What its judgements mean. Where a gradient is wrong, what it follows from is left open.

    follow: asks for the numerical gradient of the student's own forward.
    """
    check = trial.check
    claims = answer.gradients.claims if answer.gradients else {}
    failed = {j.comparison.name: j.actual for j in judgements if j.comparison.status != PASSED}
    wrong = {name: array for name, array in failed.items() if name in claims and array is not None}
    is_open = trial.fed is None and wrong and answer.gradients and fixture.forward is not None
    matched = {
        name
        for name, arrays in (fixture.variants if failed else {}).items()
        if matches(arrays, judgements, check.tolerance, check.together)
    }
    fits = {
        name: fit(fixture.expected, arrays, judgements, check.tolerance, check.together)
        for name, arrays in (fixture.variants if failed else {}).items()
    }
    return replace(
        trial,
        judgements=tuple(map(without_values, judgements)),
        follow=partial(follow, gradients=answer.gradients, wrong=wrong) if is_open else None,
        variants={name: hints[name] for name in fixture.variants},
        matched=frozenset(matched),
        fits=fits,
    )


def without_values(judgement: Judgement) -> Judgement:
    """What was returned may be large, and is not needed any more."""
    return Judgement(judgement.comparison, judgement.remarks)


def asked_again(
    session: Session, check: Check, fixture: Fixture, call: Call, oracle: Oracle, rng: np.random.RandomState
) -> Gradients | None:
    """The gradients of the same check with other inputs, from the same code. None if it gives no values there."""
    undoable = Undoable(call)
    answer, _, _ = ask(session, check, fixture, undoable.call, oracle, rng)
    session.dismiss()  # what it was asked is nobody else's business
    undoable.undo()
    return answer.gradients if answer else None


def measured(check: Check, session: Session, oracle: Oracle, rng: np.random.RandomState) -> Gradients | None:
    """The same from the reference."""
    reference = Student(oracle.measure, session.plan.functions, session.plan.classes)
    return perform(check.run, reference, rng, reference).gradients


def inputs_of(gradients: Gradients) -> dict[str, np.ndarray]:
    """What went in, by name: the point of dx is x, that of W1 is W1; and the gradient from above."""
    points = {name.removeprefix("d"): np.asarray(point) for name, (_, point) in gradients.claims.items()}
    return {**points, "dout": np.asarray(gradients.dout)}


def mutation_remarks(mutations: list[tuple[str, int, bool]], fixtures: Fixtures) -> tuple[str, ...]:
    """mutations: function, position of the argument, and whether the result is that very array."""
    remarks = []
    for function, position, is_returned in dict.fromkeys(mutations):
        names = fixtures.arguments.get(function, ())
        name = names[position] if position < len(names) else f"argument {position + 1}"
        too = " and returns it" if is_returned else ""
        remarks.append(f"{short_name(function)} changes its input {name} in place{too}.")
    return tuple(remarks)
