"""A changed check regrades what it affects: the result is that of grading all again, and the rest has not run."""

from __future__ import annotations

import json
import shutil
from contextlib import chdir
from pathlib import Path

import pytest
from click.testing import CliRunner
from one_check import TOML, write_class

from grader.assignment.load import load_assignment
from grader.authoring.make_fixtures import make_fixtures, write_fixtures
from grader.cli.commands import cli
from grader.grading.context import prepare

pytestmark = pytest.mark.process

POINTS = '"one.double" = 10\n"one.half" = 10\n"one.quad" = 10\n"one.free" = 10\n[stubs]\n"one.quad" = ["one.double"]\n'
SOURCE = """
def double(x):
    return 2 * x, x

def half(dout, cache):
    return dout * 2

def quad(x):
    return double(double(x)[0])[0]

def free(x):
    return x + 1
"""
CHECKS = '''
from grader.checks import check

@check("one.double", name="small")
def small(student, rng):
    """Small."""
    return {"out": student.one.double(rng.randn(5))[0]}

@check("one.double", name="large")
def large(student, rng):
    """Large."""
    return {"out": student.one.double(rng.randn(5) * 10)[0]}

@check("one.half", name="back", needs="one.double")
def back(student, rng):
    """Back."""
    _, cache = student.one.double(rng.randn(3))
    return {"dx": student.one.half(rng.randn(3), cache)}

@check("one.quad", name="four")
def four(student, rng):
    """Four."""
    return {"out": student.one.quad(rng.randn(4))}

@check("one.free", name="plus")
def plus(student, rng):
    """Plus."""
    return {"out": student.one.free(rng.randn(4))}
'''
SMALL_ONLY = SOURCE.replace("return 2 * x, x", "return (2 * x if abs(x).max() < 5 else 3 * x), x")
CLASS = {
    "right": SOURCE,
    "wrong": SOURCE.replace("2 * x, x", "3 * x, x"),
    "small": SMALL_ONLY,
    "other": SOURCE.replace("x + 1", "x"),
    "exits": SOURCE.replace("return x + 1", "__import__('os')._exit(3)"),
}


def write(folder: Path, checks: str = CHECKS) -> None:
    (folder / "assignment/checks/public").mkdir(parents=True, exist_ok=True)
    text = TOML.replace('"one.double" = 10\n', POINTS)
    (folder / "assignment/assignment.toml").write_text(text)
    (folder / "assignment/checks/public/one.py").write_text(checks)
    (folder / "reference").mkdir(exist_ok=True)
    for name, source in (("__init__.py", ""), ("given.py", "NUMBER = 1\n"), ("one.py", SOURCE)):
        (folder / "reference" / name).write_text(source)
    loaded = load_assignment(folder / "assignment")
    write_fixtures(loaded, make_fixtures(loaded))


def grade(folder: Path, *words: str, out: str = "out") -> tuple[list[dict], str]:
    command = ["grade", "class", "--assignment", "assignment", "--out", out, "--jobs", "1", "--sandbox", "none"]
    prepare.cache_clear()
    with chdir(folder):
        done = CliRunner().invoke(cli, [*command, *words], standalone_mode=False)
    assert done.exception is None, done.output
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")], done.stdout


def results(folder: Path, out: str = "out") -> dict[str, dict]:
    return {path.stem: json.loads(path.read_text()) for path in (folder / out / "results").glob("*.json")}


def without_times(record):
    if isinstance(record, dict):
        return {name: without_times(value) for name, value in record.items() if name not in ("duration_s", "spent_s")}
    return [without_times(one) for one in record] if isinstance(record, list) else record


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("graded")
    write(folder)
    write_class(folder / "class", CLASS)
    grade(folder)
    return folder


@pytest.fixture
def folder(graded, tmp_path) -> Path:
    shutil.copytree(graded, tmp_path, dirs_exist_ok=True)
    return tmp_path


def kept(folder: Path, before: dict[str, dict]) -> dict[str, set[str]]:
    """By submission the checks that did not run again. What runs takes another time; the test makes sure of that."""
    found = {}
    for name, result in results(folder).items():
        old = {check["id"]: check["duration_s"] for check in before[name]["checks"]}
        found[name] = {
            check["id"].removeprefix("one.")
            for check in result["checks"]
            if check["duration_s"] == old.get(check["id"])
        }
    return found


