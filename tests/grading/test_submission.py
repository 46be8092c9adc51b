"""Whole submissions in the real sandbox: their expected verdicts, and what must never enter the worker."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cases import ROOT, check_of, lost, reference_files, with_few_checks, with_half_the_time
from durations import without_durations
from sayings import notes_of

from bench.class_of_29 import OTHERS, files_of
from grader.assignment.fixtures import load_fixtures
from grader.grading.context import Settings, prepare
from grader.grading.submission import grade_submission
from grader.messages.of_check import message_of
from grader.messages.say import say, say_all
from grader.records import Result, Submission
from grader.sandbox.host import session as session_module
from grader.sandbox.host.decoder import Decoder
from grader.sandbox.inside.protocol import Handle

pytestmark = pytest.mark.process

CONV = ("conv_forward_naive", "conv_backward_naive")
DROPOUT = ("dropout_forward", "dropout_backward")


def test_the_reference_gets_full_marks(grade_layers):
    result = grade_layers()
    assert (result.status, result.score, result.max_score) == ("graded", 100.0, 100)
    assert {check.status for check in result.checks} == {"passed"}
    assert not [remark for check in result.checks for remark in check.remarks]


@pytest.mark.parametrize("name", ["wrong-forward-consistent-backward", "loops-forever"])
def test_the_same_submission_twice_gives_the_same_json_but_for_durations(layers_context, name):
    example = ROOT / "submissions" / name / "layers.py"
    source = files_of(name)["cs231n/layers.py"] if name in OTHERS else example.read_bytes()
    submission = Submission("twice", "twice", {"layers.py": source})
    context = with_few_checks(with_half_the_time(layers_context), each=2)
    first, second = (grade_submission(submission, context).to_json() for _ in range(2))
    assert without_durations(first) == without_durations(second)
    assert Result.from_json(first).to_json() == first


def test_what_the_judge_sends_holds_inputs_only(context, grade_layers, monkeypatch):
    """No frame contains an expected value: no array of a fixture, and no number of eight digits from one."""
    sent = []
    send = session_module.Session.send

    def sending(session, frame, deadline):
        sent.extend(one.read() for one in Decoder().feed(frame))
        send(session, frame, deadline)

    monkeypatch.setattr(session_module.Session, "send", sending)
    # A wrong conv_forward also makes the judge send numerical gradients and documented caches.
    grade_layers(
        "def conv_forward_naive(x, w, b, conv_param):\n    raise ValueError\n"
        "def softmax_loss(x, y):\n    return np.float64(3.0), x\n"
    )
    expected, inputs = set(), set()
    for fixture in load_fixtures(context.assignment).checks.values():
        for array in fixture.expected.values():
            expected |= {repr(v) for v in np.asarray(array, dtype=float).ravel().tolist() if len(repr(v)) >= 10}
    for value in leaves(sent):
        assert isinstance(value, np.ndarray | np.generic | str | int | float | bool | bytes | type(None) | Handle)
        if isinstance(value, np.ndarray | np.generic | float):
            inputs |= {repr(v) for v in np.asarray(value, dtype=float).ravel().tolist()}
    assert len(sent) > 100
    assert len(expected) > 1000
    # ReLU, max-pool, dropout and sums over one example return some inputs unchanged: those are inputs and outputs.
    # Running averages are handed back to the code that they came from.
    passed_on = {
        repr(v)
        for check, fixture in load_fixtures(context.assignment).checks.items()
        for name, array in fixture.expected.items()
        if re.search(r"\.(relu|max_pool|dropout)_|\.one_example$", check) or name.startswith("running_")
        for v in np.asarray(array, dtype=float).ravel().tolist()
    }
    assert not (inputs & expected) - passed_on


def leaves(value):
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(key)
            yield from leaves(item)
    elif isinstance(value, list) or type(value) is tuple:
        for item in value:
            yield from leaves(item)
    else:
        yield value


def test_a_spying_submission_finds_nothing(layers_context):
    """The submission that looks for fixtures and the reference reports that it found nothing, and gains no mark."""
    source = files_of("spies")["layers.py"]
    result = grade_submission(Submission("spies", "spies", {"layers.py": source}), layers_context)
    assert lost(result) == {"affine_forward": "failed"}
    prints = "\n".join([*(check.output for check in result.checks), *notes_of(result)])
    assert "spies" in prints
    assert not re.search(r"\.npz|manifest|/checks/|reference/layers|: found", prints)


def test_an_endless_loop_costs_its_own_check_only(layers_context, reference_source):
    """A loop that never ends only where windows overlap: one check times out, all others pass."""
    added = (
        "right = max_pool_forward_naive\n"
        "def max_pool_forward_naive(x, pool_param):\n"
        "    while pool_param['stride'] < pool_param['pool_height'] == pool_param['pool_width']:\n"
        "        pass\n"
        "    return right(x, pool_param)\n"
    )
    context = with_half_the_time(layers_context)
    context = with_few_checks(context, "max_pool_forward_naive", "max_pool_backward_naive", "relu_forward")
    source = f"{reference_source}\n\n{added}".encode()
    result = grade_submission(Submission("case", "case", {"layers.py": source}), context)
    statuses = {check.id: check.status for check in result.checks if check.status != "passed"}
    assert statuses == {"layers.max_pool_forward_naive.overlapping": "timeout"}
    backward = check_of(result, "max_pool_backward_naive.overlapping")
    assert backward.points == pytest.approx(backward.max_points, abs=1e-5)
    assert "with the cache that the docstring describes instead" in message_of(backward)


def test_a_dropout_that_drops_nothing_costs_the_backward_nothing(grade_layers):
    result = grade_layers(
        "def dropout_forward(x, dropout_param):\n    return x.copy(), (dropout_param, np.ones_like(x))\n", *DROPOUT
    )
    points = {item.function: (item.points, item.max_points) for item in result.functions}
    assert points["layers.dropout_forward"][0] < 0.5 * points["layers.dropout_forward"][1]
    assert points["layers.dropout_backward"][0] == points["layers.dropout_backward"][1]


def test_a_dropout_backward_without_a_mask_fails_where_the_forward_drops_nothing_too(grade_layers):
    result = grade_layers(
        "def dropout_forward(x, dropout_param):\n    return x.copy(), (dropout_param, np.ones_like(x))\n\n\n"
        "def dropout_backward(dout, cache):\n    return dout.copy()\n",
        *DROPOUT,
    )
    points = {item.function: (item.points, item.max_points) for item in result.functions}
    assert points["layers.dropout_backward"][0] < 0.5 * points["layers.dropout_backward"][1]


def test_a_backward_is_fed_the_documented_cache_where_the_forward_crashes(grade_layers):
    result = grade_layers("def conv_forward_naive(x, w, b, conv_param):\n    return 1 / 0\n")
    assert lost(result) == {"conv_forward_naive": "error"}


@pytest.mark.parametrize(
    "body", ["raise NotImplementedError", "return None", "import os; os._exit(1)", "return x", "return 1, 2, 3"]
)
def test_a_backward_loses_nothing_by_whatever_its_forward_does(grade_layers, body):
    result = grade_layers(f"def affine_forward(x, w, b):\n    {body}\n")
    assert set(lost(result)) == {"affine_forward"}


def test_a_backward_over_a_cache_of_its_own_is_skipped_where_the_forward_crashes(grade_layers):
    result = grade_layers(
        "def affine_forward(x, w, b):\n    raise ValueError('oops')\n"
        "def affine_backward(dout, cache):\n    return cache['x'] @ dout, 0, 0\n"
    )
    assert lost(result) == {"affine_forward": "error", "affine_backward": "skipped"}
    message = message_of(check_of(result, "affine_backward.notebook"))
    assert message.startswith(
        "affine_forward raised ValueError: oops. With the cache that the docstring describes instead, affine"
    )


FILTER_TWICE = (
    "right_forward, right_backward = conv_forward_naive, conv_backward_naive\n"
    "def conv_forward_naive(x, w, b, conv_param):\n"
    "    out, _ = right_forward(x, 3 * w, b, conv_param)\n"
    "    return out, (x, w, b, conv_param)\n"
    "def conv_backward_naive(dout, cache):\n"
    "    x, w, b, conv_param = cache\n"
    "    dx, dw, db = right_backward(dout, (x, 3 * w, b, conv_param))\n"
    "    return dx, 3 * dw, db\n"
)


def test_a_gradient_of_a_wrong_forward_follows_through_for_half(grade_layers):
    result = grade_layers(FILTER_TWICE, *CONV)
    check = check_of(result, "conv_backward_naive.notebook")
    assert check.follow_through
    assert check.status == "partial"
    assert check.points == pytest.approx(check.max_points * (1 + 0.5 * 4) / 5)  # db is right, dx and dw are worth half
    assert "of your own conv_forward_naive, which is wrong. They count half" in message_of(check)
    assert [c.follow_through for c in check.comparisons] == [True, True, False]


def test_a_gradient_of_a_forward_that_passes_elsewhere_follows_through_in_full(grade_layers):
    wrong_with_stride = FILTER_TWICE.replace("3 * w", "scale(conv_param) * w").replace(
        "3 * dw", "scale(conv_param) * dw"
    )
    result = grade_layers(wrong_with_stride + "def scale(p):\n    return 3 if p['stride'] == 2 else 1\n")
    assert lost(result) == {"conv_forward_naive": "partial"}
    check = check_of(result, "conv_backward_naive.strided")
    assert (check.status, check.follow_through) == ("passed", True)


def test_a_gradient_of_a_known_misconception_follows_through_in_full(grade_layers):
    result = grade_layers(
        "right_forward, right_backward = conv_forward_naive, conv_backward_naive\n"
        "def conv_forward_naive(x, w, b, conv_param):\n"
        "    out, _ = right_forward(x, w[:, :, ::-1, ::-1], b, conv_param)\n"
        "    return out, (x, w, b, conv_param)\n"
        "def conv_backward_naive(dout, cache):\n"
        "    x, w, b, conv_param = cache\n"
        "    dx, dw, db = right_backward(dout, (x, w[:, :, ::-1, ::-1], b, conv_param))\n"
        "    return dx, dw[:, :, ::-1, ::-1], db\n"
    )
    assert lost(result) == {"conv_forward_naive": "failed"}
    assert "rotated by 180 degrees" in say_all(check_of(result, "conv_forward_naive.strided").hints)


@pytest.mark.parametrize(
    ("forward", "backward"),
    [
        ("np.zeros_like(out)", "0 * dx, 0 * dw, 0 * db"),
        (
            "np.full_like(out, x.sum() + w.sum() + b.sum())",
            "dout.sum() + 0 * dx, dout.sum() + 0 * dw, dout.sum() + 0 * db",
        ),
        ("np.roll(out, 1, axis=3)", "right_backward(np.roll(dout, -1, axis=3), cache)"),
    ],
    ids=["constant", "sum", "shifted"],
)
def test_a_gradient_of_a_forward_that_is_no_convolution_earns_nothing(grade_layers, forward, backward):
    """It agrees with its own forward, but inputs reach other outputs than they should."""
    tail = backward if backward.startswith("right") else f"({backward})"
    result = grade_layers(
        "right_forward, right_backward = conv_forward_naive, conv_backward_naive\n"
        "def conv_forward_naive(x, w, b, conv_param):\n"
        "    out, cache = right_forward(x, w, b, conv_param)\n"
        f"    return {forward}, cache\n"
        "def conv_backward_naive(dout, cache):\n"
        "    dx, dw, db = right_backward(dout, cache)\n"
        f"    return {tail}\n",
        *CONV,
    )
    assert lost(result)["conv_backward_naive"] in ("failed", "partial")
    for check in result.checks:
        if check.function == "layers.conv_backward_naive":
            assert not any(c.follow_through for c in check.comparisons if c.name in ("dx", "dw")), check.id


def test_a_sum_in_place_of_a_loss_earns_nothing(grade_layers):
    for loss in ("softmax_loss", "svm_loss"):
        result = grade_layers(f"def {loss}(x, y):\n    return x.sum(), np.ones_like(x)\n", loss)
        assert {c.points for c in result.checks if c.function == f"layers.{loss}"} == {0.0}


HERE = ROOT / "tests/submissions"
OF_THE_29 = {HERE / case for case in OTHERS.values()}  # graded by tests/test_examples.py
CASES = sorted(path for path in HERE.glob("*/*") if path.is_dir() and path not in OF_THE_29)
PACKAGE = list(reference_files())


def files_of_case(folder: Path, reference_source: str) -> dict[str, bytes]:
    """The files of a case: the reference's layers.py with added.py at its end, or else all modules of the folder."""
    if (folder / "added.py").exists():
        return {"layers.py": f"{reference_source}\n\n{(folder / 'added.py').read_text()}".encode()}
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.py"))}


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: "/".join(folder.parts[-2:]))
def test_cases(context, layers_context, reference_source, folder):
    """Every other case below tests/submissions: its folder's name is its verdict (see the README there)."""
    files, status = files_of_case(folder, reference_source), folder.parts[-2]
    line = re.search(rb"^# loses:(.*)$", files["layers.py"], re.MULTILINE)
    losing = line[1].decode().replace(",", " ").split() if line else []
    context = layers_context if len(files) == 1 else context
    if status == "timeout":
        context = with_few_checks(with_half_the_time(context), each=2)
        # A right check takes 0.01 s.
        context = replace(context, limits=replace(context.limits, wall_s=2.5))
    result = grade_submission(Submission("case", "case", files), context)
    assert set(lost(result)) == set(losing), [(c.id, message_of(c)) for c in result.checks if c.status != "passed"]
    statuses = {check.status for check in result.checks if check.function.rpartition(".")[2] in losing}
    assert status == "passes" or status in statuses


