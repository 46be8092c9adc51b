"""A later run grades only new or changed submissions; it reuses all other results, also on the class page."""

from __future__ import annotations

import csv
import errno
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from one_check import RAISING, RIGHT, WRONG, write_assignment, write_class

from grader.cli.commands import cli
from grader.errors import GraderError
from grader.grading import context
from grader.grading.context import prepare
from grader.intake import collect
from grader.running import class_run, output_folder

pytestmark = pytest.mark.process

CLASS = {"ada": RIGHT, "bela": WRONG, "cleo": RAISING}


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> Path:
    """assignment/, class/ and the output of a first run, out/."""
    folder = tmp_path_factory.mktemp("graded")
    write_assignment(folder)
    write_class(folder / "class", CLASS)
    code, events, _ = grade(folder)
    assert (code, graded_now(events)) == (0, set(CLASS))
    return folder


@pytest.fixture
def folder(graded, tmp_path) -> Path:
    shutil.copytree(graded, tmp_path, dirs_exist_ok=True)
    return tmp_path


def grade(folder: Path, *options: object, paths: tuple[str, ...] = ("class",)) -> tuple[int, list[dict], str]:
    """Run the command; return its exit code, the events of its log, and its other output."""
    done = run(folder, *paths, "--log-format", "json", *options)
    if done.exception is not None and not isinstance(done.exception, GraderError):
        raise done.exception
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return 3 if done.exception else done.return_value, events, f"{done.stderr}{done.exception or ''}"


def run(folder: Path, *words: object) -> Result:
    command = ["grade", *words, "--assignment", "assignment", "--out", "out", "--jobs", 1, "--sandbox", "none"]
    prepare.cache_clear()
    with chdir(folder):
        return CliRunner().invoke(cli, [str(word) for word in command], standalone_mode=False)


def graded_now(events: list[dict]) -> set[str]:
    return {event["id"] for event in events if event["event"] == "result" and not event["reused"]}


def files(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("index.html", "grades.csv", ".grader.lock")
    }


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def test_unchanged_submissions_are_not_graded_again_and_no_file_is_written(folder):
    before = files(folder / "out")
    code, events, _ = grade(folder)
    assert (code, graded_now(events), events[-1]["reused"]) == (0, set(), 3)
    assert files(folder / "out") == before


