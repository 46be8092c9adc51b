"""`grader submit` packs the right files and reports missing ones, and grading reads the same content back."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace

import pytest
from cases import ROOT, reference_files
from sayings import notes_of, problem_of

from grader.assignment.load import load_assignment
from grader.cli.commands import cli
from grader.errors import UsageError
from grader.intake.collect import find, read
from grader.student.pack import gather

pytestmark = pytest.mark.process

ASSIGNMENT = load_assignment(ROOT / "assignment")
NOTEBOOK = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def folder(tmp_path):
    """The template with the reference's student files in it, a helper, and a notebook."""
    shutil.copytree(ROOT / "student_template", tmp_path / "work")
    for name, content in reference_files().items():
        (tmp_path / "work/cs231n" / name).write_bytes(content)
    (tmp_path / "work/cs231n/my_layers.py").write_text("x = 1\n")
    for name in ("ModularNets.ipynb", "Mine.ipynb"):
        (tmp_path / "work" / name).write_text(NOTEBOOK)
    (tmp_path / "work/cs231n/__pycache__").mkdir()
    (tmp_path / "work/cs231n/__pycache__/old.py").write_text("")
    return tmp_path / "work"


def submit(folder, *options):
    return cli.main(["submit", str(folder), "--assignment", str(ROOT / "assignment"), *options], standalone_mode=False)


