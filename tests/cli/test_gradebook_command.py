"""The path of a teaching assistant by commands alone: grade, decide, grade again, see it on pages and in the table."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cases import ROOT
from click.testing import CliRunner

from grader.cli.commands import cli
from grader.errors import GraderError, UsageError
from grader.gradebook.run_entry import make_gradebook

pytest.importorskip("sqlalchemy", reason="no SQLAlchemy (pip install -e '.[gradebook]')")
pytestmark = pytest.mark.process
LATE = "\n[late]\ndue = 2026-05-01T12:00:00Z\npercent_per_day = 10\n"


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    """Two students of whom one is late, graded once."""
    folder = tmp_path_factory.mktemp("course")
    skip = shutil.ignore_patterns("notebooks", "__pycache__")
    shutil.copytree(ROOT / "assignment", folder / "assignment", ignore=skip)
    toml = folder / "assignment/assignment.toml"
    toml.write_text(toml.read_text() + LATE)
    shutil.copytree(ROOT / "reference", folder / "reference", ignore=skip)
    (folder / "class").mkdir()
    for name in ("doejane_1234_77", "poeedgar_LATE_1235_78"):
        shutil.copy(ROOT / "reference/optim.py", folder / "class" / f"{name}_optim.py")
    done = grade(folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("Gradebook: gradebook.sqlite3\nReports: reports/index.html\n")
    return folder


def grade(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "grader.cli.main", "grade", "class", "--jobs", "1", *options]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def said(folder: Path, *words: str) -> str:
    """What a gradebook command prints."""
    args = ["gradebook", "--gradebook", str(folder / "gradebook.sqlite3"), "--who", "Ada", *words]
    return CliRunner().invoke(cli, args, catch_exceptions=False, standalone_mode=False).output


def row(folder: Path, submission: str) -> dict[str, str]:
    with open(folder / "reports/grades.csv", encoding="utf-8", newline="") as file:
        return next(one for one in csv.DictReader(file) if one["submission"] == submission)


def test_decisions_stand_on_the_pages_and_in_the_table_and_survive_a_regrade(course):
    score = float(row(course, "doejane_1234")["score"])
    (course / "canvas.csv").write_text(
        'Student,ID,SIS Login ID,Section\n"Doe, Jane",1234,jane,A\n"Poe, Edgar",1235,edgar,A\n"Roe, Ann",9,ann,A\n'
    )
    assert "3 students added" in said(course, "roster", str(course / "canvas.csv"))
    line = said(course, "adjust", "doejane_1234", "-1.5", "--for", "adam", "--reason", "Copied from the book.")
    assert line.startswith("doejane_1234, optim.adam: −1.5 points, 'Copied from the book.', by Ada at ")
    said(course, "comment", "doejane_1234", "Cite what you use.", "--for", "adam")
    asked = said(course, "ask", "doejane_1234", "Why?")
    said(course, "answer", asked.split()[2].rstrip(","), "See the book.")
    shown = said(course, "show", "poeedgar_1235")
    assert "late, by how much is not known" in shown
    said(course, "late", "poeedgar_1235", "2", "--reason", "Canvas says Sunday.")

    for options in ((), ("--force",)):
        done = grade(course, *options)
        assert done.returncode == 0, done.stderr
        jane, edgar = row(course, "doejane_1234"), row(course, "poeedgar_1235")
        assert (jane["name"], jane["lms_id"], jane["adjusted"]) == ("Doe, Jane", "1234", "-1.5")
        assert float(jane["grade"]) == score - 1.5
        assert (edgar["late"], float(edgar["late_points"])) == ("2", -min(20.0, score))
        assert float(jane["score"]) == score
        feedback = (course / "reports/feedback/doejane_1234.html").read_text()
        for text in ("Copied from the book.", "Cite what you use.", "See the book.", "−1.5"):
            assert text in feedback
        assert "Ada" not in feedback
        assert "Ada" in (course / "reports/doejane_1234.html").read_text()
        assert "2 days late" in (course / "reports/feedback/poeedgar_1235.html").read_text()
    assert "Roe, Ann: no grade" in said(course, "show")
    assert "adjustment made, doejane_1234" in said(course, "history", "doejane_1234")
    assert said(course, "runs").count("2 graded") == 2


def test_a_run_that_changes_nothing_writes_no_page_again(course):
    grade(course)
    before = {path: path.stat().st_mtime_ns for path in (course / "reports").rglob("*_123?.html")}
    grade(course)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert len(before) == 4


def test_the_late_policy_is_no_reason_to_grade_again(course):
    toml = course / "assignment/assignment.toml"
    toml.write_text(toml.read_text().replace("percent_per_day = 10", "percent_per_day = 1"))
    grade(course)
    assert "reused" in said(course, "runs").splitlines()[-1]
    assert float(row(course, "poeedgar_1235")["late_points"]) == -2.0  # of 100 points, for 2 days


def test_a_table_goes_out_and_in(course):
    said(course, "adjust", "poeedgar_1235", "1", "--reason", "=cmd()", "--replace")
    assert "adjustments" in said(course, "export", str(course / "adjustments.csv"))
    assert "as before" in said(course, "import", str(course / "adjustments.csv"))
    said(course, "withdraw", "poeedgar_1235")
    assert "1 made" in said(course, "import", str(strip_revisions(course / "adjustments.csv")))
    said(course, "withdraw", "poeedgar_1235")


def strip_revisions(path: Path) -> Path:
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = [{**one, "revision": ""} for one in csv.DictReader(file)]
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["adjust", "nobody", "1", "--reason", "x"], "no submission 'nobody'. There are: "),
        (["adjust", "doejane_1234", "1", "--for", "sgd", "--reason", "x"], "no function or question 'sgd'"),
        (["adjust", "doejane_1234", "99", "--for", "rmsprop", "--reason", "x"], "99 points for optim.rmsprop"),
        (["adjust", "doejane_1234", "1", "--reason", " "], "reason: is empty"),
        (["withdraw", "poeedgar_1235"], "nothing was adjusted"),
        (["answer", "99", "x"], "no request '99'"),
        (["comment", "doejane_1234", "--saved", "9"], "no saved comment '9'"),
        (["link", "doejane_1234", "nobody"], "no student 'nobody'"),
        (["roster", "none.csv"], "does not exist"),
        (["import", "none.csv"], "does not exist"),
        (["delete-student", "nobody"], "no student 'nobody'"),
        (["backup", "nowhere/x"], "does not exist"),
        (["--title", "Other", "show"], "no assignment 'Other'"),
    ],
)
def test_what_cannot_be_done_is_a_usage_error_with_what_is_there(course, words, text):
    with pytest.raises(UsageError) as raised:
        said(course, *words)
    assert text in str(raised.value)


def test_a_second_adjustment_shows_the_first_and_wants_replace(course):
    said(course, "adjust", "poeedgar_1235", "2", "--for", "adam", "--set", "--reason", "Half.")
    with pytest.raises(UsageError, match=r"2 points instead, 'Half\.', by Ada at .* Give --replace"):
        said(course, "adjust", "poeedgar_1235", "3", "--for", "adam", "--reason", "More.")
    said(course, "adjust", "poeedgar_1235", "1", "--for", "adam", "--reason", "Less.", "--replace")
    said(course, "withdraw", "poeedgar_1235", "--for", "adam")


def test_a_damaged_gradebook_stops_the_run_before_anything_is_graded(course, tmp_path):
    shutil.copytree(course / "class", tmp_path / "class")
    (tmp_path / "gradebook.sqlite3").write_bytes(b"not a database at all")
    done = grade(tmp_path, "--assignment", str(course / "assignment"))
    assert done.returncode == 3
    assert "is not a gradebook or is damaged at its start" in done.stderr
    assert not [*(tmp_path / "reports").glob("results/*")]
    assert (tmp_path / "gradebook.sqlite3").read_bytes() == b"not a database at all"


# Python does not find SQLAlchemy, as where it is not installed.
WITHOUT_SQLALCHEMY = """
from importlib.machinery import PathFinder
found = PathFinder.find_spec
PathFinder.find_spec = lambda name, *more: None if name == "sqlalchemy" else found(name, *more)
from grader.cli.main import main
main()
"""


def test_without_sqlalchemy_a_run_grades_and_says_how_to_get_a_gradebook(course, tmp_path):
    options = ["grade", "class", "--jobs", "1", "--assignment", str(course / "assignment")]
    shutil.copytree(course / "class", tmp_path / "class")
    command, env = [sys.executable, "-c", WITHOUT_SQLALCHEMY, *options], {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "grader: sqlalchemy is not installed, so this run is in no gradebook. Run pip install " in done.stderr
    assert "'layergrader[gradebook]'." in done.stderr
    assert "Gradebook:" not in done.stdout and not (tmp_path / "gradebook.sqlite3").exists()
    assert row(tmp_path, "doejane_1234")["score"] == row(course, "doejane_1234")["score"]


def test_a_gradebook_that_cannot_be_made_costs_only_the_entry(course, tmp_path):
    shutil.copytree(course / "class", tmp_path / "class")
    (tmp_path / "gradebook.sqlite3").symlink_to(tmp_path / "absent" / "gradebook.sqlite3")
    done = grade(tmp_path, "--assignment", str(course / "assignment"))
    assert done.returncode == 0, done.stderr
    assert "This run is not in the gradebook, its results are whole:" in done.stderr
    assert "Gradebook:" not in done.stdout
    assert row(tmp_path, "doejane_1234")["score"] == row(course, "doejane_1234")["score"]


def test_a_gradebook_that_a_killed_run_made_has_no_run_and_the_next_run_enters_it(course, tmp_path):
    shutil.copytree(course / "class", tmp_path / "class")
    make_gradebook(str(tmp_path / "gradebook.sqlite3"))
    assert "doejane_1234" not in said(tmp_path, "runs")
    done = grade(tmp_path, "--assignment", str(course / "assignment"))
    assert done.returncode == 0, done.stderr
    assert "doejane_1234" in said(tmp_path, "show")


def test_a_backup_by_command(course, tmp_path):
    assert "copied to" in said(course, "backup", str(tmp_path / "copy.sqlite3"))
    with pytest.raises(GraderError, match="a backup replaces nothing"):
        said(course, "backup", str(tmp_path / "copy.sqlite3"))


def test_deleting_names_and_removes_what_the_output_folder_has(course):
    out = course / "reports"
    text = said(course, "delete-student", "edgar", "--files")
    assert f"removed: {out / 'results/poeedgar_1235.json'}" in text
    assert f"still names the submission: {out / 'grades.csv'}" in text
    assert "Backups of the gradebook still hold the data." in text
    assert not [*out.rglob("*poeedgar*")]
    assert b"poeedgar" not in (course / "gradebook.sqlite3").read_bytes()
