"""Which wrong gradients may belong to the student's own forward, and which are not even asked about."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from grader.judging.checks import gradients
from grader.judging.follow import agreeing_claims

CHECK = SimpleNamespace(seed=3, tolerance=1e-7)
X, B, DOUT = (np.random.RandomState(5).randn(4, 3) for _ in range(3))


def agreeing(forward, said, **claims):
    answer = gradients(forward, dout=DOUT, **claims)
    wrong = {name: claim for name, (claim, _) in claims.items()}
    return agreeing_claims(answer, wrong, CHECK, X * X + B, said)


def test_the_gradient_of_a_wrong_forward_agrees_and_another_does_not():
    said = []
    assert agreeing(lambda x, b: x**3 + b, said, dx=(3 * X**2 * DOUT, X), db=(2 * DOUT, B)) == {"dx"}
    assert len(said) > 4


def test_zeros_are_the_gradient_of_nothing_and_cost_no_call_of_the_forward():
    said = []
    assert agreeing(lambda x, b: np.ones_like(x), said, dx=(np.zeros_like(X), X), db=(np.zeros_like(B), B)) == set()
    assert len(said) == 1


def test_a_gradient_with_a_number_in_it_is_asked_about_even_where_the_other_is_zeros():
    said = []
    assert agreeing(lambda x, b: x**3, said, dx=(3 * X**2 * DOUT, X), db=(np.zeros_like(B), B)) == {"dx"}
