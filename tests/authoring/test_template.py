"""The students' package: made from the reference, graded as missing throughout; drift is reported."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
from cases import ROOT

from grader.assignment.load import load_assignment
from grader.authoring.make_template import drift, make_template, write_template
from grader.cli.commands import cli
from grader.errors import AssignmentError
from grader.grading.context import Settings, prepare
from grader.grading.submission import grade_submission
from grader.intake.collect import find, read
from grader.records import MISSING

ASSIGNMENT = load_assignment(ROOT / "assignment")
TEMPLATE = make_template(ASSIGNMENT)


def test_the_committed_template_is_what_the_reference_gives():
    assert drift(ROOT / "student_template", TEMPLATE) == []


def test_the_template_has_a_stub_for_every_graded_function():
    for function in ASSIGNMENT.functions:
        module, _, name = function.rpartition(".")
        text = TEMPLATE[f"cs231n/{module.replace('.', '/')}.py"].decode()
        assert f"# TODO: Write {name}" in text or f"the constructor of {name}" in text, function


def test_handed_out_files_are_copied_unchanged():
    for name in (*ASSIGNMENT.handed_out, *ASSIGNMENT.kernels):
        assert TEMPLATE[f"cs231n/{name}"] == (ROOT / "reference" / name).read_bytes()
    assert {"README.md", "requirements.txt", "pyproject.toml", "setup.py", "cs231n/classifiers/__init__.py"} <= {
        *TEMPLATE
    }


@pytest.mark.process
def test_the_template_is_graded_missing_throughout():
    context = prepare(Settings(str(ROOT / "assignment"), sys.executable, "auto"))
    (found,) = find([ROOT / "student_template"], ASSIGNMENT)
    result = grade_submission(read(found, ASSIGNMENT), context)
    assert result.score == 0
    assert {check.status for check in result.checks} == {MISSING}
    assert len(result.checks) == len(ASSIGNMENT.checks)


def test_drift_names_each_file_that_differs(tmp_path):
    write_template(tmp_path, TEMPLATE)
    assert drift(tmp_path, TEMPLATE) == []
    (tmp_path / "cs231n/layers.py").write_text("def affine_forward():\n    pass\n")
    (tmp_path / "cs231n/optim.py").unlink()
    (tmp_path / "notes.txt").write_text("mine")
    assert drift(tmp_path, TEMPLATE) == [
        "cs231n/layers.py: differs",
        "cs231n/optim.py: missing",
        "notes.txt: not part of the template. Remove it.",
    ]


def test_files_left_by_running_and_windows_line_endings_are_no_drift(tmp_path):
    write_template(tmp_path, {name: content.replace(b"\n", b"\r\n") for name, content in TEMPLATE.items()})
    (tmp_path / "cs231n/__pycache__").mkdir()
    (tmp_path / "cs231n/__pycache__/layers.cpython-311.pyc").write_bytes(b"")
    (tmp_path / "cs231n/kernels.cpython-311-x86_64-linux-gnu.so").write_bytes(b"")
    assert drift(tmp_path, TEMPLATE) == []


def test_a_student_file_in_handed_out_is_rejected():
    with pytest.raises(AssignmentError, match=r"layers\.py is listed in handed_out and in student_files"):
        make_template(replace(ASSIGNMENT, handed_out=(*ASSIGNMENT.handed_out, "layers.py")))


def test_a_handed_out_file_with_a_solution_is_rejected():
    """The author forgot a student file in assignment.toml."""
    files = tuple(name for name in ASSIGNMENT.student_files if name != "optim.py")
    with pytest.raises(
        AssignmentError, match=r"cs231n/optim\.py: students get this file, but it contains '### BEGIN SOLUTION'"
    ):
        make_template(replace(ASSIGNMENT, student_files=files, handed_out=(*ASSIGNMENT.handed_out, "optim.py")))


@pytest.mark.process
def test_without_cython_the_set_up_of_kernels_says_so_and_breaks_nothing(tmp_path):
    write_template(tmp_path, TEMPLATE)
    program = "import runpy, sys; sys.modules['Cython'] = None; sys.argv = ['setup.py', 'build_ext', '--inplace']; "
    program += "runpy.run_path('setup.py', run_name='__main__')"
    command = [sys.executable, "-W", "ignore", "-c", program]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "is not installed, so NumPy is used: same results, but slower." in done.stdout


def test_the_command_writes_and_checks(tmp_path, capsys):
    out = tmp_path / "template"
    options = ["template", "--assignment", str(ROOT / "assignment"), "--out", str(out)]
    assert cli.main(options, standalone_mode=False) == 0
    assert cli.main([*options, "--check"], standalone_mode=False) == 0
    shutil.rmtree(out / "cs231n/classifiers")
    assert cli.main([*options, "--check"], standalone_mode=False) == 1
    said = capsys.readouterr()
    assert "cs231n/classifiers/cnn.py: missing" in said.err
    assert "Run grader template." in said.out
