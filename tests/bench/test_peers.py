"""The nine checks for the comparison with peers: both forms test the same, and tell right from wrong."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from bench.peers import cells
from bench.peers.__main__ import ROOT, expected_arrays
from bench.peers.courses import HERE
from grader.assignment.fixtures import load_fixtures
from grader.assignment.load import load_assignment
from grader.assignment.reference import load_reference
from grader.authoring.make_fixtures import make_fixtures, write_fixtures
from grader.calls import local_call
from grader.judging.compare import judge_values
from grader.judging.run_check_function import perform
from grader.judging.student_proxy import Student
from grader.records import PASSED

CALLED = {
    "affine_backward": lambda dout, cache: (dout @ cache[1].T.copy(), 0, 0),
    "relu_backward": lambda dout, cache: dout,
    "softmax_loss": lambda x, y: (2.3, np.zeros_like(x)),
    "batchnorm_forward": lambda x, gamma, beta, bn_param: (x * gamma + beta, None),
    "batchnorm_backward": lambda dout, cache: (dout, dout.sum(axis=0), dout.sum(axis=0)),
    "conv_forward_naive": lambda x, w, b, conv_param: (np.zeros((2, 3, 2, 2)), None),
    "conv_backward_naive": lambda dout, cache: (np.zeros((4, 3, 5, 5)), np.zeros((2, 3, 3, 3)), np.zeros(2)),
    "max_pool_backward_naive": lambda dout, cache: dout.repeat(2, axis=2).repeat(2, axis=3),
    "spatial_batchnorm_backward": lambda dout, cache: (dout, np.zeros(3), np.zeros(3)),
}


@pytest.fixture(scope="module")
def nine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nine") / "assignment"
    shutil.copytree(HERE / "assignment", folder)
    toml = folder / "assignment.toml"
    toml.write_text(toml.read_text().replace("../../../reference", str(ROOT / "reference")))
    assignment = load_assignment(folder)
    write_fixtures(assignment, make_fixtures(assignment))
    np.savez(folder.parent / "expected.npz", **expected_arrays(folder))
    return assignment


def passed(nine, functions):
    """How many of the nine pass in each form."""
    fixtures, asked = load_fixtures(nine), 0
    student = Student(local_call(functions), frozenset(functions))
    for check in nine.checks:
        try:
            answer = perform(check.run, student, np.random.RandomState(check.seed), student)
        except Exception:
            continue
        judged = judge_values(check, fixtures.checks[check.id].expected, answer.values)
        asked += all(j.comparison.status == PASSED for j in judged)
    layers, in_cells = SimpleNamespace(**{name.rpartition(".")[2]: f for name, f in functions.items()}), 0
    for check in cells.NINE:
        try:
            check(layers)
        except Exception:
            continue
        in_cells += 1
    return asked, in_cells


def test_the_reference_passes_all_nine_in_both_forms(nine, monkeypatch):
    monkeypatch.setattr(cells, "PLACE", str(nine.folder.parent))
    assert len(nine.checks) == len(cells.NINE) == 9
    assert passed(nine, load_reference(nine)) == (9, 9)


@pytest.mark.slow
@pytest.mark.parametrize("name", CALLED)
def test_a_wrong_function_fails_in_both_forms(nine, name, monkeypatch):
    monkeypatch.setattr(cells, "PLACE", str(nine.folder.parent))
    asked, in_cells = passed(nine, {**load_reference(nine), f"layers.{name}": CALLED[name]})
    assert asked < 9
    assert in_cells < 9