def mark(folder: Path) -> dict[str, dict]:
    """Give every stored check a time that none takes, so that it shows which were kept."""
    for path in (folder / "out/results").glob("*.json"):
        data = json.loads(path.read_text())
        for number, check in enumerate(data["checks"]):
            check["duration_s"] = 1000.0 + number
        path.write_text(json.dumps(data))
    return results(folder)


ALL = {"double.small", "double.large", "half.back", "quad.four", "free.plus"}
# What is changed in the checks, and which checks' verdicts hold where nothing of `double` turns from right to wrong.
CHANGES = {
    "of one that nothing depends on": (('"""Plus."""', '"""Plus one."""'), ALL - {"free.plus"}),
    "of one that another is fed by": (("rng.randn(5) * 10", "rng.randn(6) * 10"), {"quad.four", "free.plus"}),
    "a title": (('"""Back."""', '"""Backward."""'), {"quad.four", "free.plus"}),
    "a caller's": (('"""Four."""', '"""Four times."""'), {"free.plus"}),
    "what all share": (("from grader.checks import check\n", "from grader.checks import check\nN = 1\n"), set()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_check_regrades_what_it_affects_with_the_results_of_a_full_regrade(folder, change):
    before = mark(folder)
    (old, new), holds = CHANGES[change]
    assert old in CHECKS
    write(folder, CHECKS.replace(old, new))
    events, _ = grade(folder, "--log-format", "json")
    grade(folder, out="whole")
    assert without_times(results(folder)) == without_times(results(folder, "whole"))
    found = kept(folder, before)
    assert found.pop("exits") == set()  # a process ended before its time, so any check may have suffered
    assert found == dict.fromkeys(found, holds)
    regraded = next(event for event in events if event["event"] == "regraded")
    assert regraded["partly"] == (len(found) if holds else 0)


def test_a_function_that_turns_wrong_has_its_callers_graded_again(folder):
    before = mark(folder)
    write(
        folder,
        CHECKS.replace("rng.randn(5)[0]", "rng.randn(5) * 10)[0]").replace("rng.randn(5))[0]", "99 + rng.randn(5))[0]"),
    )
    grade(folder)
    grade(folder, out="whole")
    assert without_times(results(folder)) == without_times(results(folder, "whole"))
    assert kept(folder, before)["right"] == {"quad.four", "free.plus"}


def test_a_right_function_that_a_new_check_finds_wrong_regrades_all(folder):
    """small is right for small numbers: with its failing check taken out it turns right, and its caller sees that."""
    before = mark(folder)
    large = CHECKS.index('@check("one.double", name="large")')
    write(folder, CHECKS[:large] + CHECKS[CHECKS.index('@check("one.half"') :])
    grade(folder)
    grade(folder, out="whole")
    assert without_times(results(folder)) == without_times(results(folder, "whole"))
    found = kept(folder, before)
    assert (found["small"], found["right"]) == (set(), {"quad.four", "free.plus"})


@pytest.mark.parametrize("change", ["the toml", "the submission", "force"])
def test_whatever_else_changed_everything_runs(folder, change):
    before = mark(folder)
    write(folder, CHECKS.replace('"""Plus."""', '"""Plus one."""'))
    if change == "the toml":
        path = folder / "assignment/assignment.toml"
        path.write_text(path.read_text().replace("wall_s = 4", "wall_s = 5"))
    elif change == "the submission":
        for path in (folder / "class").glob("*/one.py"):
            path.write_text(path.read_text() + "# again\n")
    grade(folder, *(["--force"] if change == "force" else []))
    assert kept(folder, before) == {name: set() for name in before}


def test_results_without_hashes_hold_for_nothing(folder):
    for path in (folder / "out/results").glob("*.json"):
        data = json.loads(path.read_text())
        del data["assignment"]["parts"]
        path.write_text(json.dumps(data))
    before = mark(folder)
    write(folder, CHECKS.replace('"""Plus."""', '"""Plus one."""'))
    grade(folder)
    assert kept(folder, before) == {name: set() for name in before}
