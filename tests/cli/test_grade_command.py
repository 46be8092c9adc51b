"""`grader grade` on bad input: a clear message, the right exit code, no lost result, and the rest is graded."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from cases import ROOT
from sayings import said_in

from grader.assignment.fixtures import source_hash

pytestmark = pytest.mark.process

REFERENCE = (ROOT / "reference/layers.py").read_text()
LAYERS = 73  # of 100 points are for layers.py, the only file in most of these submissions


def grade(*arguments: object, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "grader.cli.main", "grade", *map(str, arguments)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=env)


def results(out: Path) -> dict[str, dict]:
    return {path.stem: json.loads(path.read_text()) for path in sorted((out / "results").glob("*.json"))}


@pytest.fixture
def classroom(tmp_path):
    folder = tmp_path / "class"
    (folder / "amelia").mkdir(parents=True)
    (folder / "amelia" / "layers.py").write_text(REFERENCE)
    return folder


def test_a_path_that_does_not_exist(tmp_path, classroom):
    done = grade(classroom, tmp_path / "nowhere", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "nowhere: does not exist" in done.stderr
    assert not (tmp_path / "out").exists()


def test_an_empty_folder(tmp_path):
    (tmp_path / "empty").mkdir()
    done = grade(tmp_path / "empty", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "no submission was found" in done.stderr


def test_no_path_at_all():
    assert grade().returncode == 2


def test_an_unreadable_submission_does_not_affect_others(tmp_path, classroom):
    with zipfile.ZipFile(classroom / "damaged.zip", "w") as file:
        file.writestr("layers.py", REFERENCE)
    content = (classroom / "damaged.zip").read_bytes()
    (classroom / "damaged.zip").write_bytes(content[: len(content) // 2])
    (classroom / "nothing").mkdir()
    (classroom / "nothing" / "essay.pdf").write_bytes(b"%PDF-1.4")
    (classroom / "empty").mkdir()
    done = grade(classroom, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    graded = results(tmp_path / "out")
    assert {name: result["status"] for name, result in graded.items()} == {
        "amelia": "graded",
        "damaged": "unreadable",
        "empty": "unreadable",
        "nothing": "unreadable",
    }
    assert graded["amelia"]["score"] == LAYERS
    assert all(said_in(result["reason"]) for name, result in graded.items() if name != "amelia")
    assert f"amelia,graded,{LAYERS},100" in (tmp_path / "out/grades.csv").read_text()
    for name in graded:
        assert (tmp_path / "out/feedback" / f"{name}.html").is_file()


def test_every_way_to_hand_in_is_the_same_submission(tmp_path):
    source = REFERENCE.encode()
    folder = tmp_path / "class"
    for layout in ("flat/layers.py", "package/cs231n/layers.py", "renamed/nn/layers.py", "deep/a/b/c/cs231n/layers.py"):
        (folder / layout).parent.mkdir(parents=True)
        (folder / layout).write_bytes(source)
    with zipfile.ZipFile(folder / "zipped.zip", "w") as file:
        file.writestr("assignment2/cs231n/layers.py", source)
    with tarfile.open(folder / "tarred.tar.gz", "w:gz") as file:
        member = tarfile.TarInfo("cs231n/layers.py")
        member.size = len(source)
        file.addfile(member, io.BytesIO(source))
    done = grade(folder, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    graded = results(tmp_path / "out")
    assert {name: result["score"] for name, result in graded.items()} == dict.fromkeys(
        ("deep", "flat", "package", "renamed", "tarred", "zipped"), LAYERS
    )
    assert len({result["submission"]["sha256"] for result in graded.values()}) == 1


def test_a_single_file(tmp_path, classroom):
    done = grade(classroom / "amelia" / "layers.py", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert [result["score"] for result in results(tmp_path / "out").values()] == [LAYERS]


@pytest.fixture
def assignment(tmp_path):
    """A copy of the assignment and its reference, for tests that damage it."""
    shutil.copytree(ROOT / "assignment", tmp_path / "assignment", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "reference", tmp_path / "reference", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests/submissions/passes", tmp_path / "tests/submissions/passes")
    return tmp_path / "assignment"


def append(path: Path) -> None:
    path.write_text(path.read_text() + "x = 1\n")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda a: (a / "assignment.toml").write_text("title = "), "assignment.toml: cannot be read"),
        (lambda a: (a / "assignment.toml").unlink(), "assignment.toml: not found"),
        (lambda a: (a / "fixtures/manifest.json").write_text("{"), "manifest.json: cannot be read"),
        (lambda a: (a / "fixtures/manifest.json").unlink(), "manifest.json: not found"),
        (lambda a: (a / "fixtures/hidden/layers.npz").write_bytes(b"PK"), "its hash differs from the manifest's"),
        (lambda a: (a / "fixtures/public/layers.npz").unlink(), "cannot be read"),
        (lambda a: append(a / "checks/hidden/layers.py"), "changed after they were made"),
        (lambda a: append(a.parent / "reference/layers.py"), "changed after they were made"),
        (lambda a: (a / "checks/hidden/layers.py").write_text("1 / 0\n"), "cannot be imported"),
    ],
)
def test_a_damaged_assignment_is_a_fault_of_ours_and_writes_no_mark(tmp_path, classroom, assignment, damage, said):
    damage(assignment)
    done = grade(classroom, "--assignment", assignment, "--out", tmp_path / "out")
    assert done.returncode == 3, done.stdout + done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_fault_of_ours_leaves_earlier_results_and_grades_the_rest(tmp_path, classroom, assignment):
    """A check raises GraderError on one submission only: earlier marks stay, and the exit code is 3."""
    out = tmp_path / "out"
    assert grade(classroom, "--assignment", assignment, "--out", out).returncode == 0
    earlier = (out / "results/amelia.json").read_bytes()
    checks = assignment / "checks/hidden/layers.py"
    broken = "from grader.errors import GraderError\n" + checks.read_text().replace(
        'out, _ = student.layers.relu_forward(10 * rng.randn(2, 3, 5, 4))\n    return {"out": out}',
        "out, _ = student.layers.relu_forward(10 * rng.randn(2, 3, 5, 4))\n"
        '    if out.min() < 0:\n        raise GraderError("check: broken")\n    return {"out": out}',
    )
    assert broken.count("check: broken") == 1
    checks.write_text(broken)
    (classroom / "amelia" / "layers.py").write_text(REFERENCE + "\ndef relu_forward(x):\n    return x, x\n")
    (classroom / "bela").mkdir()
    (classroom / "bela" / "layers.py").write_text(REFERENCE)
    # The reference still returns the same values, so only its text differs from the one that the fixtures were made
    # from.
    manifest = assignment / "fixtures/manifest.json"
    known = source_hash(ROOT / "assignment/checks/hidden/layers.py")
    assert known in manifest.read_text()
    manifest.write_text(manifest.read_text().replace(known, source_hash(checks)))
    done = grade(classroom, "--assignment", assignment, "--out", out)
    assert done.returncode == 3
    assert "1 of 2 could not be graded or reported: amelia: check: broken" in done.stderr
    assert (out / "results/amelia.json").read_bytes() == earlier
    assert results(out)["bela"]["score"] == LAYERS
    assert f"amelia,graded,{LAYERS},100" in (out / "grades.csv").read_text()  # the earlier mark stays
    fresh = tmp_path / "fresh"
    assert grade(classroom, "--assignment", assignment, "--out", fresh).returncode == 3
    assert "amelia,grader_error,,100" in (fresh / "grades.csv").read_text()  # a fault is not a zero


def test_force_grades_again_and_only_selects(tmp_path, classroom):
    out = tmp_path / "out"
    assert grade(classroom, "--out", out).returncode == 0
    stamp = (out / "results/amelia.json").stat().st_mtime_ns
    assert grade(classroom, "--out", out).returncode == 0
    assert (out / "results/amelia.json").stat().st_mtime_ns == stamp
    assert grade(classroom, "--out", out, "--force").returncode == 0
    assert (out / "results/amelia.json").stat().st_mtime_ns != stamp
    done = grade(classroom, "--out", out, "--only", "zoe")
    assert done.returncode == 2
    assert "--only zoe: no submission has this id, expected one of: amelia. Correct the id." in done.stderr


def test_a_changed_submission_is_graded_again(tmp_path, classroom):
    out = tmp_path / "out"
    assert grade(classroom, "--out", out).returncode == 0
    (classroom / "amelia" / "layers.py").write_text(REFERENCE + "\ndef relu_forward(x):\n    return x, x\n")
    assert grade(classroom, "--out", out).returncode == 0
    assert results(out)["amelia"]["score"] == LAYERS - 1


def test_every_page_says_if_isolation_was_off(tmp_path, classroom):
    out = tmp_path / "out"
    done = grade(classroom, "--out", out, "--sandbox", "none")
    assert done.returncode == 0, done.stderr
    assert "without isolation" in done.stdout
    assert results(out)["amelia"]["environment"]["sandbox"] == "none"
    for page in ("index.html", "amelia.html", "feedback/amelia.html"):
        assert "without isolation" in (out / page).read_text(), page


def test_the_class_table_has_no_control_characters(tmp_path, classroom):
    (classroom / "\x1b[31mred\u202e").mkdir()
    (classroom / "\x1b[31mred\u202e" / "layers.py").write_text("raise ValueError('\\x1b[2J[bold]')\n")
    done = grade(classroom, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    assert "\u202e" not in done.stdout + done.stderr


HOSTILE_VALUES = """
import sys
def affine_forward(x, w, b):
    return sys.modules["protocol"].Handle(0, "\\ud800"), (x, w, b)
