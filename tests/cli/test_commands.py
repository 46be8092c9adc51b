"""All commands are listed, each is in the module of its name, and a command imports only what it needs."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cases import ROOT
from click.testing import CliRunner

from grader.cli.commands import COMMANDS, cli
from grader.cli.gradebook_commands.decisions import DECISIONS
from grader.cli.gradebook_commands.people import PEOPLE
from grader.cli.gradebook_commands.tables import TABLES


def said_by(program: str, **environment: str) -> str:
    """The output of a fresh interpreter."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout


def modules_after(statement: str) -> set[str]:
    """The modules that a fresh interpreter has imported after a statement."""
    return set(json.loads(said_by(f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))")))


def has_command(path: Path) -> bool:
    """Whether a module defines a function of its own name that click makes a command or a group of commands."""
    defined = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
    made = [node for node in defined if any(ast.unparse(one).startswith("click.") for one in node.decorator_list)]
    return any(node.name == path.stem for node in made)


def test_every_command_module_is_listed_with_its_help() -> None:
    having = [path.stem for path in sorted((ROOT / "grader/cli").glob("*.py")) if has_command(path)]
    assert [*COMMANDS] == having
    shown = CliRunner().invoke(cli, ["--help"], env={"COLUMNS": "200"}).output
    for name, said in COMMANDS.items():
        assert name in shown and said.split(":")[0] in " ".join(shown.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_found_by_its_name(name: str) -> None:
    done = CliRunner().invoke(cli, [name, "--help"])
    assert done.exit_code == 0
    assert f" {name} [OPTIONS]" in done.output


def test_an_unknown_command_is_a_usage_error() -> None:
    done = CliRunner().invoke(cli, ["grades"])
    assert done.exit_code == 2
    assert "No such command 'grades'" in done.output


@pytest.mark.parametrize("name", [one.name for one in (*DECISIONS, *PEOPLE, *TABLES)])
def test_a_command_of_the_gradebook_answers_for_itself(name: str) -> None:
    done = CliRunner().invoke(cli, ["gradebook", name, "--help"])
    assert done.exit_code == 0
    assert f" gradebook {name} [OPTIONS]" in done.output


def test_the_page_of_the_gradebook_has_all_of_its_commands() -> None:
    page = (ROOT / "docs/gradebook.md").read_text()
    assert not [one.name for one in (*DECISIONS, *PEOPLE, *TABLES) if f"`{one.name}" not in page]


@pytest.mark.process
def test_a_students_run_imports_nothing_of_the_gradebook() -> None:
    imported = modules_after("import grader.cli.check, grader.student.own_run")
    assert not {name for name in imported if name.startswith(("sqlalchemy", "alembic", "grader.gradebook"))}


@pytest.mark.process
def test_listing_commands_imports_no_command() -> None:
    imported = modules_after(
        "import contextlib, io\nfrom grader.cli.commands import cli\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n    cli.main(['--help'], standalone_mode=False)"
    )
    assert "click" in imported
    assert not {"numpy", "rich", "jinja2", "pygments", *(f"grader.cli.{name}" for name in COMMANDS)} & imported


@pytest.mark.process
def test_grading_imports_no_other_command_and_no_optional_library() -> None:
    imported = modules_after("import grader.cli.grade_class")
    assert "grader.running.class_run" in imported
    assert not {f"grader.cli.{name}" for name in COMMANDS} & imported
    assert not {name for name in imported if name.startswith("grader.authoring")}
    assert not {"pygments", "mistune", "nbformat", "distributed", "sqlalchemy", "alembic"} & imported


@pytest.mark.process
def test_a_job_process_imports_no_libraries_for_command_line_or_pages() -> None:
    imported = modules_after("import grader.cli.main, grader.running.job_pool, grader.grading.submission")
    assert "numpy" in imported
    assert not {"click", "rich", "jinja2", "pygments"} & imported


@pytest.mark.process
def test_grading_uses_one_blas_thread_unless_configured() -> None:
    program = (
        "import contextlib, os\nfrom grader.cli.commands import cli\nfrom grader.errors import GraderError\n"
        "with contextlib.suppress(GraderError):\n"
        "    cli.main(['grade', 'absent', '--assignment', 'absent'], standalone_mode=False)\n"
        "import numpy, threading\n"
        "print(os.environ['OPENBLAS_NUM_THREADS'], len(os.listdir('/proc/self/task')), threading.active_count())"
    )
    assert said_by(program) == "1 1 1\n"
    assert said_by(program, OPENBLAS_NUM_THREADS="3").split()[0] == "3"
