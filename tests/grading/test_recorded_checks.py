"""Programs of the assignment's checks: recorded once, without any value that a submission returned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grader.assignment.fixtures import load_fixtures
from grader.assignment.load import load_assignment
from grader.grading.check_run import program_of
from grader.judging.adapt import OWN
from grader.sandbox.host.program import CALL
from grader.sandbox.inside.operations import FIRST_KEPT
from grader.sandbox.inside.protocol import Handle

ASSIGNMENT = Path(__file__).resolve().parents[2] / "assignment"


@pytest.fixture(scope="module")
def programs():
    """By check: its program, and how often it calls the code under test."""
    assignment = load_assignment(ASSIGNMENT)
    fixtures, functions = load_fixtures(assignment).checks, frozenset(assignment.functions)

    def one(check, handout=OWN):
        return program_of(check, handout, fixtures[check.id].arities, functions, assignment.classes)

    return assignment, fixtures, one


def test_a_program_is_recorded_once_for_each_handout(programs):
    assignment, _, one = programs
    check = assignment.checks[0]
    assert one(check) is one(check)
    assert one(check, replace(OWN, name="another")) is not one(check)


def test_nearly_every_check_is_one_program(programs):
    """The others look at a value in between; each look is one more message for every submission."""
    assignment, fixtures, one = programs
    whole = [check.id for check in assignment.checks if len(one(check).calls) == len(fixtures[check.id].arities)]
    assert len(whole) >= len(assignment.checks) - 5


def test_programs_refer_to_steps_of_their_own_and_hold_no_handle_of_a_worker(programs):
    assignment, _, one = programs

    def handles(value):
        if isinstance(value, Handle):
            yield value
        elif isinstance(value, dict):
            for item in value.values():
                yield from handles(item)
        elif isinstance(value, tuple | list):
            for item in value:
                yield from handles(item)

    for check in assignment.checks:
        for number, step in enumerate(one(check).steps):
            assert all(handle.number < number < FIRST_KEPT for handle in handles(step))
            assert (
                step[0] != CALL or step[1] in assignment.functions or step[1].rpartition(".")[0] in assignment.classes
            )


def test_the_inputs_of_a_program_are_those_of_the_seed(programs):
    assignment, _, one = programs
    check = next(check for check in assignment.checks if check.id == "layers.affine_forward.images")
    rng = np.random.RandomState(check.seed)
    x, w, b = rng.randn(5, 3, 4, 6), rng.randn(72, 7), rng.randn(7)
    sent = one(check).steps[0][2]
    assert all(np.array_equal(*pair) for pair in zip(sent, (x, w, b), strict=True))