def packed(folder):
    with zipfile.ZipFile(folder / "submission.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def warnings(capsys):
    return [line.removeprefix("warning: ") for line in capsys.readouterr().err.splitlines()]


def test_student_files_their_helpers_and_notebooks_are_packed_and_named(folder, capsys):
    for notebook in folder.glob("*.ipynb"):
        notebook.write_text(NOTEBOOK)
    assert submit(folder) == 0
    said = capsys.readouterr()
    own = {f"cs231n/{name}" for name in (*ASSIGNMENT.student_files, "layer_utils.py", "my_layers.py", "__init__.py")}
    notebooks = {path.name for path in folder.glob("*.ipynb")}
    assert {*packed(folder)} == own | notebooks | {"cs231n/classifiers/__init__.py", "manifest.json"}
    assert all(name in said.out for name in packed(folder))
    assert said.err == ""
    assert "Hand in this file." in said.out


def test_grading_reads_what_was_packed(folder):
    submit(folder)
    (found,) = find([folder / "submission.zip"], ASSIGNMENT)
    submission = read(found, ASSIGNMENT)
    assert problem_of(submission) is None
    assert notes_of(submission) == ()
    for name, content in reference_files().items():
        assert submission.files[name] == content
    assert submission.files["my_layers.py"] == b"x = 1\n"
    assert submission.files["layer_utils.py"] == (ROOT / "reference/layer_utils.py").read_bytes()


def test_the_manifest_has_the_hash_of_every_file(folder):
    submit(folder)
    files = packed(folder)
    manifest = json.loads(files.pop("manifest.json"))
    assert {entry["name"]: entry["sha256"] for entry in manifest["files"]} == {
        name: hashlib.sha256(content).hexdigest() for name, content in files.items()
    }
    assert manifest["assignment"] == ASSIGNMENT.title


def test_missing_files_are_reported_and_the_rest_is_packed(folder, capsys):
    shutil.copy(ROOT / "student_template/cs231n/optim.py", folder / "cs231n/optim.py")
    (folder / "cs231n/classifiers/cnn.py").unlink()
    (folder / "cs231n/classifiers/fc_net.py").write_text("def f(:\n")
    for notebook in folder.glob("*.ipynb"):
        notebook.unlink()
    assert submit(folder) == 0
    assert warnings(capsys) == [
        "cs231n/classifiers/cnn.py is missing.",
        "No notebook was found beside the package.",
    ]
    assert "cs231n/layers.py" in packed(folder)


def test_what_is_wrong_not_written_and_not_answered_is_named_at_the_end(folder, capsys):
    optim = (ROOT / "student_template/cs231n/optim.py").read_text()
    (folder / "cs231n/optim.py").write_text(optim)
    layers = folder / "cs231n/layers.py"
    layers.write_text(layers.read_text() + "\n\ndef relu_forward(x):\n    return np.minimum(0, x), x\n")
    shutil.copy(ROOT / "student_template/ModularNets.ipynb", folder / "ModularNets.ipynb")
    answered = (ROOT / "student_template/TrainConvNet.ipynb").read_text()
    answered = answered.replace("*Write your answer here.*", "Because of the padding.")
    answered = answered.replace("raise NotImplementedError(", "print(")
    (folder / "TrainConvNet.ipynb").write_text(answered)
    submit(folder)
    lines = capsys.readouterr().out.splitlines()
    end = lines[lines.index("  manifest.json".ljust(42) + f" {len(packed(folder)['manifest.json']):>10,} bytes") + 1 :]
    assert end[0] == "Public checks: 20 right, 5 wrong, 3 not there yet"  # four nets call relu_forward
    assert end[1].startswith("  relu_forward (layers.py:")
    assert "  not there yet: sgd_momentum, rmsprop, adam" in end
    unanswered = next(line for line in end if line.startswith("ModularNets.ipynb: "))
    assert unanswered == "ModularNets.ipynb: no answer yet: step-size, vanishing, two-layer-net"
    assert not any(line.startswith("TrainConvNet.ipynb") for line in end)
    assert end[-1].startswith("Packed.")


def test_a_file_that_does_not_compile_is_packed_and_its_functions_are_named(folder, capsys):
    (folder / "cs231n/classifiers/fc_net.py").write_text("def f(:\n")
    submit(folder)
    out = capsys.readouterr().out
    assert "classifiers/fc_net.py:1" in out
    assert "invalid syntax" in out
    assert packed(folder)["cs231n/classifiers/fc_net.py"] == b"def f(:\n"


def test_an_assignment_without_questions_needs_no_notebook(folder):
    for notebook in folder.glob("*.ipynb"):
        notebook.unlink()
    without = replace(ASSIGNMENT, questions={})
    assert not any("notebook" in warning for warning in gather(folder, without).warnings)
    assert "No notebook was found beside the package." in gather(folder, ASSIGNMENT).warnings


def test_a_damaged_notebook_is_packed_and_reported(folder, capsys):
    (folder / "Mine.ipynb").write_text('{"cells": [')
    submit(folder)
    (warning,) = warnings(capsys)
    assert warning.startswith("When this is graded: Mine.ipynb: it is damaged or cut off")
    assert packed(folder)["Mine.ipynb"] == b'{"cells": ['


def test_the_same_files_give_the_same_zip_without_an_earlier_zip(folder):
    submit(folder)
    first = (folder / "submission.zip").read_bytes()
    (folder / "cs231n/layers.py").touch()
    submit(folder)
    assert (folder / "submission.zip").read_bytes() == first


def test_the_package_folder_itself_is_accepted(folder, tmp_path):
    assert submit(folder / "cs231n", "--out", str(tmp_path / "mine.zip")) == 0
    with zipfile.ZipFile(tmp_path / "mine.zip") as archive:
        assert {"cs231n/layers.py", "ModularNets.ipynb"} <= {*archive.namelist()}


def test_the_assignment_is_found_beside_the_package_or_above(folder, monkeypatch):
    shutil.copytree(ROOT / "assignment", folder.parent / "assignment", ignore=shutil.ignore_patterns("fixtures"))
    monkeypatch.chdir(folder)
    assert cli.main(["submit"], standalone_mode=False) == 0
    assert "cs231n/layers.py" in packed(folder)


def test_submitting_from_a_folder_without_the_package_fails(tmp_path):
    with pytest.raises(UsageError, match="no folder cs231n was found"):
        submit(tmp_path)
    with pytest.raises(UsageError, match=r"no assignment/assignment\.toml in this folder or above"):
        cli.main(["submit", str(tmp_path)], standalone_mode=False)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("ModularNets.ipynb", NOTEBOOK[:-1] + ', "x": "' + "ab" * 9_000_000 + '"}', "larger than 16777216 bytes"),
        ("ModularNets.ipynb", NOTEBOOK[:-1] + ', "x": [' + "0," * 1_000_001 + "0]}", "more than 1000000 values"),
        ("cs231n/my_layers.py", "x = 1  #" + "ab" * 1_100_000, "larger than 2097152 bytes"),
    ],
    ids=["a large notebook", "many values", "a large module"],
)
def test_files_that_grading_would_leave_out_are_reported(folder, capsys, name, content, said):
    (folder / name).write_text(content)
    submit(folder)
    (warning,) = warnings(capsys)
    assert warning.startswith(f"When this is graded: {name.rpartition('/')[2]}") or name in warning
    assert said in warning


