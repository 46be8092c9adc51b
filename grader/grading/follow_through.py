"""Finds out in sandboxes whether a wrong gradient is right for the student's own forward, at secret inputs.

    at the check's inputs ──► does the claim hold, do the same inputs reach the same outputs?  ──► no: nothing follows
    at inputs of a secret seed, on the same code ──► does it still hold?                       ──► no: nothing follows
    a fresh sandbox, one process per answer ──► does the forward return the same answer again? ──► no: nothing follows

Student code can know the check's inputs, because it can draw them from a small seed. Near these inputs, it could
return values that make a wrong gradient look right. At inputs from a secret seed, a forward in a fresh process knows
only the one point at which it is called.
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

# (names of wrong gradients that are right for the student's own forward, whether its inputs reach the right outputs)
Followed = tuple[frozenset[str], bool]
NOTHING: Final[Followed] = (frozenset(), False)
GRADIENT_TIMES: Final = 5  # a numerical gradient makes about forty calls, a check one or two


def follow_through(
    attempts: Attempts, call: Call, secret: int, *, gradients: Gradients, wrong: Mapping[str, np.ndarray]
) -> Followed:
    """Return which wrong gradients follow from the student's own forward. attempts, call: those of the check that
    returned the gradients. secret: a seed that students cannot know."""
    try:
        return ask_forward(attempts, call, secret, gradients, wrong)
    except GraderError:
        raise
    except Exception:  # CallFailed, or the check cannot use what the student's forward returned
        return NOTHING


def ask_forward(
    attempts: Attempts, call: Call, secret: int, gradients: Gradients, wrong: Mapping[str, np.ndarray]
) -> Followed:
    """Do the same. Raises CallFailed if the forward fails."""
    process, check, fixture = attempts.process, attempts.check, attempts.fixture
    # The usual limits, because this function returned before, and its gradient needs many calls.
    usual = replace(attempts, setup=replace(attempts.setup, limits=None, why=None))
    setup = replace(usual.setup, arities=())  # a numerical gradient makes other calls than the check
    longer, forward = replace(setup, times=GRADIENT_TIMES), fixture.forward
    assert forward is not None

    def at_the_inputs() -> Followed:
        agreed = follow.agreeing_claims(gradients, wrong, check, forward, process.ahead)
        patterns = follow.reach_patterns(gradients, check, process.ahead) if agreed else None
        return agreed, follow.same_patterns(fixture.reach, patterns)

    # Each step runs in a separate process, so that the forward cannot count its earlier calls.
    agreed, is_same = process.run_alone(at_the_inputs, longer).returned()
    if not is_same:
        return agreed, False
    elsewhere = usual.gradients_at_other_inputs(call, np.random.RandomState(secret))
    # A claim that holds at the check's inputs must exist here too. Otherwise it was made for those inputs.
    if elsewhere is None or not agreed <= elsewhere.claims.keys():
        return NOTHING

    def at_the_secret_inputs() -> tuple[frozenset[str], bool, list[Any]]:
        rng = np.random.RandomState(secret)
        holding, answers = follow.claims_that_hold(elsewhere, agreed, check, rng, process.ahead)
        # Inputs must reach the same outputs as with the reference, so that constants and sums earn no follow-through.
        right = usual.reference_gradients(np.random.RandomState(secret)) if holding else None
        if right is None:
            return holding, True, answers
        patterns = follow.reach_patterns(right, check) or {}
        same_reach, more = follow.reach_that_holds(elsewhere, patterns, check, rng, process.ahead)
        return holding, same_reach, answers + more

    agreed, is_same, answers = process.run_alone(at_the_secret_inputs, longer).returned()
    if not is_same:
        return agreed, False
    process.kill()  # take a fresh sandbox: code in this one may have written to shared memory
    for one in answers if agreed else ():
        if not process.run_alone(partial(follow.is_repeated, elsewhere, one), setup).returned():
            return NOTHING
    return agreed, bool(agreed)
