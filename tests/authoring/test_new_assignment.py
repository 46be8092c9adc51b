"""What `grader new` writes grades at once, works with every command, and hands out nothing that it must not."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from cases import ROOT
from click.testing import CliRunner

from grader.authoring.make_release import make_wheel
from grader.authoring.new_assignment import STARTER, SUFFIX, starter_files, write_new
from grader.cli.commands import cli
from grader.errors import UsageError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    new = tmp_path / "hw"
    write_new(new)
    monkeypatch.chdir(new)
    return new


def test_every_file_of_the_starter_is_written_and_nothing_else_but_fixtures(tmp_path):
    names = write_new(tmp_path / "hw")
    written = {name for name in names if not name.startswith("assignment/fixtures/")}
    assert written == {*starter_files()}
    assert "assignment/fixtures/manifest.json" in names
    assert len(written) == sum(path.is_file() for path in STARTER.rglob("*"))  # each ends with the suffix
    assert not [name for name in written if name.endswith(SUFFIX) and not name.endswith("requirements.txt")]


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    for taken in (tmp_path, tmp_path / "mine.txt"):
        with pytest.raises(UsageError, match=r"exists and is not empty, expected a new folder\. Name another one"):
            write_new(taken)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_filled(tmp_path):
    assert "reference/layers.py" in write_new(tmp_path)


def test_the_command_names_the_next_one(tmp_path):
    done = CliRunner().invoke(cli, ["new", str(tmp_path / "hw")])
    assert done.exit_code == 0
    assert done.output.endswith(f"Next: cd {tmp_path / 'hw'}; grader grade submissions\n")


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    ["grade submissions", "fixtures --check", "fixtures", "template", "audit", "release", "check student_template"],
)
def test_every_command_works_in_it(folder, arguments):
    if "student_template" in arguments:
        run("template")
        (folder / "student_template/course/layers.py").write_bytes((folder / "reference/layers.py").read_bytes())
    done = run(*arguments.split())
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.process
def test_what_commands_write_by_default_lies_beside_the_assignment_folder(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for command in ("template", "release"):
        assert run(command, "--assignment", "hw/assignment").returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["hw"]
    assert (folder / "student_template/course/layers.py").is_file()
    assert (folder / "dist/student_template.zip").is_file()
    assert run("template", "--assignment", "hw/assignment", "--check").returncode == 0


@pytest.mark.process
@pytest.mark.slow
def test_its_own_tests_pass_and_fail_for_a_wrong_reference(folder):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    assert subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0
    reference = folder / "reference/layers.py"
    reference.write_text(reference.read_text().replace("axis=1", "axis=0"))
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "3 failed" in done.stdout  # stale fixtures are no longer graded with


@pytest.mark.process
def test_its_code_is_formatted_as_the_projects_own(folder):
    ruff = [sys.executable, "-m", "ruff"]
    config = ["--config", str(ROOT / "pyproject.toml"), "--config", "exclude = []", str(folder)]
    for command in (
        ["check", "--ignore", "I001"],
        ["format", "--check"],
    ):  # to ruff, grader is no module of this folder
        done = subprocess.run([*ruff, *command, *config], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_the_wheel_that_students_get_has_no_solution_of_the_starter():
    _, wheel = make_wheel()
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        names = archive.namelist()
    assert "grader/authoring/new_assignment.py" in names
    assert not [name for name in names if "starter" in name]


@pytest.mark.process
@pytest.mark.parametrize(
    "target", ["grade", "fixtures", "check-fixtures", "template", "check-template", "release", "audit"]
)
def test_make_passes_the_assignment_folder_on(target):
    command = ["make", "--dry-run", "--old-file=.venv/.ready", target, "ASSIGNMENT=elsewhere/assignment"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert " --assignment elsewhere/assignment" in said


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "grader.cli.main", *arguments]
    return subprocess.run(command, cwd=Path.cwd(), capture_output=True, text=True, check=False, env={**os.environ})