def test_too_many_notebooks_are_reported(folder, capsys):
    for number in range(31):
        (folder / f"extra{number}.ipynb").write_text(NOTEBOOK)
    submit(folder)
    assert any("there are more than 30 notebooks" in line for line in warnings(capsys))


def test_own_modules_and_notebooks_beside_the_package_are_packed(folder):
    (folder / "helpers.py").write_text("a = 1\n")
    (folder / "tools").mkdir()
    (folder / "tools/__init__.py").write_text("b = 2\n")
    (folder / "notebooks").mkdir()
    (folder / "notebooks/Notes.ipynb").write_text(NOTEBOOK)
    submit(folder)
    assert {"helpers.py", "tools/__init__.py", "notebooks/Notes.ipynb"} <= {*packed(folder)}


def test_environments_and_the_assignment_are_not_packed(folder):
    (folder / "my_env/lib").mkdir(parents=True)
    (folder / "my_env/pyvenv.cfg").write_text("home = x\n")
    (folder / "my_env/lib/six.py").write_text("")
    shutil.copytree(ROOT / "assignment", folder / "assignment", ignore=shutil.ignore_patterns("fixtures"))
    assert cli.main(["submit", str(folder)], standalone_mode=False) == 0
    assert not [name for name in packed(folder) if name.startswith(("my_env", "assignment", "setup.py"))]


def test_links_out_of_the_folder_are_not_followed(folder, tmp_path, capsys):
    (tmp_path / "secret.py").write_text("secret = 1\n")
    (tmp_path / "others").mkdir()
    (tmp_path / "others/more.py").write_text("secret = 2\n")
    (folder / "cs231n/theirs.py").symlink_to(tmp_path / "secret.py")
    (folder / "cs231n/others").symlink_to(tmp_path / "others")
    (folder / "cs231n/same.py").symlink_to(folder / "cs231n/my_layers.py")
    (folder / "cs231n/loop").symlink_to(folder)
    submit(folder)
    assert b"secret" not in b"".join(packed(folder).values())
    assert packed(folder)["cs231n/same.py"] == b"x = 1\n"
    links = {line.partition(" ")[0] for line in warnings(capsys) if "is a link" in line}
    assert {"cs231n/theirs.py", "cs231n/others"} <= links


@pytest.mark.skipif(sys.platform != "linux", reason="only here may a name be any bytes")
@pytest.mark.parametrize("raw", [b"caf\xe9.ipynb", "\u738b.ipynb".encode("gbk"), b"\xff\xfe.ipynb"])
def test_a_name_that_is_not_utf_8_is_packed_and_reported(folder, capsys, raw):
    (folder / os.fsdecode(raw)).write_text(NOTEBOOK)
    assert submit(folder) == 0
    assert len([name for name in packed(folder) if name.endswith(".ipynb")]) == len([*folder.glob("*.ipynb")])
    assert any("is not UTF-8. It is packed under this name." in line for line in warnings(capsys))


@pytest.mark.process
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "cp437"])
def test_characters_that_the_console_lacks_are_replaced(folder, encoding):
    (folder / "\u738b \U0001f600.ipynb").write_text(NOTEBOOK)
    command = [sys.executable, "-m", "grader.cli.main", "submit", str(folder), "--assignment", str(ROOT / "assignment")]
    done = subprocess.run(
        command, capture_output=True, cwd=ROOT, env={**os.environ, "PYTHONIOENCODING": encoding}, check=False
    )
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    assert b"? ?.ipynb" in done.stdout