def test_every_case_adds_to_the_reference_or_is_a_whole_package(reference_source):
    """A case with added.py names what it loses. A package has every student file. Five styles of package are right."""
    packages = [folder for folder in CASES if not (folder / "added.py").exists()]
    for folder in CASES:
        files = files_of_case(folder, reference_source)
        assert folder in packages or b"\n# loses:" in files["layers.py"], folder
        assert folder not in packages or set(PACKAGE) <= set(files), folder
    assert len(CASES) - len(packages) >= 17
    assert len([folder for folder in packages if folder.parts[-2] == "passes"]) >= 5


@pytest.mark.parametrize(
    "line", ["from .helpers import scale", "from cs231n.helpers import scale", "from helpers import scale"]
)
def test_a_helper_beside_the_student_file_is_used_however_it_is_imported(layers_context, reference_source, line):
    source = (
        f"{reference_source}\n{line}\nright = relu_forward\ndef relu_forward(x):\n    return scale(right(x)[0]), x\n"
    )
    helpers = b"import random\ndef scale(x):\n    return x * (random.random() < 2)\n"
    files = {"layers.py": source.encode(), "helpers.py": helpers, "random.py": b"raise ImportError('shadows')\n"}
    result = grade_submission(Submission("helped", "helped", files), layers_context)
    assert result.score == 100.0, lost(result)
    assert not notes_of(result)


