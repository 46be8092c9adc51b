"""One check on one submission: ask the code under test, judge what comes, ask for gradients where they matter.

    ask ──► an answer ──► judge the values ──► all right: done
       │                        └─► a gradient is wrong: does it belong to the student's own forward?
       └──► a failure ──► of the forward that the check feeds to the backward: ask again with the documented cache

What comes out is a Trial; what it is worth is settled when all trials of a submission are known (judging/verdict.py).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from grader.assignment import Assignment
from grader.errors import GraderError
from grader.fixtures import Fixture, Fixtures
from grader.judging.checks import Answer, answer_from
from grader.judging.judge import Judgement, judge_values, matches
from grader.judging.numgrad import gradient_agrees, reach
from grader.judging.student import Call, CallFailed, Failure, Student
from grader.judging.verdict import Trial, reach_rng, short
from grader.records import FAILED, PASSED, Check
from grader.sandbox.box import MAX_OUTPUT
from grader.sandbox.session import Session

GRADIENT_TIMES: Final = 5  # a numerical gradient asks the forward some forty times where a check asks once or twice


def run_check(session: Session, check: Check, assignment: Assignment, fixtures: Fixtures) -> Trial:
    """One check on one submission, from inputs to judgements."""
    started = time.monotonic()
    fixture = fixtures.checks[check.id]
    fed: Failure | None = None
    answer, failure, output = ask(session, check, fixture, session.call)
    mutations = list(session.mutations)
    documented = assignment.definitions[check.id].cache
    if failure is not None and check.needs is not None and failure.function == check.needs and documented is not None:
        fed = failure

        def call(function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            return (
                (None, documented(*args, **kwargs)) if function == check.needs else session.call(function, args, kwargs)
            )

        answer, failure, output = ask(session, check, fixture, call)
        mutations = list(session.mutations)
    trial = Trial(check, failure, fed=fed, output=output, remarks=mutation_remarks(mutations, fixtures))
    if answer is not None:
        trial = judge(session, trial, answer, fixture, fixtures.hints.get(check.function, {}))
    return replace(trial, duration_s=round(time.monotonic() - started, 4))


def ask(session: Session, check: Check, fixture: Fixture, call: Call) -> tuple[Answer | None, Failure | None, str]:
    """Run the check's function against the submission: an answer or a failure, and what was printed meanwhile."""
    answer, failure = None, None
    functions = session.plan.functions
    try:
        session.begin(check.seed, fixture.arities)
        answer = answer_from(check.run(Student(call, functions), np.random.RandomState(check.seed)))
    except CallFailed as failed:
        failure = failed.failure
    except GraderError:
        raise
    except Exception as error:  # the reference's values pass, so these are the student's
        text = f"{short(check.function)}: what it returned cannot be used ({type(error).__name__}: {error})."
        failure = Failure(FAILED, check.function, text)
    text, printed = session.end()
    left_out = f"\n[{printed - MAX_OUTPUT} more bytes were printed]" if printed > MAX_OUTPUT else ""
    return answer, failure, text + left_out


def judge(session: Session, trial: Trial, answer: Answer, fixture: Fixture, hints: Mapping[str, str]) -> Trial:
    """Values first; only where a gradient's value is wrong, the numerical gradient of the student's own forward."""
    check = trial.check
    claims = answer.gradients.claims if answer.gradients else {}
    judgements = judge_values(
        fixture.expected,
        answer.values,
        tolerance=check.tolerance,
        parts=check.parts,
        inputs={name.removeprefix("d"): np.asarray(point) for name, (_, point) in claims.items()},
    )
    failed = [j for j in judgements if j.comparison.status != PASSED]
    agreed, same_reach = frozenset[str](), False
    if trial.fed is None and any(j.comparison.name in claims for j in failed):
        agreed, same_reach = gradients_that_follow(session, check, answer, fixture, failed)
    matched = [hints[name] for name, arrays in fixture.variants.items() if matches(arrays, judgements, check.tolerance)]
    return replace(
        trial,
        judgements=tuple(judgements),
        agreed=agreed,
        same_reach=same_reach,
        matched=tuple(matched) if failed else (),
    )


def gradients_that_follow(
    session: Session, check: Check, answer: Answer, fixture: Fixture, failed: list[Judgement]
) -> tuple[frozenset[str], bool]:
    """Names of failed gradients that belong to the student's own forward; whether its inputs reach what they should."""
    assert answer.gradients is not None
    forward, claims = answer.gradients.forward, answer.gradients.claims
    points = [np.asarray(point, dtype=np.float64) for _, point in claims.values()]
    arrays = {j.comparison.name: j.actual for j in failed}
    agreed, same_reach = set(), False
    try:
        session.begin(check.seed, times=GRADIENT_TIMES)
        for index, name in enumerate(claims):
            array = arrays.get(name)
            rng = reach_rng(check, index)
            if array is not None and gradient_agrees(forward, points, index, answer.gradients.dout, array, rng):
                agreed.add(name)
        patterns = {name: reach(forward, points, i, reach_rng(check, i)) for i, name in enumerate(claims) if agreed}
        same_reach = all(
            pattern is not None and np.array_equal(pattern, fixture.reach[name]) for name, pattern in patterns.items()
        )
    except CallFailed:
        agreed = set()
    except GraderError:
        raise
    except Exception:  # the student's forward returned what the closure cannot use
        agreed = set()
    session.end()
    return frozenset(agreed), same_reach


def mutation_remarks(mutations: list[tuple[str, int]], fixtures: Fixtures) -> tuple[str, ...]:
    remarks = []
    for function, position in dict.fromkeys(mutations):
        names = fixtures.arguments.get(function, ())
        name = names[position] if position < len(names) else f"argument {position + 1}"
        remarks.append(f"{short(function)} changes its input {name} in place.")
    return tuple(remarks)
