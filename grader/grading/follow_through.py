"""Follow-through in sandboxes: does a wrong gradient belong to the student's own forward, at inputs nobody can guess?

    at the check's inputs ──► does the claim hold, do the same inputs reach the same outputs?  ──► no: nothing follows
    at inputs of a secret seed, on the same code ──► does it still hold?                       ──► no: nothing follows
    a fresh sandbox, one process per answer ──► does the forward return the same answer again? ──► no: nothing follows

Student code can know the check's inputs, since it can draw them again from a small seed. Then it could return, near
them, values that suit a wrong gradient. Of inputs from a secret seed, a forward in a fresh process knows only the one
point at which it is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np

from grader.calls import Call
from grader.definitions import Gradients
from grader.errors import GraderError
from grader.grading.attempt import Attempts
from grader.judging import follow

# Names of wrong gradients that belong to the student's own forward; whether its inputs reach the outputs they should.
Followed = tuple[frozenset[str], bool]
NOTHING: Final[Followed] = (frozenset(), False)
GRADIENT_TIMES: Final = 5  # a numerical gradient calls the forward some forty times, a check calls it once or twice


def follow_through(
    attempts: Attempts, call: Call, secret: int, *, gradients: Gradients, wrong: Mapping[str, np.ndarray]
) -> Followed:
    """attempts: those of the check that returned the gradients through this call. secret: a seed that nobody knows."""
    try:
        return ask_forward(attempts, call, secret, gradients, wrong)
    except GraderError:
        raise
    except Exception:  # CallFailed, or the student's forward returned what the closure cannot use
        return NOTHING


def ask_forward(
    attempts: Attempts, call: Call, secret: int, gradients: Gradients, wrong: Mapping[str, np.ndarray]
) -> Followed:
    """Raises CallFailed where the forward fails."""
    process, check, fixture = attempts.process, attempts.check, attempts.fixture
    # The usual limits: a function that returned does not hang, and its gradient takes longer than one call.
    usual = replace(attempts, setup=replace(attempts.setup, limits=None, why=None))
    setup = replace(usual.setup, arities=())  # the calls are those of a numerical gradient, not those of the check
    longer, forward = replace(setup, times=GRADIENT_TIMES), fixture.forward
    assert forward is not None

    def at_the_inputs() -> Followed:
        agreed = follow.agreeing_claims(gradients, wrong, check, forward, process.ahead)
        patterns = follow.reach_patterns(gradients, check, process.ahead) if agreed else None
        return agreed, follow.same_patterns(fixture.reach, patterns)

    # Each step runs in a process of its own, so that the forward cannot count how often it was called before.
    agreed, is_same = process.run_alone(at_the_inputs, longer).returned()
    if not is_same:
        return agreed, False
    elsewhere = usual.gradients_at_other_inputs(call, np.random.RandomState(secret))
    # Less than at the check's inputs means that the claim was made for those inputs.
    if elsewhere is None or not agreed <= elsewhere.claims.keys():
        return NOTHING

    def at_the_secret_inputs() -> tuple[frozenset[str], bool, list[Any]]:
        rng = np.random.RandomState(secret)
        holding, answers = follow.claims_that_hold(elsewhere, agreed, check, rng, process.ahead)
        # The reference shows which inputs must reach which outputs: constants and sums earn no follow-through.
        right = usual.reference_gradients(np.random.RandomState(secret)) if holding else None
        if right is None:
            return holding, True, answers
        patterns = follow.reach_patterns(right, check) or {}
        same_reach, more = follow.reach_that_holds(elsewhere, patterns, check, rng, process.ahead)
        return holding, same_reach, answers + more

    agreed, is_same, answers = process.run_alone(at_the_secret_inputs, longer).returned()
    if not is_same:
        return agreed, False
    process.kill()  # a fresh sandbox: code in this one may have written to memory that its processes share
    for one in answers if agreed else ():
        if not process.run_alone(partial(follow.is_repeated, elsewhere, one), setup).returned():
            return NOTHING
    return agreed, bool(agreed)
