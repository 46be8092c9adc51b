"""Runs a check's function once on the code under test, and compares the returned values.

process.run ──► perform the check's function ──► JudgedValues: the values, compared with the expected ones
    │                                    └─► CallFailed: also if the check cannot use a returned value
    └── rerun in a fresh process, unless the values are right or a rerun could not be better

The judge runs the check's function; only its calls run in the sandbox. Student code gets inputs, never fixtures.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from grader.assignment.fixtures import Fixture
from grader.calls import Call, CallFailed, Failure, same
from grader.definitions import Gradients
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
# One generator for each thread, reused, because making a generator takes much longer than seeding it.
GENERATOR: Final = threading.local()


class Undoable:
    """Passes calls to the code under test. undo() restores the check's dicts; later calls then get copies of them.

    A call may change a dict, for example bn_param with its running averages, so student code can use the dict as a
    memory. For example, a forward could store the check's inputs in conv_param, read them in every call of the
    numerical gradient, and return values that make a wrong gradient look right. So later calls start from the check's
    own entries.
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        self._written: list[tuple[dict[Any, Any], Any, Any]] = []
        self._is_over = False

    def call(self, function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._is_over:
            # Pass a copy, so that no later call can read what this call writes into the dict.
            given = tuple(copy.deepcopy(arg) if isinstance(arg, dict) else arg for arg in args)
            return self._call(function, given, kwargs)
        before = [(arg, dict(arg)) for arg in args if isinstance(arg, dict)]
        value = self._call(function, args, kwargs)
        for arg, old in before:  # shallow copies are enough: replies replace entries, but change no value
            for key in {**old, **arg}:
                if not same(old.get(key, ABSENT), arg.get(key, ABSENT)):
                    self._written.append((arg, key, old.get(key, ABSENT)))
        return value

    def undo(self) -> None:
        """Restore every dict to the entries that the check wrote, and protect the dicts from later calls."""
        # In reverse order: if several calls changed one entry, the oldest value must be restored.
        for target, key, old in reversed(self._written):
            if old is ABSENT:
                target.pop(key, None)
            else:
                target[key] = old
        self._written, self._is_over = [], True


@dataclass(frozen=True)
class JudgedValues:
    """The values of one run, and their judgements. undoable: can undo the changes to the check's dicts."""

    returned: ReturnedValues
    judgements: Sequence[Judgement]
    undoable: Undoable | None = None  # right values need none: nothing is called after them


@dataclass(frozen=True)
class Attempts:
    """Runs one check several times, if necessary. oracle: replies to the calls of stubs, and runs the reference."""

    process: CheckProcess
    check: Check
    fixture: Fixture
    oracle: Oracle
    setup: Setup

    def run(
        self, call: Call, *, is_wrong: bool, program: Program | None = None, upcoming: Upcoming = no_more
    ) -> Outcome[JudgedValues]:
        """Run the check, and rerun it in a fresh process if a rerun might change its points.

        is_wrong: an earlier check found the function wrong in a fresh process, so a rerun is useless. program: the
        calls that the check will probably make. upcoming: the next checks.
        """

        def work() -> JudgedValues:
            undoable = Undoable(call)
            returned = self.perform(undoable.call)
            return JudgedValues(returned, judged(self.check, self.fixture, returned), undoable)

        return self.process.run(
            work,
            replace(self.setup, program=program),
            before=self.oracle.end,  # a rerun must find the reference in its first state
            # A rerun would fail again: the function is not written, or already failed in a fresh process.
            may_count=lambda failure: is_missing(failure) or (is_wrong and has_ended(failure)),
            keep=judgements_if_right,
            upcoming=no_more if is_wrong else upcoming,
        )

    def missing_too(self) -> Failure | None:
        """Return the failure "not written" of the function under test, if it is not written either. The caller reports
        this failure instead of the forward's."""

        def call(function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            # None for out and cache, because an unwritten backward raises before it uses them.
            return (None, None) if function == self.check.needs else self.process.call(function, args, kwargs)

        failure = self.process.run(lambda: self.perform(call), self.setup, may_count=lambda failure: True).failure
        return failure if failure and is_missing(failure) and failure.function == self.check.function else None

    def gradients_at_other_inputs(self, call: Call, rng: np.random.RandomState) -> Gradients | None:
        """Return the gradients of the same check and code with other inputs; None if the code returns no values.

        The run has a separate process, so that later calls cannot know these inputs.
        """
        undoable = Undoable(call)
        returned = self.process.run_alone(lambda: self.perform(undoable.call, rng), self.setup).value
        undoable.undo()
        return returned.gradients if returned is not None else None

    def reference_gradients(self, rng: np.random.RandomState) -> Gradients | None:
        """Return the reference's gradients with other inputs, or None without a reference."""
        if not self.oracle.is_there:
            return None
        reference = self.oracle.student
        return perform(self.check.run, reference, rng, reference).gradients

    def perform(self, call: Call, rng: np.random.RandomState | None = None) -> ReturnedValues:
        """Run the check's function once.

        rng: draws the inputs; by default from the check's seed. Raises CallFailed for every failure of the code under
        test. If the check's function raises on the returned values, that is such a failure too, because the
        reference's values raise nothing.
        """
        plan = self.process.session.plan
        student = Student(call, plan.functions, plan.classes)
        reference = self.oracle.student if self.oracle.is_there else student
        try:
            return perform(self.check.run, student, rng or inputs_from(self.check.seed), reference)
        except (CallFailed, GraderError):  # pass on failures of the student and faults of the grader
            raise
        except Exception as error:
            raised = Reason.of("cannot_be_used", raised=type(error).__name__, text=str(error))
            # `from None`, because a student must never read the grader's own traceback.
            raise CallFailed(Failure(FAILED, self.check.function, placed(self.check.function, raised))) from None


def judgements_if_right(values: JudgedValues) -> JudgedValues | None:
    """Return right values without what only wrong ones need: the arrays, and what undoes the calls."""
    if not is_right(values.judgements):
        return None
    judgements = [Judgement(one.comparison, one.remarks) for one in values.judgements]
    return JudgedValues(ReturnedValues({}, None), judgements)


def output_of(outcome: Outcome[JudgedValues]) -> str:
    """Return the prints as text, with the number of left-out bytes at the end, if any."""
    # The judge counts all printed bytes, but stores only the first MAX_OUTPUT (box.py).
    left_out = f"\n[{outcome.printed - MAX_OUTPUT} more bytes were printed]" if outcome.printed > MAX_OUTPUT else ""
    return outcome.prints + left_out


def is_missing(failure: Failure | None) -> bool:
    """Whether a function is not written, so that a rerun would fail, too."""
    return failure is not None and failure.status == MISSING


def inputs_from(seed: int) -> np.random.RandomState:
    """Return the same stream as RandomState(seed). The stream is valid until this thread calls this function again."""
    if not hasattr(GENERATOR, "state"):
        GENERATOR.state = np.random.RandomState(0)
    state: np.random.RandomState = GENERATOR.state
    state.seed(seed)
    return state


def judged(check: Check, fixture: Fixture, returned: ReturnedValues) -> list[Judgement]:
    """Compare the values with the expected ones. If several answers are accepted, use the one that earns most."""
    inputs = inputs_of(returned.gradients)
    answers = (fixture.expected, *fixture.accepted)
    return max((judge_values(check, answer, returned.values, inputs) for answer in answers), key=earned_by)


def earned_by(judgements: Sequence[Judgement]) -> float:
    return sum(one.comparison.weight for one in judgements if one.comparison.status == PASSED)


def is_right(judgements: Sequence[Judgement]) -> bool:
    # bool(): all([]) is True, but a check without values is not right.
    return bool(judgements) and all(one.comparison.status == PASSED for one in judgements)


def inputs_of(gradients: Gradients | None) -> dict[str, np.ndarray]:
    """Return the inputs and dout, by name, so that a message can say which of these a wrong value equals."""
    if gradients is None:
        return {}
    # The gradient dx belongs to the input x. A net's gradient W1 has the name of its parameter.
    points = {name.removeprefix("d"): np.asarray(point) for name, (_, point) in gradients.claims.items()}
    return {**points, "dout": np.asarray(gradients.dout)}
