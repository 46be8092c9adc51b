"""One attempt at a check: it runs the check's function on the code under test, and compares the values.

process.run ──► perform the check's function ──► JudgedValues: the values, and their comparison with the expected ones
    │                                    └─► CallFailed: also if the check cannot use a returned value
    └── rerun in a fresh process, unless the values are right or no process would give others

The judge runs the check's function; only its calls run in the sandbox. Student code gets inputs, never fixtures.
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
# One generator per thread (a cluster's worker may have several): making one takes much longer than seeding it.
GENERATOR: Final = threading.local()


class Undoable:
    """Calls of the code under test. undo() removes what it wrote into the check's dicts; after that it gets copies.

    A dict comes back as that code left it: bn_param with its running averages. So student code can use it as a memory.
    A forward could store the check's inputs in conv_param, get them back in every call of the numerical gradient, and
    return what suits it. Therefore later calls start from the dicts as the check itself wrote them.
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        self._written: list[tuple[dict[Any, Any], Any, Any]] = []
        self._is_over = False

    def call(self, function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._is_over:
            # What the code writes into a copy is lost, so no later call can read it.
            given = tuple(copy.deepcopy(arg) if isinstance(arg, dict) else arg for arg in args)
            return self._call(function, given, kwargs)
        before = [(arg, dict(arg)) for arg in args if isinstance(arg, dict)]
        value = self._call(function, args, kwargs)
        for arg, old in before:  # a shallow copy is enough: a reply replaces entries and changes no value in place
            for key in {**old, **arg}:
                if not same(old.get(key, ABSENT), arg.get(key, ABSENT)):
                    self._written.append((arg, key, old.get(key, ABSENT)))
        return value

    def undo(self) -> None:
        """Restore every dict to what the check itself wrote, and protect it from later calls."""
        # In reverse: several calls may have changed one entry, and the oldest value has to win.
        for target, key, old in reversed(self._written):
            if old is ABSENT:
                target.pop(key, None)
            else:
                target[key] = old
        self._written, self._is_over = [], True


@dataclass(frozen=True)
class JudgedValues:
    """What the code under test returned in one run. undoable: what it wrote into the check's own dicts."""

    returned: ReturnedValues
    judgements: Sequence[Judgement]
    undoable: Undoable


@dataclass(frozen=True)
class Attempts:
    """All that the attempts at one check share. oracle: answers the calls of stubs, and runs the reference."""

    process: CheckProcess
    check: Check
    fixture: Fixture
    oracle: Oracle
    setup: Setup

    def run(
        self, call: Call, *, is_wrong: bool, program: Program | None = None, upcoming: Upcoming = no_more
    ) -> Outcome[JudgedValues]:
        """Run the check, and rerun it in a fresh process if that might change its points.

        is_wrong: the function was wrong in a fresh process before, and is assumed to be wrong in any. program: the
        calls that the check will probably make. upcoming: the checks that come next.
        """

        def may_count(outcome: Outcome[JudgedValues]) -> bool:
            # Right values count in any process: only a failure can be the effect of another check.
            if outcome.value is not None and is_right(outcome.value.judgements):
                return True
            # No process would do better: the function is not written, or it failed in a fresh process before.
            return is_missing(outcome.failure) or (is_wrong and has_ended(outcome.failure))

        def judge(returned: ReturnedValues, undoable: Undoable) -> JudgedValues:
            return JudgedValues(returned, judged(self.check, self.fixture, returned), undoable)

        def work() -> JudgedValues:
            undoable = Undoable(call)
            return judge(self.perform(undoable.call), undoable)

        def accept(values: Mapping[str, Any]) -> JudgedValues | None:
            # No gradients: only a wrong value needs them, and then the check is rerun.
            found = judge(ReturnedValues(values, None), Undoable(call))
            return found if is_right(found.judgements) else None

        return self.process.run(
            work,
            replace(self.setup, program=program, lean=not is_wrong),  # without `accept`, work() needs every value
            before=self.oracle.end,  # a rerun must not find the reference in the state that the first run left
            may_count=may_count,
            accept=None if is_wrong else accept,
            upcoming=upcoming,
        )

    def missing_too(self) -> Failure | None:
        """Return the failure that the function under test is not written either; it replaces that of its forward."""

        def call(function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            # For out and cache: a backward that is not written raises before it uses them.
            return (None, None) if function == self.check.needs else self.process.call(function, args, kwargs)

        failure = self.process.run(lambda: self.perform(call), self.setup, may_count=lambda outcome: True).failure
        return failure if failure and is_missing(failure) and failure.function == self.check.function else None

    def gradients_at_other_inputs(self, call: Call, rng: np.random.RandomState) -> Gradients | None:
        """Return the gradients of the same check and code with other inputs. None if it returns no values there.

        In a process of its own, so that later calls of that code cannot know these inputs.
        """
        undoable = Undoable(call)
        returned = self.process.run_alone(lambda: self.perform(undoable.call, rng), self.setup).value
        undoable.undo()
        return returned.gradients if returned is not None else None

    def reference_gradients(self, rng: np.random.RandomState) -> Gradients | None:
        """Return the reference's gradients with other inputs. None if there is no reference."""
        if not self.oracle.is_there:
            return None
        reference = self.oracle.student
        return perform(self.check.run, reference, rng, reference).gradients

    def perform(self, call: Call, rng: np.random.RandomState | None = None) -> ReturnedValues:
        """Run the check's function once. rng: draws its inputs, in place of the check's own seed.

        Raises CallFailed for all that the code under test does wrong. An exception that the check raises over its
        values counts too, because the reference's values raise none.
        """
        plan = self.process.session.plan
        student = Student(call, plan.functions, plan.classes)
        reference = self.oracle.student if self.oracle.is_there else student
        try:
            return perform(self.check.run, student, rng or inputs_from(self.check.seed), reference)
        except (CallFailed, GraderError):  # the one is a failure already, the other a mistake of the grader
            raise
        except Exception as error:
            raised = Reason.of("cannot_be_used", raised=type(error).__name__, text=str(error))
            # From None: a student must never read the grader's own traceback.
            raise CallFailed(Failure(FAILED, self.check.function, placed(self.check.function, raised))) from None


def output_of(outcome: Outcome[JudgedValues]) -> str:
    """Return what was printed, and how many bytes of it were left out."""
    # The judge counts every printed byte, but stores only the first MAX_OUTPUT (box.py).
    left_out = f"\n[{outcome.printed - MAX_OUTPUT} more bytes were printed]" if outcome.printed > MAX_OUTPUT else ""
    return outcome.prints + left_out


def is_missing(failure: Failure | None) -> bool:
    """Whether something is not written, which no rerun in another process changes."""
    return failure is not None and failure.status == MISSING


def inputs_from(seed: int) -> np.random.RandomState:
    """Return the same stream as RandomState(seed). It is valid until this thread's next call of this function."""
    if not hasattr(GENERATOR, "state"):
        GENERATOR.state = np.random.RandomState(0)
    state: np.random.RandomState = GENERATOR.state
    state.seed(seed)
    return state


def judged(check: Check, fixture: Fixture, returned: ReturnedValues) -> list[Judgement]:
    """Compare the values with the expected ones. Of several accepted answers, choose the one that earns most."""
    inputs = inputs_of(returned.gradients)
    answers = (fixture.expected, *fixture.accepted)
    return max((judge_values(check, answer, returned.values, inputs) for answer in answers), key=earned_by)


def earned_by(judgements: Sequence[Judgement]) -> float:
    return sum(one.comparison.weight for one in judgements if one.comparison.status == PASSED)


def is_right(judgements: Sequence[Judgement]) -> bool:
    # all() of nothing is True, and a check without values proves nothing.
    return bool(judgements) and all(one.comparison.status == PASSED for one in judgements)


def inputs_of(gradients: Gradients | None) -> dict[str, np.ndarray]:
    """Return the inputs by name, and the upstream gradient dout. Compared values that equal one get a hint for that."""
    if gradients is None:
        return {}
    # dx is the gradient at x. A net's gradient has the name of its parameter: W1 is at W1.
    points = {name.removeprefix("d"): np.asarray(point) for name, (_, point) in gradients.claims.items()}
    return {**points, "dout": np.asarray(gradients.dout)}
