"""Programs of the assignment's checks: recorded once, without any value that a submission returned."""

from __future__ import annotations

import copy
import warnings
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from grader.assignment.fixtures import load_fixtures
from grader.assignment.load import load_assignment
from grader.assignment.reference import load_reference
from grader.authoring.local_run import namespace_of, run_locally
from grader.calls import local_call, same
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


def results_of(program, functions, assignment):
    """The results of a program, from its calls alone; None where the check must be run."""
    call, replay = local_call(functions, None, assignment.classes), Replay(program)
    for number in program.calls:
        _, function, sent, named, *_ = program.steps[number]
        args = replay.with_values(sent)
        before = copy.deepcopy([arg for arg in args if isinstance(arg, dict)])
        value = call(function, args, replay.with_values(named))
        if not same(before, [arg for arg in args if isinstance(arg, dict)]):
            return None
        replay.add(value, args)
    return replay.with_values(program.result)


def test_what_a_program_returns_is_what_its_check_returns_on_the_reference_and_on_every_misconception(programs):
    """So a check whose results are right need not be run: it would have read nothing else."""
    assignment, _, one = programs
    compared = set()
    reference = load_reference(assignment)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for check in (check for check in assignment.checks if one(check).result is not None):
            for item in (None, *assignment.misconceptions_of(check.function)):
                functions = dict(reference)
                if item is not None:
                    names = namespace_of(reference)
                    functions[check.function] = partial(item.run, names)
                try:
                    results = results_of(one(check), functions, assignment)
                except Exception:  # a call returned no value: the check is run and reports that
                    continue
                if results is None:
                    continue
                own = run_locally(assignment, check, functions, reference=reference).values
                assert own.keys() == results.keys()
                assert all(same(own[name], results[name]) for name in own), check.id
                compared.add((check.id, item and item.name))
    assert len({check for check, _ in compared}) > 90
    assert len(compared) > 400