def other_grader(folder: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(context, "grader_version", lambda: "0.1.0+another")


CHANGES: dict[str, Callable[[Path, pytest.MonkeyPatch], object]] = {
    "the grader": other_grader,
    "a limit": lambda folder, _: edit(folder / "assignment/assignment.toml", "wall_s = 4", "wall_s = 5"),
    "a handed-out file": lambda folder, _: append(folder / "reference/given.py", "NUMBER = 2\n"),
}


def edit(path: Path, old: str, new: str) -> None:
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_deciding_code_regrades_all(folder, monkeypatch, change):
    CHANGES[change](folder, monkeypatch)
    assert graded_now(grade(folder)[1]) == set(CLASS)
    assert graded_now(grade(folder)[1]) == set()


def test_a_changed_and_a_new_submission_are_graded(folder):
    append(folder / "class/bela/one.py", "\n\ndef double(x):\n    return x + x\n")
    write_class(folder / "class", {"dora": RIGHT})
    _, events, _ = grade(folder)
    assert graded_now(events) == {"bela", "dora"}
    assert {event["id"]: event["score"] for event in events if event["event"] == "result"}["bela"] == 10


def test_a_moved_class_is_not_graded_again(folder):
    (folder / "class").rename(folder / "moved")
    _, events, _ = grade(folder, paths=("moved",))
    assert graded_now(events) == set()
    source = json.loads((folder / "out/results/ada.json").read_text())["submission"]["source"]
    assert source.endswith("moved/ada")
    assert "moved/ada" in (folder / "out/ada.html").read_text()


def test_force_grades_all_again(folder):
    assert graded_now(grade(folder, "--force")[1]) == set(CLASS)


def test_failed_regrades_errors_and_unreadable_but_not_wrong_values(folder):
    write_class(folder / "class", {"dora": "import time\n\n\ndef double(x):\n    while True:\n        pass\n"})
    (folder / "class/emil").mkdir()
    assert graded_now(grade(folder)[1]) == {"dora", "emil"}
    assert graded_now(grade(folder, "--failed")[1]) == {"cleo", "dora", "emil"}


def test_only_grades_those_and_keeps_the_others_on_the_class_page(folder):
    _, events, _ = grade(folder, "--only", "bela", "--force")
    assert graded_now(events) == {"bela"}
    assert events[0]["total"] == 1
    table = list(csv.reader((folder / "out/grades.csv").read_text().splitlines()))
    assert [row[0] for row in table] == ["submission", "ada", "bela", "cleo"]
    page = (folder / "out/index.html").read_text()
    assert all(f'href="{name}.html"' in page for name in CLASS)


@pytest.mark.parametrize("page", ["ada.html", "feedback/ada.html"])
def test_missing_and_incomplete_pages_are_rebuilt_from_the_result(folder, page):
    before = files(folder / "out")
    for damage in (Path.unlink, lambda path: path.write_text("")):
        damage(folder / "out" / page)
        _, events, _ = grade(folder)
        assert graded_now(events) == set()
        assert {name: content for name, (content, _) in files(folder / "out").items()} == {
            name: content for name, (content, _) in before.items()
        }


def test_pages_of_another_version_are_rebuilt_from_the_results(folder, monkeypatch):
    before = files(folder / "out")
    monkeypatch.setattr(output_folder, "pages_version", lambda: "newer")
    _, events, _ = grade(folder)
    assert graded_now(events) == set()
    changed = {name for name, now in files(folder / "out").items() if now != before[name]}
    assert changed == {f"{place}{name}.html" for name in CLASS for place in ("", "feedback/")}


def test_results_of_missing_submissions_are_named_and_kept(folder):
    shutil.rmtree(folder / "class/bela")
    done = run(folder, "class")
    assert done.return_value == 0
    said = "holds results of submissions that are not in this run (1): bela. Their files stay; the class page and "
    assert said + "grades.csv leave them out." in done.stdout
    assert (folder / "out/results/bela.json").is_file()
    assert "bela" not in (folder / "out/grades.csv").read_text()


def test_a_read_error_of_the_machine_keeps_the_mark_and_does_not_affect_others(folder, monkeypatch):
    def fails(found, assignment, **options):
        if found.id == "ada":
            raise GraderError("class/ada: cannot be read (Input/output error). Grade it again.")
        return collect.read(found, assignment, **options)

    monkeypatch.setattr(class_run, "read", fails)
    append(folder / "class/bela/one.py", "# changed\n")
    before = (folder / "out/results/ada.json").read_bytes()
    code, events, said = grade(folder)
    assert code == 3
    assert "1 of 3 could not be graded or reported: ada: class/ada: cannot be read (Input/output error)." in said
    assert graded_now(events) == {"ada", "bela"}
    assert (folder / "out/results/ada.json").read_bytes() == before
    assert "ada,graded,10,10" in (folder / "out/grades.csv").read_text()


def test_a_json_log_has_one_event_per_line_and_nothing_else(folder):
    _, events, _ = grade(folder, "--force")
    assert [event["event"] for event in events] == ["start", "result", "result", "result", "regraded", "end"]
    assert events[0]["total"] == 3
    *results, regraded = events[1:-1]
    assert (regraded["gained"], regraded["lost"], regraded["same"], regraded["dry_run"]) == (0, 0, 3, False)
    assert [one["done"] for one in results] == [1, 2, 3]
    assert results[0]["left_s"] > 0 and results[0]["elapsed_s"] > 0
    (ada,) = (one for one in results if one["id"] == "ada")
    assert (ada["status"], ada["score"], ada["max_score"]) == ("graded", 10, 10)
    assert (ada["total"], ada["reused"]) == (3, False)
    end = events[-1]
    assert (end["ended"], end["done"], end["reused"], end["statuses"]) == ("done", 3, 0, {"graded": 3})
    assert {item["id"] for item in end["slowest"]} == set(CLASS)


PARTS = {"functions", "start", "protocol", "judge", "rest", "reports"}


def test_a_profile_says_where_the_time_went(folder):
    _, events, _ = grade(folder, "--force", "--profile")
    profile = events[-1]
    assert (profile["event"], profile["graded"], profile["jobs"]) == ("profile", 3, 1)
    assert set(profile["spent_s"]) == PARTS
    spent = {name: seconds for name, seconds in profile["spent_s"].items() if name != "reports"}
    assert abs(sum(spent.values()) - profile["wall_s"]) < 0.05
    assert min(profile["spent_s"][name] for name in ("start", "protocol", "judge", "reports")) > 0


def test_a_text_profile_is_a_table_of_this_run_only(folder):
    done = run(folder, "class", "--profile")
    assert "0 graded in" in done.stdout
    assert "starting sandboxes and importing" in done.stdout
    assert "where the time went" not in run(folder, "class").stdout


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-200],
        lambda text: text.replace('"status": "passed"', '"status": "perfect"'),
        lambda text: text.replace('"points": ', '"points": "x", "was": '),
        lambda text: json.dumps({**json.loads(text), "checks": [None]}),
        lambda text: text.replace('"visibility": "visible"', '"visibility": null'),
        lambda text: "",
    ],
    ids=["cut", "status", "points", "checks", "visibility", "empty"],
)
def test_a_damaged_result_is_graded_again(folder, damage):
    path = folder / "out/results/ada.json"
    before = json.loads(path.read_text())
    spoiled = damage(path.read_text())
    assert spoiled != path.read_text()
    path.write_text(spoiled)
    code, events, said = grade(folder)
    assert (code, graded_now(events), said) == (0, {"ada"}, "")
    after = json.loads(path.read_text())
    assert (after["score"], after["status"]) == (before["score"], "graded")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_temporary_folder_is_reported_once_for_all_submissions(folder, monkeypatch, number):
    def fails(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("grader.grading.stage.write_file", fails)
    code, _, said = grade(folder, "--force")
    assert code == 3
    assert "Traceback" not in said
    assert said.count("work trees cannot be written there") == 1
    assert f"{tempfile.gettempdir()}: work trees cannot be written there ({os.strerror(number)})." in said
    assert "3 of 3 could not be graded or reported: " in said
    assert len([*(folder / "out/results").glob("*.json")]) == 3
