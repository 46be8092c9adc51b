"""The work tree: its files, whose version of each, their modes, and that they can be imported."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest

from grader.errors import GraderError
from grader.grading.stage import stage
from grader.messages.say import say

STUDENT = {
    "layers.py": b"from .my_helpers import one\n",
    "my_helpers.py": b"one = 1\n",
    "classifiers/cnn.py": b"from ..layers import one\nfrom cs231n.gradient_check import check\n",
}
HANDED_OUT = {"gradient_check.py": b"def check():\n    return 1\n"}


def run(target, code):
    done = subprocess.run([sys.executable, "-c", code], cwd=target, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def staged(target):
    return {str(path.relative_to(target)): path.read_bytes() for path in target.rglob("*") if path.is_file()}


@pytest.mark.process
def test_the_tree_holds_everything_and_can_be_imported(tmp_path):
    target = tmp_path / "work"
    assert stage(STUDENT, HANDED_OUT, target, package="cs231n") == []
    assert staged(target) == {
        "cs231n/__init__.py": b"",
        "cs231n/classifiers/__init__.py": b"",
        **{f"cs231n/{name}": content for name, content in (STUDENT | HANDED_OUT).items()},
    }
    assert run(target, "import cs231n.classifiers.cnn as cnn; print(cnn.one + cnn.check())") == "2"


def test_handed_out_files_win_and_a_difference_is_noted(tmp_path):
    student = STUDENT | {"gradient_check.py": b"def check():\n    return 2\n"}
    notes = [say(note) for note in stage(student, HANDED_OUT, tmp_path, package="cs231n")]
    assert notes == ["gradient_check.py differs from the one handed out; the one handed out was used."]
    assert (tmp_path / "cs231n/gradient_check.py").read_bytes() == HANDED_OUT["gradient_check.py"]


@pytest.mark.parametrize(
    "same", [b"def check():\r\n    return 1\r\n", b"\xef\xbb\xbfdef check():  \n    return 1\t\n\n\n"]
)
def test_line_endings_and_trailing_white_space_are_no_difference(tmp_path, same):
    assert stage({"gradient_check.py": same}, HANDED_OUT, tmp_path, package="cs231n") == []


@pytest.mark.process
def test_an_extended_file_keeps_its_own_and_gets_what_it_lacks(tmp_path):
    handed_out = {
        "layer_utils.py": b"import math\ndef a():\n    return 1\ndef b():\n    return a() + math.floor(1.5)\n"
    }
    student = {"layer_utils.py": b"def a():\n    return 10\nc = 5"}
    notes = [say(note) for note in stage(student, handed_out, tmp_path, package="cs231n", extended=["layer_utils.py"])]
    assert notes == ["layer_utils.py differs from the one handed out; its own definitions were used."]
    assert run(tmp_path, "from cs231n.layer_utils import *; print(a(), b(), c)") == "10 2 5"
    assert (tmp_path / "cs231n/layer_utils.py").read_bytes().startswith(student["layer_utils.py"])


def test_an_extended_file_that_is_the_same_or_absent_is_staged_pristine(tmp_path):
    handed_out = {"layer_utils.py": b"a = 1\n"}
    for number, student in enumerate(({}, {"layer_utils.py": b"a = 1\r\n"})):
        target = tmp_path / str(number)
        assert stage(student, handed_out, target, package="nn", extended=["layer_utils.py"]) == []
        assert staged(target) == {"nn/__init__.py": b"", "nn/layer_utils.py": b"a = 1\n"}


def test_another_user_can_read_everything_whatever_the_umask(tmp_path):
    before = os.umask(0o077)
    try:
        target = tmp_path / "work"
        stage(STUDENT, HANDED_OUT, target, package="cs231n")
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (target, *target.rglob("*")) if path.is_dir()}
    assert modes == {0o755}
    assert {stat.S_IMODE(path.stat().st_mode) for path in target.rglob("*") if path.is_file()} == {0o644}


@pytest.mark.parametrize("name", ["../evil.py", "/tmp/evil.py", "a/../../evil.py", "a\\b.py", "x.so", "", "a b.py"])
def test_a_bad_name_in_the_submission_is_left_out_with_a_note(tmp_path, name):
    notes = [say(note) for note in stage({name: b"", "layers.py": b""}, {}, tmp_path / "work", package="cs231n")]
    assert len(notes) == 1
    assert {path.name for path in tmp_path.rglob("*.*")} == {"__init__.py", "layers.py"}


@pytest.mark.parametrize(("package", "name"), [("../x", "a.py"), ("/x", "a.py"), ("x", "../a.py"), ("", "a.py")])
def test_a_bad_name_of_ours_is_a_fault_of_ours(tmp_path, package, name):
    with pytest.raises(GraderError, match="expected a relative path"):
        stage({}, {name: b""}, tmp_path, package=package)


def test_a_tree_is_never_written_over(tmp_path):
    stage(STUDENT, HANDED_OUT, tmp_path, package="cs231n")
    with pytest.raises(GraderError, match="exists already"):
        stage(STUDENT, HANDED_OUT, tmp_path, package="cs231n")


@pytest.mark.process
def test_an_init_file_that_is_handed_out_is_staged(tmp_path):
    handed_out = {"__init__.py": b"one = 1\n", "classifiers/__init__.py": b"two = 2\n"}
    stage({"__init__.py": b"1 / 0\n"}, handed_out, tmp_path, package="cs231n")
    assert run(tmp_path, "import cs231n, cs231n.classifiers as c; print(cs231n.one + c.two)") == "3"
