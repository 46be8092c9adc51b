"""One attempt at a check: its function on the code under test in a process, and what the values are worth.

process.run ──► perform the check's function ──► JudgedValues: values, judged against the expected ones
    │                                    └─► CallFailed: also where the check cannot use what was returned
    └── rerun in a fresh process, unless the values are right or no process would give others
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from grader.assignment.fixtures import Fixture
from grader.calls import Call, CallFailed, Failure, same
from grader.checks import Gradients
from grader.errors import GraderError
from grader.grading.reference_oracle import Oracle
from grader.judging.compare import Judgement, judge_values
from grader.judging.run_check_function import ReturnedValues, perform
from grader.judging.student_proxy import Student
from grader.messages.of_check import placed
from grader.records import FAILED, MISSING, PASSED, Check, Reason
from grader.sandbox.host.box import MAX_OUTPUT
from grader.sandbox.host.check_process import CheckProcess, Upcoming, has_ended, no_more
from grader.sandbox.host.check_setup import Outcome, Setup
from grader.sandbox.host.program import Program

ABSENT: Final = object()
# To make a generator takes much longer than to seed it; a cluster's worker may have threads.
GENERATOR: Final = threading.local()


class Undoable:
    """Calls of the code under test. What it writes into a check's dicts can be undone; after that, dicts go as copies.

    A dict comes back as that code left it: bn_param with its running averages. So it is a memory, too: a forward could
    keep the check's inputs in conv_param, be given them back with every question of the numerical gradient, and answer
    each as suits it. Whoever asks again begins with what the check itself had said.
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        self._written: list[tuple[dict[Any, Any], Any, Any]] = []
        self._is_over = False

    def call(self, function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._is_over:
            given = tuple(copy.deepcopy(arg) if isinstance(arg, dict) else arg for arg in args)
            return self._call(function, given, kwargs)
        before = [(arg, dict(arg)) for arg in args if isinstance(arg, dict)]
        value = self._call(function, args, kwargs)
        for arg, old in before:  # a reply replaces what a dict holds and writes into none of it
            for key in {**old, **arg}:
                if not same(old.get(key, ABSENT), arg.get(key, ABSENT)):
                    self._written.append((arg, key, old.get(key, ABSENT)))
        return value

    def undo(self) -> None:
        """Every dict as the check itself left it, now and from now on."""
        for target, key, old in reversed(self._written):
            if old is ABSENT:
                target.pop(key, None)
            else:
                target[key] = old
        self._written, self._is_over = [], True


@dataclass(frozen=True)
class JudgedValues:
    """What the code under test returned in one run. undoable: what it wrote into the check's own dicts meanwhile."""

    returned: ReturnedValues
    judgements: Sequence[Judgement]
    undoable: Undoable


@dataclass(frozen=True)
class Attempts:
    """How one check is attempted: in which process, with which setup, beside which oracle."""

    process: CheckProcess
    check: Check
    fixture: Fixture
    oracle: Oracle
    setup: Setup

    def run(
        self, call: Call, *, is_wrong: bool, program: Program | None = None, upcoming: Upcoming = no_more
    ) -> Outcome[JudgedValues]:
        """The check, rerun in a fresh process where that might change what it is worth.

        is_wrong: the function was wrong in a fresh process before, and is believed to be so in any. program: what the
        check is expected to call. upcoming: the checks that come next.
        """

        def may_count(outcome: Outcome[JudgedValues]) -> bool:
            if outcome.value is not None and is_right(outcome.value.judgements):
                return True
            return is_missing(outcome.failure) or (is_wrong and has_ended(outcome.failure))

        def judge(returned: ReturnedValues, undoable: Undoable) -> JudgedValues:
            return JudgedValues(returned, judged(self.check, self.fixture, returned), undoable)

        def work() -> JudgedValues:
            undoable = Undoable(call)
            return judge(self.perform(undoable.call), undoable)

        def accept(values: Mapping[str, Any]) -> JudgedValues | None:
            found = judge(ReturnedValues(values, None), Undoable(call))
            return found if is_right(found.judgements) else None

        return self.process.run(
            work,
            replace(self.setup, program=program, lean=not is_wrong),
            before=self.oracle.end,  # each run is beside an oracle that knows of nothing before
            may_count=may_count,
            accept=None if is_wrong else accept,
            upcoming=upcoming,
        )

    def missing_too(self) -> Failure | None:
        """That the function under test is not written either, where the one that it needs is not."""

        def call(function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            return (None, None) if function == self.check.needs else self.process.call(function, args, kwargs)

        failure = self.process.run(lambda: self.perform(call), self.setup, may_count=lambda outcome: True).failure
        return failure if failure and is_missing(failure) and failure.function == self.check.function else None

    def gradients_elsewhere(self, call: Call, rng: np.random.RandomState) -> Gradients | None:
        """Those of the same check with other inputs, from the same code. None if it gives no values there.

        In a process of its own: what it was asked is nobody else's business.
        """
        undoable = Undoable(call)
        returned = self.process.run_alone(lambda: self.perform(undoable.call, rng), self.setup).value
        undoable.undo()
        return returned.gradients if returned is not None else None

    def reference_gradients(self, rng: np.random.RandomState) -> Gradients | None:
        """The same from the reference. None where there is none."""
        if not self.oracle.is_there:
            return None
        reference = self.oracle.student
        return perform(self.check.run, reference, rng, reference).gradients

    def perform(self, call: Call, rng: np.random.RandomState | None = None) -> ReturnedValues:
        """The work of one run. rng: where its inputs come from, if that is not the check's own seed.

        Raises CallFailed for whatever the code under test does; an exception over its values is its own, too, since the
        reference's values pass.
        """
        plan = self.process.session.plan
        student = Student(call, plan.functions, plan.classes)
        reference = self.oracle.student if self.oracle.is_there else student
        try:
            return perform(self.check.run, student, rng or inputs_from(self.check.seed), reference)
        except (CallFailed, GraderError):
            raise
        except Exception as error:
            raised = Reason.of("cannot_be_used", raised=type(error).__name__, text=str(error))
            raise CallFailed(Failure(FAILED, self.check.function, placed(self.check.function, raised))) from None


def output_of(outcome: Outcome[JudgedValues]) -> str:
    """What was printed, and how much of it is not there."""
    left_out = f"\n[{outcome.printed - MAX_OUTPUT} more bytes were printed]" if outcome.printed > MAX_OUTPUT else ""
    return outcome.prints + left_out


def is_missing(failure: Failure | None) -> bool:
    """Whether something is not written: so it is in any process."""
    return failure is not None and failure.status == MISSING


def inputs_from(seed: int) -> np.random.RandomState:
    """As RandomState(seed), good until this thread's next call."""
    if not hasattr(GENERATOR, "state"):
        GENERATOR.state = np.random.RandomState(0)
    state: np.random.RandomState = GENERATOR.state
    state.seed(seed)
    return state


def judged(check: Check, fixture: Fixture, returned: ReturnedValues) -> list[Judgement]:
    """The values, each against the expected one. Of several right answers, the one that earns most."""
    inputs = inputs_of(returned.gradients)
    answers = (fixture.expected, *fixture.accepted)
    return max((judge_values(check, answer, returned.values, inputs) for answer in answers), key=earned_by)


def earned_by(judgements: Sequence[Judgement]) -> float:
    return sum(one.comparison.weight for one in judgements if one.comparison.status == PASSED)


def is_right(judgements: Sequence[Judgement]) -> bool:
    return bool(judgements) and all(one.comparison.status == PASSED for one in judgements)


def inputs_of(gradients: Gradients | None) -> dict[str, np.ndarray]:
    """What went in, by name: the point of dx is x, that of W1 is W1; and the gradient from above."""
    if gradients is None:
        return {}
    points = {name.removeprefix("d"): np.asarray(point) for name, (_, point) in gradients.claims.items()}
    return {**points, "dout": np.asarray(gradients.dout)}
