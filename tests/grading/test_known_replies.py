"""Submissions that give the same replies as others before them: their results do not depend on those."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from cases import reference_files

from grader.grading.submission import grade_submission
from grader.grading.submission_run import SubmissionRun
from grader.records import VISIBLE, Submission
from grader.sandbox.host.exchange import Exchange

FUNCTIONS = {"layers.affine_forward", "layers.relu_forward", "layers.relu_backward", "classifiers.fc_net.TwoLayerNet"}
# By name: what each one has in place of the reference's code.
CLASS = {
    "right": "",
    "right in other words": "def affine_forward(x, w, b):\n    out = np.dot(x.reshape(len(x), -1), w) + b\n"
    "    return out, (x, w, b)\n",
    "off by one bit": "right = affine_forward\ndef affine_forward(x, w, b):\n    out, cache = right(x, w, b)\n"
    "    out[0, 0] = np.nextafter(out[0, 0], 9)\n    return out, cache\n",
    "wrong in one entry": "right = affine_forward\ndef affine_forward(x, w, b):\n    out, cache = right(x, w, b)\n"
    "    out[0, 0] += 1e-3\n    return out, cache\n",
    "changes its input": "def relu_forward(x):\n    out = np.maximum(x, 0)\n    x *= 1.0\n    x[0] = -1\n"
    "    return out, out\n",
    "wrong backward": "def relu_backward(dout, cache):\n    return dout * (cache >= -1)\n",
    "prints": "right = relu_forward\ndef relu_forward(x):\n    print('seen')\n    return right(x)\n",
}


@pytest.fixture(scope="module")
def few(context):
    return context.only({check.id for check in context.assignment.checks if check.function in FUNCTIONS})


def graded(name, context):
    files = reference_files()
    layers = next(path for path in files if path.endswith("layers.py"))
    files[layers] += b"\n" + CLASS[name].encode()
    return without_durations(json.loads(grade_submission(Submission(name, name, files), context).to_json()))


def without_durations(value):
    if isinstance(value, dict):
        return {key: without_durations(item) for key, item in value.items() if key not in ("duration_s", "spent_s")}
    return [without_durations(item) for item in value] if isinstance(value, list) else value


@pytest.mark.slow
@pytest.mark.process
def test_results_are_the_same_whatever_was_graded_before(few, monkeypatch):
    recalled = []
    recall = Exchange.recall

    def watched(self, known):
        end = recall(self, known)
        recalled.append(end is not None)
        return end

    monkeypatch.setattr(Exchange, "recall", watched)
    with monkeypatch.context() as patch:
        patch.setattr(SubmissionRun, "may_recall", lambda self, check: False)
        alone = {name: graded(name, few) for name in CLASS}
    assert not recalled
    assert len({json.dumps(result["checks"]) for result in alone.values()}) >= 5
    for order in (list(CLASS), list(reversed(CLASS)), ["right", *CLASS]):
        for name in order:
            assert graded(name, few) == alone[name], (name, order)
    assert sum(recalled) > len(recalled) / 2


def test_a_visible_check_after_a_hidden_one_takes_no_part():
    """One submission could write a hidden input into its replies, and another one could measure which it has."""
    for visibility, had_hidden, may_recall in (
        (VISIBLE, False, True),
        (VISIBLE, True, False),
        ("hidden", True, True),
    ):
        check, run = SimpleNamespace(visibility=visibility), SimpleNamespace(had_hidden=had_hidden)
        assert SubmissionRun.may_recall(run, check) is may_recall
