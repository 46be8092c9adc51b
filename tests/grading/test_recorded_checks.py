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
from grader.sandbox.host.program import CALL, Replay
from grader.sandbox.inside.operations import FIRST_HANDLE
from grader.sandbox.inside.protocol import Handle

ASSIGNMENT = Path(__file__).resolve().parents[2] / "assignment"


@pytest.fixture(scope="module")
def programs():
    """For each check: its program, and how often it calls the code under test."""
    assignment = load_assignment(ASSIGNMENT)
    fixtures, functions = load_fixtures(assignment), frozenset(assignment.functions)

    def one(check, handout=OWN, fixtures=fixtures):
        return program_of(check, fixtures, handout, functions, assignment.classes)

    return assignment, fixtures.checks, one


def test_a_program_is_recorded_once_for_each_check_handout_and_set_of_fixtures(programs):
    """What is known of a program's replies depends on all three: a check with another tolerance is another check."""
    assignment, _, one = programs
    check, fixtures = assignment.checks[0], load_fixtures(assignment)
    others = [(replace(check, tolerance=1.0), OWN), (check, replace(OWN)), (check, OWN, fixtures)]
    found = [one(check), *(one(*other) for other in others)]
    assert found == [one(check), *(one(*other) for other in others)]  # programs compare by identity
    assert len(set(map(id, found))) == 4


def test_nearly_every_check_is_one_program(programs):
    """The others read a value in between. Each reading costs every submission one more message."""
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
            assert all(handle.number < number < FIRST_HANDLE for handle in handles(step))
            assert (
                step[0] != CALL or step[1] in assignment.functions or step[1].rpartition(".")[0] in assignment.classes
            )


def test_the_inputs_of_a_program_are_those_of_the_seed(programs):
    assignment, _, one = programs
    check = next(check for check in assignment.checks if check.id == "layers.affine_forward.images")
    rng = np.random.RandomState(check.seed)
    x, w, b = rng.randn(5, 3, 4, 6), rng.randn(72, 7), rng.randn(7)
    call = next(step for step in one(check).steps if step[0] == CALL)
    sent = Replay(one(check)).with_values(call[2])
    assert all(np.array_equal(*pair) for pair in zip(sent, (x, w, b), strict=True))