def svm_loss(x, y):
    raise ValueError("bad \\ud800 \\u202e \\x1b[31m <script>alert(1)</script>")
def softmax_loss(x, y):
    return 2**1024 - 1, x
def relu_forward(x):
    out = np.zeros_like(x)
    out.flat[0] = 1e308
    return out, x
"""


def test_huge_values_and_texts_count_as_the_students_failure(tmp_path, classroom):
    """A lone surrogate, an integer beyond all floats and a number whose square overflows are data; nothing aborts."""
    (classroom / "amelia" / "layers.py").write_text(REFERENCE + HOSTILE_VALUES)
    (classroom / "bela").mkdir()
    (classroom / "bela" / "layers.py").write_text(REFERENCE)
    done = grade(classroom, "--out", tmp_path / "out", "--jobs", 1)
    assert done.returncode == 0, done.stderr
    assert not done.stderr.count("Traceback")
    graded = results(tmp_path / "out")
    assert (graded["amelia"]["status"], graded["bela"]["score"]) == ("graded", LAYERS)
    lost = {f["function"] for f in graded["amelia"]["functions"] if f["status"] != "passed"}
    lost = {name for name in lost if name.startswith("layers.")}  # the rest was not handed in
    assert lost == {f"layers.{name}" for name in ("affine_forward", "svm_loss", "softmax_loss", "relu_forward")}


def test_a_python_that_does_not_exist(classroom, tmp_path):
    done = grade(classroom, "--out", tmp_path / "out", "--python", "/bin/false")
    assert done.returncode == 2
    assert "does not run as a Python" in done.stderr


def test_an_output_folder_that_cannot_be_written(classroom, tmp_path):
    (tmp_path / "file").write_text("")
    done = grade(classroom, "--out", tmp_path / "file" / "out")
    assert done.returncode == 3
    assert "cannot be written" in done.stderr
