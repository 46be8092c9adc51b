"""Follow-through, in sandboxes: whose gradient is a wrong one, asked where nobody can prepare an answer.

    at the check's inputs ──► does the claim agree, does the same reach the same? ──► no: nothing follows
    at inputs of a secret seed, on the same code ──► does it still?                ──► no: nothing follows
    a fresh sandbox, a process an answer ──► does the forward say it once more?    ──► no: nothing follows

The check's own inputs are no secret to who receives them: they can be drawn again from a small seed. A forward that
knows them could answer near them as suits a gradient that is none. Of inputs that come from a secret seed it knows in a
fresh process nothing but the one point at which it is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from grader.assignment.fixtures import Fixture
from grader.calls import CallFailed
from grader.checks import Gradients
from grader.errors import GraderError
from grader.judging.follow import (
    agreeing_claims,
    claims_that_hold,
    is_repeated,
    reach_patterns,
    reach_that_holds,
    same_patterns,
)
from grader.records import Check
from grader.sandbox.host.session import Session

GRADIENT_TIMES: Final = 5  # a numerical gradient asks the forward some forty times where a check asks once or twice

Again = Callable[[np.random.RandomState], Gradients | None]


def follow_through(
    session: Session,
    check: Check,
    gradients: Gradients,
    wrong: Mapping[str, np.ndarray],
    fixture: Fixture,
    *,
    again: Again,
    reference: Again | None,
    secret: int,
) -> tuple[frozenset[str], bool]:
    """Names of wrong gradients that belong to the student's own forward; whether its inputs reach what they should.

    again: makes the check once more on the student's code, with inputs from this generator; reference: on the
    reference, None where there is none. secret: the seed that nobody knows.
    """
    try:
        return ask_forward(session, check, gradients, wrong, fixture, again, reference, secret)
    except CallFailed:
        return frozenset(), False
    except GraderError:
        raise
    except Exception:  # the student's forward returned what the closure cannot use
        return frozenset(), False
    finally:
        session.end()


def ask_forward(
    session: Session,
    check: Check,
    gradients: Gradients,
    wrong: Mapping[str, np.ndarray],
    fixture: Fixture,
    again: Again,
    reference: Again | None,
    secret: int,
) -> tuple[frozenset[str], bool]:
    nothing = frozenset[str](), False
    assert fixture.forward is not None
    session.begin(check.seed, times=GRADIENT_TIMES)
    agreed = agreeing_claims(gradients, wrong, check, fixture.forward)
    if not agreed or not same_patterns(fixture.reach, reach_patterns(gradients, check)):
        return agreed, False
    session.end()
    elsewhere = again(np.random.RandomState(secret))
    if elsewhere is None or not agreed <= elsewhere.claims.keys():
        return nothing
    session.begin(check.seed, times=GRADIENT_TIMES)
    rng = np.random.RandomState(secret)
    agreed, said = claims_that_hold(elsewhere, agreed, check, rng)
    right = reference(np.random.RandomState(secret)) if reference and agreed else None
    if right is not None:
        same_reach, more = reach_that_holds(elsewhere, reach_patterns(right, check) or {}, check, rng)
        if not same_reach:
            return agreed, False
        said += more
    session.end()
    session.kill()  # a fresh sandbox: in this one, memory shared at import may have been written
    for one in said if agreed else ():
        session.begin(check.seed)
        if not is_repeated(elsewhere, one):
            return nothing
        session.end()
    return agreed, bool(agreed)
