"""A killed run loses only the submissions that it was grading; the next run completes everything."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from cases import ROOT
from durations import without_durations
from one_check import RAISING, RIGHT, WRONG, write_assignment, write_class

pytestmark = pytest.mark.process

ROUNDS = 50
CLASS = {"ada": RIGHT, "bela": WRONG, "cleo": RAISING, "dora": RIGHT, "emil": "import nothing_there\n"}


def stored(out: Path) -> dict[str, str]:
    return {path.name: without_durations(path.read_text()) for path in out.glob("results/*.json")}


@pytest.fixture(scope="module")
def killed(tmp_path_factory) -> tuple[Path, dict, int]:
    """The folder, the observations and the seed of a run that is killed at ROUNDS random moments and then completed."""
    folder = tmp_path_factory.mktemp("killed")
    (folder / "temporary").mkdir()
    write_assignment(folder)
    write_class(folder / "class", CLASS)
    seed = random.SystemRandom().randrange(10**6)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder / "temporary")}
    grade = ["-m", "grader.cli.main", "grade", "class", "--assignment", "assignment", "--out", "whole"]
    for command in (grade, [ROOT / "tests/killer.py", folder, seed, ROUNDS]):
        done = subprocess.run(
            [sys.executable, *map(str, command)], cwd=folder, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"seed {seed}: {done.stderr}"
    return folder, json.loads(done.stdout), seed


def test_no_result_is_ever_incomplete_or_lost(killed):
    folder, report, seed = killed
    whole, before = stored(folder / "whole"), set[str]()
    print(f"seed {seed}: {sum(moment['killed'] for moment in report['seen'])} of {ROUNDS} runs were killed")
    for moment in report["seen"]:
        now = {name: without_durations(text) for name, text in moment["results"].items()}
        assert now.items() <= whole.items()
        assert before <= now.keys()
        before = set(now) if moment["killed"] else set()


def test_runs_were_killed_at_all_stages(killed):
    """Otherwise the other tests would prove nothing."""
    _, report, seed = killed
    counts = [len(moment["results"]) for moment in report["seen"] if moment["killed"]]
    assert len(counts) >= ROUNDS / 3, f"seed {seed}"
    assert any(0 < count < len(CLASS) for count in counts), f"seed {seed}"


def test_the_class_page_and_the_table_are_never_incomplete(killed):
    folder, report, _ = killed
    table = (folder / "whole/grades.csv").read_text()
    for moment in report["seen"]:
        assert moment["grades.csv"] in (None, table)
        assert moment["index.html"] is None or moment["index.html"].rstrip().endswith("</html>")


def test_no_process_survives_killed_runs(killed):
    """Measured after the next run, which ends the child that bwrap leaves if it is killed while it starts."""
    _, report, seed = killed
    assert report["left"] == [], f"seed {seed}"


def test_the_next_run_completes_everything(killed):
    folder, report, _ = killed
    out, whole = folder / "killed", folder / "whole"
    assert report["last_exit"] == 0
    assert stored(out) == stored(whole)
    assert (out / "grades.csv").read_bytes() == (whole / "grades.csv").read_bytes()
    assert sorted(path.relative_to(out) for path in out.rglob("*")) == sorted(
        path.relative_to(whole) for path in whole.rglob("*")
    )
    for name in CLASS:
        assert name in (out / f"{name}.html").read_text()
        assert name in (out / "feedback" / f"{name}.html").read_text()


def test_no_temporary_file_stays(killed):
    folder, _, _ = killed
    assert list((folder / "killed").rglob("*.tmp")) == []
    assert list((folder / "temporary").iterdir()) == []