def remarks_of(result, name):
    return [say(remark) for remark in check_of(result, name).remarks]


def test_a_changed_input_a_dtype_and_a_singleton_axis_are_remarks(grade_layers):
    result = grade_layers(
        "right = affine_backward\n"
        "def relu_backward(dout, cache):\n    dout[cache <= 0] = 0\n    return dout.astype(np.float32)\n"
        "def affine_backward(dout, cache):\n    dx, dw, db = right(dout, cache)\n    return dx, dw, db[None]\n"
        "def relu_forward(x):\n    cache = x.copy()\n    x[x < 0] = 0\n    return x, cache\n"
    )
    assert result.score == 100.0
    assert remarks_of(result, "relu_backward.notebook") == [
        "relu_forward changes its input x in place and returns it.",
        "relu_backward changes its input dout in place.",
        "dx has dtype float32, expected float64.",
    ]
    (remark,) = remarks_of(result, "relu_forward.images")
    assert remark == "relu_forward changes its input x in place and returns it."
    (remark,) = remarks_of(result, "affine_backward.notebook")
    assert remark == "db has shape (1, 5), expected (5,); only axes of length 1 differ."


def test_a_file_that_was_not_handed_in_is_missing(context):
    result = grade_submission(Submission("none", "none", {"gradient_check.py": b""}), context)
    assert {check.status for check in result.checks} == {"missing"}
    assert message_of(result.checks[0]) == "layers.py was not handed in."


