"""`grader compare`, the line at the end of a regrade, and `grade --dry-run`: on a class that is really graded."""

from __future__ import annotations

import json
import shutil
from contextlib import chdir
from pathlib import Path

import pytest
from click.testing import CliRunner
from one_check import CHECK, RIGHT, WRONG, write_assignment, write_class

from grader.assignment.load import load_assignment
from grader.authoring.make_fixtures import make_fixtures, write_fixtures
from grader.cli.commands import cli
from grader.errors import UsageError
from grader.grading.context import prepare

pytestmark = pytest.mark.process

POSITIVE = "def double(x):\n    return 2 * abs(x)\n"


def run(folder: Path, *words: str) -> str:
    prepare.cache_clear()
    with chdir(folder):
        done = CliRunner().invoke(cli, words, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.stdout


def grade(folder: Path, *words: str) -> str:
    own = ("--assignment", "assignment", "--out", "out", "--jobs", "1", "--sandbox", "none")
    return run(folder, "grade", "class", *own, *words)


def ease(folder: Path) -> None:
    """The check asks for positive numbers now, so that POSITIVE is right."""
    assert "rng.randn(5)" in CHECK
    (folder / "assignment/checks/public/one.py").write_text(CHECK.replace("rng.randn(5)", "rng.rand(5)"))
    loaded = load_assignment(folder / "assignment")
    write_fixtures(loaded, make_fixtures(loaded))


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> Path:
    """A class that was graded, and an assignment that has changed since."""
    folder = tmp_path_factory.mktemp("graded")
    write_assignment(folder)
    write_class(folder / "class", {"ada": RIGHT, "bela": WRONG, "cleo": POSITIVE})
    assert "with the earlier results" not in grade(folder)
    assert not (folder / "out/compare.html").exists()
    ease(folder)
    return folder


@pytest.fixture
def folder(graded, tmp_path) -> Path:
    shutil.copytree(graded, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_a_regrade_ends_with_who_moved_and_a_page(folder):
    said = grade(folder)
    line = "3 compared with the earlier results: 1 gained 10, 2 stayed the same. For each submission and check, see "
    assert line + "out/compare.html." in said
    page = (folder / "out/compare.html").read_text()
    assert 'href="cleo.html"' in page and "ada.html" not in page


def test_a_dry_run_shows_it_and_writes_nothing(folder):
    before = {path: path.read_bytes() for path in (folder / "out").rglob("*") if path.is_file()}
    said = grade(folder, "--dry-run")
    assert "cleo  0 → 10 of 10  (+10)\n          +10  one.double.five: failed → passed (check changed)" in said
    assert "Nothing was written to out (--dry-run)." in said
    assert {path: path.read_bytes() for path in (folder / "out").rglob("*") if path.is_file()} == before
    assert "1 gained 10" in grade(folder)  # it was not taken for done


def test_a_dry_run_of_a_new_class_makes_no_folder(folder):
    shutil.rmtree(folder / "out")
    assert "Nothing was written to out (--dry-run)." in grade(folder, "--dry-run")
    assert not (folder / "out").exists()


def test_two_folders_are_compared_as_lines_json_csv_and_page(folder):
    shutil.copytree(folder / "out", folder / "old")
    grade(folder)
    said = run(folder, "compare", "old", "out", "--html", "moved.html")
    assert "cleo  0 → 10 of 10  (+10)" in said and "Page: moved.html" in said
    assert "old → out" in (folder / "moved.html").read_text()
    data = json.loads(run(folder, "compare", "old", "out", "--json"))
    assert [(move["id"], move["change"], move["causes"]) for move in data["moves"]] == [("cleo", 10.0, ["check"])]
    assert (
        run(folder, "compare", "out", "old", "--csv").splitlines()[1].startswith("cleo,10,0,-10,one.double.five,10,0")
    )


def test_who_is_in_one_folder_alone_is_named(folder):
    shutil.copytree(folder / "out", folder / "old")
    (folder / "out/results/ada.json").unlink()
    (folder / "old/results/bela.json").unlink()
    assert run(folder, "compare", "old", "out").splitlines()[-2:] == ["1 new: bela", "1 gone: ada"]


def test_a_folder_without_results_is_refused(folder):
    with pytest.raises(UsageError, match="class: no results found"):
        run(folder, "compare", "out", "class")
