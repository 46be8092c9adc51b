"""Follow-through, in sandboxes: whose gradient is a wrong one, asked where nobody can prepare an answer.

    at the check's inputs ──► does the claim agree, does the same reach the same? ──► no: nothing follows
    at inputs of a secret seed, on the same code ──► does it still?                ──► no: nothing follows
    a fresh sandbox, a process an answer ──► does the forward say it once more?    ──► no: nothing follows

The check's own inputs are no secret to who receives them: they can be drawn again from a small seed. A forward that
knows them could answer near them as suits a gradient that is none. Of inputs that come from a secret seed it knows in a
fresh process nothing but the one point at which it is asked.
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

# Names of wrong gradients that belong to the student's own forward; whether its inputs reach what they should.
Followed = tuple[frozenset[str], bool]
NOTHING: Final[Followed] = (frozenset(), False)
GRADIENT_TIMES: Final = 5  # a numerical gradient asks the forward some forty times where a check asks once or twice


def follow_through(
    attempts: Attempts, call: Call, secret: int, *, gradients: Gradients, wrong: Mapping[str, np.ndarray]
) -> Followed:
    """attempts: at the check, of which the gradients came, through this call. secret: the seed that nobody knows."""
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
    # The usual limits: a function that answered does not hang, and its gradient takes longer than a call.
    usual = replace(attempts, setup=replace(attempts.setup, limits=None, why=None))
    setup = replace(usual.setup, arities=())
    longer, forward = replace(setup, times=GRADIENT_TIMES), fixture.forward
    assert forward is not None

    def at_the_inputs() -> Followed:
        agreed = follow.agreeing_claims(gradients, wrong, check, forward, process.ahead)
        patterns = follow.reach_patterns(gradients, check, process.ahead) if agreed else None
        return agreed, follow.same_patterns(fixture.reach, patterns)

    agreed, is_same = process.run_alone(at_the_inputs, longer).returned()
    if not is_same:
        return agreed, False
    elsewhere = usual.gradients_elsewhere(call, np.random.RandomState(secret))
    if elsewhere is None or not agreed <= elsewhere.claims.keys():
        return NOTHING

    def at_the_secret_inputs() -> tuple[frozenset[str], bool, list[Any]]:
        rng = np.random.RandomState(secret)
        holding, answers = follow.claims_that_hold(elsewhere, agreed, check, rng, process.ahead)
        right = usual.reference_gradients(np.random.RandomState(secret)) if holding else None
        if right is None:
            return holding, True, answers
        patterns = follow.reach_patterns(right, check) or {}
        same_reach, more = follow.reach_that_holds(elsewhere, patterns, check, rng, process.ahead)
        return holding, same_reach, answers + more

    agreed, is_same, answers = process.run_alone(at_the_secret_inputs, longer).returned()
    if not is_same:
        return agreed, False
    process.kill()  # a fresh sandbox: in this one, memory shared at import may have been written
    for one in answers if agreed else ():
        if not process.run_alone(partial(follow.is_repeated, elsewhere, one), setup).returned():
            return NOTHING
    return agreed, bool(agreed)
