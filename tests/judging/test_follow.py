"""Which wrong gradients are right for the student's own forward, and which need no call of it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from grader.checks import gradients
from grader.judging.follow import (
    PAIRS,
    REACHING,
    RecordedValue,
    agreeing_claims,
    claims_that_hold,
    is_repeated,
    reach_patterns,
    reach_that_holds,
    recording,
)

CHECK = SimpleNamespace(seed=3, tolerance=1e-7)
X, B, DOUT = (np.random.RandomState(5).randn(4, 3) for _ in range(3))


def agreeing(forward, recorded, **claims):
    answer = gradients(forward, dout=DOUT, **claims)
    wrong = {name: claim for name, (claim, _) in claims.items()}
    return agreeing_claims(recording(answer, recorded), wrong, CHECK, X * X + B)


def test_the_gradient_of_a_wrong_forward_agrees_and_another_does_not():
    recorded = []
    assert agreeing(lambda x, b: x**3 + b, recorded, dx=(3 * X**2 * DOUT, X), db=(2 * DOUT, B)) == {"dx"}
    assert len(recorded) > 4


def test_a_claim_of_zeros_never_agrees_and_costs_no_call_of_the_forward():
    recorded = []
    assert agreeing(lambda x, b: np.ones_like(x), recorded, dx=(np.zeros_like(X), X), db=(np.zeros_like(B), B)) == set()
    assert len(recorded) == 1


def test_a_nonzero_claim_is_tested_even_if_the_other_is_zeros():
    recorded = []
    assert agreeing(lambda x, b: x**3, recorded, dx=(3 * X**2 * DOUT, X), db=(np.zeros_like(B), B)) == {"dx"}


def elsewhere(forward, **claims):
    recorded = []
    answer = recording(gradients(forward, dout=DOUT, **claims), recorded)
    held, evidence = claims_that_hold(answer, claims, CHECK, np.random.RandomState(0))
    return held, evidence, recorded


def test_claims_at_other_points_hold_or_not_and_are_recorded_in_pairs():
    held, evidence, recorded = elsewhere(lambda x, b: x**3 + b, dx=(3 * X**2 * DOUT, X), db=(2 * DOUT, B))
    assert held == {"dx"}
    assert len(evidence) == 2 * PAIRS < len(recorded)
    for plus, minus in zip(evidence[::2], evidence[1::2], strict=True):
        np.testing.assert_allclose((plus.arguments[0] + minus.arguments[0]) / 2, X)  # the two values of one slope


def test_a_repeated_value_is_recognised():
    answer = gradients(lambda x: x**2, dx=(X, X))
    assert is_repeated(answer, RecordedValue((X,), X**2))
    assert not is_repeated(answer, RecordedValue((X,), X**2 + 1e-8))
    assert not is_repeated(answer, RecordedValue((X,), (X**2)[:2]))


def test_a_sum_instead_of_a_product_has_another_reach():
    expected = reach_patterns(gradients(lambda x, b: x * b, dx=(X, X), db=(B, B)), CHECK)
    for forward, is_same in ((lambda x, b: 2 * x * b, True), (lambda x, b: x + b, False)):
        answer = gradients(forward, dx=(X, X), db=(B, B))
        found, evidence = reach_that_holds(answer, expected, CHECK, np.random.RandomState(0))
        assert (found, len(evidence)) == (is_same, REACHING)