def other_pythons() -> list[str]:
    """Interpreters besides this one that have NumPy: Debian's own, those on the PATH, those in OTHER_PYTHONS."""
    names = ["/usr/bin/python3", *(f"python3.{minor}" for minor in range(8, 16))]
    names += os.environ.get("OTHER_PYTHONS", "").split()
    found = {}
    for name in names:
        path = shutil.which(name)
        probe = "import sys, numpy; assert sys.version_info >= (3, 8); print(sys.version, numpy.__file__)"
        done = subprocess.run([path, "-c", probe], capture_output=True, check=False) if path else None
        if done is not None and done.returncode == 0:
            found.setdefault(done.stdout, str(path))
    return list(found.values())


def grade_reference_with(python: str) -> None:
    context = prepare(Settings(str(ROOT / "assignment"), python, "auto"))
    result = grade_submission(Submission("other", "other", reference_files()), context)
    assert result.score == 100.0, python
    assert result.environment["python"] == context.interpreter.python


def test_the_students_python_may_be_another(readable_python):
    """The reference has full marks under it, and the result names its version."""
    grade_reference_with(readable_python)


def test_the_students_numpy_may_be_another():
    """The NumPy of every other interpreter here that has one."""
    pythons = other_pythons()
    if not pythons:
        pytest.skip("no other Python with NumPy here (Debian: apt install python3-numpy)")
    for python in pythons:
        grade_reference_with(python)


def test_without_isolation_the_result_says_so():
    context = prepare(Settings(str(ROOT / "assignment"), sys.executable, "none"))
    files = reference_files()
    result = grade_submission(Submission("plain", "plain", files), context)
    assert result.score == 100.0
    assert result.environment["sandbox"] == "none"
