"""The class of 29 through the real command: each submission loses marks only for its wrong functions.

Twelve are the examples in submissions/, which docs/instructor.md shows; the others are built (bench/class_of_29.py).
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cases import ROOT
from durations import without_durations
from sayings import said_in

from bench.class_of_29 import EXAMPLES, OTHERS, write_others
from grader.messages.of_check import message_of
from grader.records import FAILED, HIDDEN, VISIBLE, Result

pytestmark = pytest.mark.process

# The losses of each example: function → status. All other functions must get full marks.
EVERYTHING = "everything"
EXPECTED: dict[str, dict[str, str]] = {
    "affine-backward-wrong-sum-axis": {"affine_backward": "partial"},
    "affine-forward-keeps-only-last-axis": {"affine_forward": "partial"},
    "complete": {},
    "complete-seven-loops": {},
    "complete-vectorised": {},
    "conv-backward-crop-empty-at-pad-zero": {"conv_backward_naive": "partial"},
    "conv-backward-crops-pad-to-H": {"conv_backward_naive": "partial"},
    "conv-forward-flips-kernel": {"conv_forward_naive": "failed"},
    "conv-forward-forgets-bias": {"conv_forward_naive": "failed"},
    "conv-forward-true-division": {"conv_forward_naive": "error"},
    "dropout-left-on-at-test-time": {"FullyConnectedNet": "partial"},
    "exits": {"softmax_loss": "crashed"},
    "loops-forever": {"max_pool_backward_naive": "timeout"},
    "max-pool-backward-overwrites": {"max_pool_backward_naive": "partial"},
    "max-pool-forward-square-windows-only": {"max_pool_forward_naive": "partial"},
    "max-pool-forward-swaps-height-and-width": {"max_pool_forward_naive": "partial"},
    "net-regularises-with-factor-1": {
        "TwoLayerNet": "partial",
        "FullyConnectedNet": "partial",
        "ThreeLayerConvNet": "partial",
        "MultiLayerConvNet": "partial",
    },
    "old-style-stubs": {EVERYTHING: "missing"},
    "prints-a-megabyte": {},
    "raises-at-import": {},
    "relu-backward-ignores-mask": {"relu_backward": "failed"},
    "softmax-forgets-division-by-N-in-gradient": {"softmax_loss": "partial"},
    "softmax-without-max-shift": {"softmax_loss": "partial"},
    "spies": {"affine_forward": "failed"},
    "svm-counts-the-correct-class": {"svm_loss": "partial"},
    "syntax-error": {"conv_backward_naive": "error"},
    "three-mistakes": {
        "softmax_loss": "partial",
        "batchnorm_forward": "partial",
        "max_pool_backward_naive": "partial",
    },
    "untouched-stubs": {EVERYTHING: "missing"},
    "wrong-forward-consistent-backward": {"conv_forward_naive": "failed", "conv_backward_naive": "partial"},
}
HINTED = {
    "conv-backward-crop-empty-at-pad-zero": "pad:-pad",
    "conv-backward-crops-pad-to-H": "pad:H",
    "conv-forward-flips-kernel": "180 degrees",
    "conv-forward-forgets-bias": "bias",
    "conv-forward-true-division": "//",
    "dropout-left-on-at-test-time": "dropped at test time",
    "max-pool-backward-overwrites": "overlap",
    "max-pool-forward-swaps-height-and-width": "swapped",
    "max-pool-forward-square-windows-only": "as wide as they are high",
    "net-regularises-with-factor-1": "twice the regularization",
    "relu-backward-ignores-mask": "dx equals dout",
    "softmax-forgets-division-by-N-in-gradient": "N times too large",
    "softmax-without-max-shift": "overflows",
    "svm-counts-the-correct-class": "exactly 1",
}


# The scores, out of 100 points, of those that docs/instructor.md does not show.
SCORES = {
    "affine-backward-wrong-sum-axis": 99.4,
    "affine-forward-keeps-only-last-axis": 98.5,
    "conv-backward-crop-empty-at-pad-zero": 99.07,
    "conv-backward-crops-pad-to-H": 98.13,
    "conv-forward-forgets-bias": 94,
    "dropout-left-on-at-test-time": 99.61,
    "max-pool-backward-overwrites": 97.82,
    "max-pool-forward-square-windows-only": 98.8,
    "old-style-stubs": 0,
    "prints-a-megabyte": 100,
    "raises-at-import": 100,
    "relu-backward-ignores-mask": 98,
    "softmax-forgets-division-by-N-in-gradient": 97.27,
    "softmax-without-max-shift": 98.64,
    "spies": 98,
    "svm-counts-the-correct-class": 98.67,
    "wrong-forward-consistent-backward": 91.2,
}


@pytest.fixture(scope="module")
def submissions(tmp_path_factory):
    """The paths to grade: the examples, and a folder with all others."""
    return "submissions", str(write_others(tmp_path_factory.mktemp("others")))


@pytest.fixture(scope="module")
def graded(submissions, tmp_path_factory):
    """The output folder of `grader grade submissions OTHERS --out …`, and its output on the terminal.

    If `make grade` has just graded the examples, GRADED_EXAMPLES names its folder, and this run reuses the results.
    """
    out = Path(os.environ.get("GRADED_EXAMPLES") or tmp_path_factory.mktemp("examples") / "reports")
    done = run_grader("grade", *submissions, "--out", str(out))
    assert done.returncode == 0, done.stderr
    return out, done.stdout


def run_grader(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "grader.cli.main", *arguments]
    env = {**os.environ, "COLUMNS": "110"}
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=env)


def result_of(out: Path, name: str):
    return json.loads((out / "results" / f"{name}.json").read_text())


def test_every_example_has_an_expectation_here(graded):
    out, _ = graded
    assert {path.stem for path in (out / "results").glob("*.json")} == set(EXPECTED)
    assert {path.name for path in (ROOT / "submissions").iterdir()} == set(EXAMPLES) == set(EXPECTED) - set(OTHERS)


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_the_folder_of_a_case_names_its_verdict(name):
    assert OTHERS[name].partition("/")[0] in (EXPECTED[name].values() or {"passes"})


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_an_example_loses_marks_where_it_is_broken_and_nowhere_else(graded, name):
    result = result_of(graded[0], name)
    lost = {f["function"].rpartition(".")[2]: f["status"] for f in result["functions"] if f["status"] != "passed"}
    expected = EXPECTED[name]
    if EVERYTHING in expected:
        assert set(lost.values()) == set(expected.values())
        assert (len(lost), result["score"]) == (len(result["functions"]), 0)
    else:
        assert lost == expected
        points = sum(f["max_points"] - f["points"] for f in result["functions"])
        assert result["score"] == pytest.approx(100 - points, abs=0.01)
        assert (points > 0) == bool(expected)
    assert result["score"] == pytest.approx(SCORES.get(name, result["score"]), abs=0.005)


@pytest.mark.parametrize("name", sorted(HINTED))
def test_the_hint_names_the_mistake(graded, name):
    checks = result_of(graded[0], name)["checks"]
    hints = {said_in(hint) for check in checks if check["status"] != "passed" for hint in check["hints"]}
    assert len(hints) == 1
    assert HINTED[name] in hints.pop()


def test_a_file_that_does_not_run_is_left_out_with_a_note(graded):
    for name, words in {"raises-at-import": "ValueError: shapes", "syntax-error": "SyntaxError: expected ':'"}.items():
        (note,) = [note for note in map(said_in, result_of(graded[0], name)["notes"]) if "left out" in note]
        assert note.startswith("layers.py, line ")
        assert words in note


def test_the_page_names_three_mistakes_in_the_order_to_fix_them(graded):
    wrong = ["softmax_loss", "max_pool_backward_naive", "batchnorm_forward"]  # none follows from another: by points
    hints = ["N times too large", "Where windows overlap", "The running averages match"]
    for folder in ("", "feedback"):
        page = (graded[0] / folder / "three-mistakes.html").read_text()
        listed = page[page.index('id="fix-first"') : page.index('id="functions"')]
        entries = re.findall(r'<li class="fix">(.*?)</li>', listed, re.DOTALL)
        assert len(entries) == len(wrong)
        for entry, function, hint in zip(entries, wrong, hints, strict=True):
            assert f"{function}</code></a>" in entry
            assert hint in entry


def test_all_files_are_written(graded):
    out, _ = graded
    assert (out / "index.html").stat().st_size > 1000
    for name in EXPECTED:
        assert (out / f"{name}.html").stat().st_size > 1000
        assert (out / "feedback" / f"{name}.html").stat().st_size > 1000
    rows = list(csv.DictReader(io.StringIO((out / "grades.csv").read_text())))
    assert {row["submission"] for row in rows} == set(EXPECTED)
    assert {row["submission"]: row["score"] for row in rows}["complete"] == "100"
    assert {row["submission"]: row["layers.softmax_loss"] for row in rows}["exits"] == "0"
    assert not list(out.rglob("tmp*"))


def test_the_command_ends_with_the_class_and_where_the_reports_are(graded):
    out, printed = graded
    for name in EXPECTED:
        assert name[:40] in printed
    assert "29 submissions, 29 graded" in printed
    assert printed.rstrip().endswith(f"Reports: {out / 'index.html'}")


def test_the_instructors_guide_shows_what_the_command_prints(graded, tmp_path):
    others = shutil.ignore_patterns(*(f"{name}.*" for name in OTHERS))
    out = shutil.copytree(graded[0], tmp_path / "reports", ignore=others)  # with results, so that none is graded again
    printed = run_grader("grade", "submissions", "--out", str(out)).stdout
    table = [line.rstrip() for line in printed.splitlines()][:-2]
    assert len(table) > len(EXAMPLES)
    assert "\n".join(table) in (ROOT / "docs/instructor.md").read_text()


def test_the_page_of_examples_lists_the_lost_marks():
    rows = re.findall(r"^\| `(.+?)` \| .+ \| (.+) \|$", (ROOT / "docs/examples.md").read_text(), re.MULTILINE)
    lost = {name: [f"{function} ({status})" for function, status in EXPECTED[name].items()] for name in EXAMPLES}
    assert dict(rows) == {name: ", ".join(words) or "nothing" for name, words in lost.items()}


def test_an_endless_loop_leaves_all_other_checks_graded(graded):
    checks = result_of(graded[0], "loops-forever")["checks"]
    assert {c["status"] for c in checks if c["function"] != "layers.max_pool_backward_naive"} == {"passed"}


def test_a_second_run_grades_nothing_again_and_changes_no_byte(graded, submissions):
    out, _ = graded
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    stamps = {path: path.stat().st_mtime_ns for path in (out / "results").iterdir()}
    assert run_grader("grade", *submissions, "--out", str(out)).returncode == 0
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert {path: path.stat().st_mtime_ns for path in (out / "results").iterdir()} == stamps


def test_jobs_do_not_change_results(graded, submissions, tmp_path):
    names = ["complete", "exits", "conv-forward-forgets-bias", "svm-counts-the-correct-class"]
    only = [word for name in names for word in ("--only", name)]
    done = run_grader("grade", *submissions, "--out", str(tmp_path), "--jobs", "1", *only)
    assert done.returncode == 0, done.stderr
    for name in names:
        one, many = ((out / "results" / f"{name}.json").read_text() for out in (tmp_path, graded[0]))
        assert without_durations(one) == without_durations(many)


def test_no_feedback_page_contains_messages_of_hidden_checks(graded):
    out, _ = graded
    for name in EXPECTED:
        page = (out / "feedback" / f"{name}.html").read_text()
        checks = Result.from_json((out / "results" / f"{name}.json").read_text()).checks
        visible = {message_of(check) for check in checks if check.visibility == VISIBLE}
        for check in checks:
            if check.visibility == HIDDEN and check.status == FAILED:
                assert message_of(check)
                assert message_of(check) not in page or message_of(check) in visible
