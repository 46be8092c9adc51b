"""`grader grade --handout`: the maximum depends on the handout, never on the submission; pages name the handout."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from cases import ROOT
from sayings import said_in

from grader.assignment.load import load_assignment

pytestmark = pytest.mark.process

REFERENCE = (ROOT / "reference/layers.py").read_text()
OLD = """
years = "long ago"
[lacks]
functions = ["layers.svm_loss"]
checks = ["layers.relu_forward.images"]
[[arguments]]
of = "layers.affine_forward"
name = "b"
position = 2
shape = [-1]
their_shape = [1, -1]
[[marks]]
topic = "one"
file = "layers.py"
pattern = 'mark one'
[[marks]]
topic = "two"
file = "layers.py"
pattern = 'mark two'
[[marks]]
topic = "three"
file = "layers.py"
pattern = 'mark three'
"""
# An affine layer of the old handout: its biases are a row, (1, M).
ROW = """

def affine_forward(x, w, b):
    assert b.ndim == 2 and len(b) == 1
    return x.reshape(len(x), -1) @ w + b, (x, w, b[0])
"""


@pytest.fixture
def assignment(tmp_path):
    """A copy of the assignment with another handout, which lacks a function and a check and has another shape."""
    ignore = shutil.ignore_patterns("__pycache__", "handouts", "*.so", "*.c")
    shutil.copytree(ROOT / "assignment", tmp_path / "assignment", ignore=ignore)
    shutil.copytree(ROOT / "reference", tmp_path / "reference", ignore=ignore)
    (tmp_path / "assignment/handouts").mkdir()
    (tmp_path / "assignment/handouts/old.toml").write_text(OLD)
    return tmp_path / "assignment"


@pytest.fixture
def classroom(tmp_path):
    """old: complete, for the old handout. deleted: for the assignment's own handout, with one function deleted."""
    deleted = REFERENCE.replace("def svm_loss(", "def svm_loss_deleted(")
    assert deleted != REFERENCE
    for name, source in {"old": f"# mark one, mark two, mark three\n{deleted}{ROW}", "deleted": deleted}.items():
        (tmp_path / "class" / name).mkdir(parents=True)
        (tmp_path / "class" / name / "layers.py").write_text(source)
    return tmp_path / "class"


def grade(classroom, assignment, *options, code=0):
    out = assignment.parent / "out"
    command = [sys.executable, "-m", "grader.cli.main", "grade", str(classroom), "--assignment", str(assignment)]
    command += ["--out", str(out), "--jobs", "1", *options]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == code, done.stdout + done.stderr
    results = {path.stem: json.loads(path.read_text()) for path in (out / "results").glob("*.json")}
    return done, results, out


def layers_only(result):
    """Points and maximum of layers.py, the only file that was handed in."""
    mine = [function for function in result["functions"] if function["function"].startswith("layers.")]
    return sum(item["points"] for item in mine), sum(item["max_points"] for item in mine)


def test_a_named_handout_lowers_the_maximum_and_uses_its_own_signatures(assignment, classroom):
    loaded = load_assignment(assignment)
    lost = loaded.functions["layers.svm_loss"]
    lost += next(check.max_points for check in loaded.checks if check.id == "layers.relu_forward.images")
    whole = sum(loaded.functions.values())
    _, own, _ = grade(classroom, assignment)
    assert own["old"]["assignment"]["handout"] == "default"
    assert own["old"]["max_score"] == pytest.approx(whole)
    done, results, out = grade(classroom, assignment, "--handout", "old")
    old, deleted = results["old"], results["deleted"]
    assert old["assignment"]["handout"] == "old"
    assert old["grounds"] is None
    assert old["max_score"] == deleted["max_score"] == pytest.approx(whole - lost)
    assert layers_only(old)[0] == pytest.approx(layers_only(old)[1])
    affine = loaded.functions["layers.affine_forward"]  # written for (M,), which is another handout's
    assert layers_only(deleted)[0] == pytest.approx(layers_only(old)[0] - affine)
    assert layers_only(own["old"])[0] < layers_only(own["old"])[1] - loaded.functions["layers.svm_loss"]
    statuses = {check["id"]: check["status"] for check in old["checks"]}
    assert {status for id, status in statuses.items() if id.startswith("layers.svm_loss.")} == {"not_applicable"}
    assert statuses["layers.relu_forward.images"] == "not_applicable"
    assert [check["id"] for check in old["checks"]] == [check["id"] for check in own["old"]["checks"]]
    assert "svm_loss" not in done.stdout
    message = next(said_in(check["reasons"][0]) for check in old["checks"] if check["status"] == "not_applicable")
    assert message == "Handout old (long ago) does not require what this check tests."
    for page in ("index.html", "old.html", "feedback/old.html"):
        assert "<b>old</b>" in (out / page).read_text(), page


def test_another_handout_makes_earlier_results_outdated(assignment, classroom):
    _, first, _ = grade(classroom, assignment)
    _, second, _ = grade(classroom, assignment, "--handout", "old")
    _, third, _ = grade(classroom, assignment)
    assert [result["deleted"]["assignment"]["handout"] for result in (first, second, third)] == [
        "default",
        "old",
        "default",
    ]
    assert first["deleted"]["max_score"] == third["deleted"]["max_score"] > second["deleted"]["max_score"]


def test_auto_guesses_the_handout_for_each_submission_and_says_why(assignment, classroom):
    done, results, out = grade(classroom, assignment, "--handout", "auto")
    shares = [result["score"] / result["max_score"] for result in results.values()]
    assert f"mean {50 * sum(shares):.1f} %" in done.stdout  # of two maxima
    old, deleted = results["old"], results["deleted"]
    assert old["assignment"]["handout"] == "old"
    grounds = "auto: graded as handout old, which 3 of 3 clues point to (one, two, three)."
    assert said_in(old["grounds"]) == grounds
    assert grounds in map(said_in, old["notes"])
    assert deleted["assignment"]["handout"] == "default"
    assert deleted["max_score"] > old["max_score"]  # deleted functions still count in the maximum
    assert next(f["status"] for f in deleted["functions"] if f["function"] == "layers.svm_loss") == "missing"
    for page in ("index.html", "old.html", "feedback/old.html"):
        assert grounds in (out / page).read_text(), page
    stamp = (out / "results/old.json").stat().st_mtime_ns
    grade(classroom, assignment, "--handout", "auto")
    assert (out / "results/old.json").stat().st_mtime_ns == stamp


def test_an_unknown_handout_is_a_usage_error(assignment, classroom):
    done, _, out = grade(classroom, assignment, "--handout", "2099", code=2)
    assert "--handout 2099: no such handout. There are: default, auto, old." in done.stderr
    assert not out.exists()


def test_a_damaged_handout_is_a_fault_of_ours_and_writes_no_mark(assignment, classroom):
    (assignment / "handouts/old.toml").write_text("years = ")
    done, _, out = grade(classroom, assignment, "--handout", "old", code=3)
    assert "handouts/old.toml: cannot be read" in done.stderr
    assert not out.exists()


def test_the_public_handout_of_2015_grades_only_layers(assignment, classroom, tmp_path):
    shutil.copytree(ROOT / "assignment/handouts", assignment / "handouts", dirs_exist_ok=True)
    (tmp_path / "class/old/layers.py").write_text(REFERENCE)
    _, results, _ = grade(classroom, assignment, "--handout", "2015", "--only", "old")
    assert results["old"]["score"] == results["old"]["max_score"] > 0
    assert {check["status"] for check in results["old"]["checks"]} <= {"passed", "not_applicable"}
