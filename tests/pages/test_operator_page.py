"""docs/operator.md and docs/long-runs.md: the limits that they name, an upgrade, and what a run prints as JSON."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from cases import ROOT

from grader.assignment.load import load_assignment
from grader.grading import submission, time_limits
from grader.grading.work_folder import PREFIX
from grader.intake.tree import MIB, IntakeLimits
from grader.sandbox.host.limits import RANGES, limits_from

OPERATOR = (ROOT / "docs/operator.md").read_text(encoding="utf-8")
LONG_RUNS = (ROOT / "docs/long-runs.md").read_text(encoding="utf-8")
LIMITS = limits_from(load_assignment(ROOT / "assignment").limits, "assignment.toml")


def grade(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "grader.cli.main", "grade", *arguments]
    env = {**os.environ, "COLUMNS": "120"}
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=env)


def test_the_page_lists_every_limit_with_its_value():
    rows = re.findall(r"^\| `(\w+)` \| (\d+)(?: s| MiB)? \|", OPERATOR, re.MULTILINE)
    assert {name: float(value) for name, value in rows} == {name: getattr(LIMITS, name) for name in RANGES}


def test_the_page_names_the_limits_of_reading():
    rows = dict(re.findall(r"^\| (.+?) \| (.+?) \| .+ \|$", OPERATOR, re.MULTILINE))
    limits = IntakeLimits()
    assert rows["one Python file"] == f"{limits.file_bytes // MIB} MiB"
    assert rows["all Python files"] == f"{limits.total_bytes // MIB} MiB"
    assert (
        rows["one notebook, all notebooks"]
        == f"{limits.notebook_bytes // MIB} MiB, {limits.notebooks_bytes // MIB} MiB"
    )
    assert rows["notebooks"] == str(limits.notebooks)
    assert rows["files and folders"] == f"{limits.members:,}"
    assert rows["depth of folders"] == str(limits.depth)
    assert rows["archive, packed or unpacked"] == "1 GiB"
    assert limits.archive_bytes == limits.unpacked_bytes == 1024 * MIB
    assert rows["ratio of unpacked to packed size"] == str(limits.ratio)
    assert f"`TMPDIR/{PREFIX}…`" in OPERATOR


def test_the_pages_name_the_times_of_submissions_that_hang():
    text = " ".join(LONG_RUNS.split())
    assert f"{LIMITS.cpu_s:g} s of CPU time, or after {LIMITS.wall_s:g} s if the function sleeps" in text
    assert time_limits.ENOUGH == 3
    assert "After three functions" in text
    short = f"{time_limits.SHORT_S:g} s of CPU time and 2.5 s on the clock, or {time_limits.SHORT_TIMES} times"
    assert short in text
    assert f"After `submission_wall_s` ({LIMITS.submission_wall_s:g} s)" in text
    assert f"busy with the submission {submission.LATE_S:g} s later" in text
    assert submission.THEIR_SHARE == 0.5
    guide = (ROOT / "docs/teaching-assistant.md").read_text(encoding="utf-8")
    assert f"{LIMITS.cpu_s:g} s of CPU time, or {LIMITS.wall_s:g} s of waiting" in guide
    assert LIMITS.memory_mib == 1024
    assert "more than 1 GiB of memory" in guide
    student = (ROOT / "student_template/README.md").read_text(encoding="utf-8")
    assert f"{LIMITS.cpu_s:g} seconds of CPU time" in student
    assert "1 GiB of memory" in student


@pytest.mark.process
@pytest.mark.slow
def test_an_output_folder_of_version_0_1_is_upgraded_as_the_page_says(tmp_path):
    """One submission that is handed in now, with points for an answer, and one that is not."""
    old, answers = ROOT / "tests/schema_1/three-mistakes.json", tmp_path / "answers.csv"
    (tmp_path / "results").mkdir()
    shutil.copy(old, tmp_path / "results")
    gone = old.read_text(encoding="utf-8").replace("three-mistakes", "gone")
    (tmp_path / "results/gone.json").write_text(gone, encoding="utf-8")
    (tmp_path / "gone.html").write_text("a page of 0.1", encoding="utf-8")
    answers.write_text(
        "submission,notebook,question,max_points,points,comment,answer\n"
        "three-mistakes,ModularNets,step-size,2,1.5,well put,because of rounding\n",
        encoding="utf-8",
    )

    done = grade("submissions", "--only", "three-mistakes", "--only", "complete", "--out", str(tmp_path))

    assert done.returncode == 0, done.stderr
    ids = {one["id"]: one["person"] for one in json.loads((tmp_path / "ids.json").read_text())["ids"]}
    assert (ids["three-mistakes"], ids["gone"]) == ("three-mistakes", "gone")
    new = json.loads((tmp_path / "results/three-mistakes.json").read_text())
    assert (new["schema"], new["submission"]["id"]) == (2, "three-mistakes")
    rows = list(csv.DictReader(answers.read_text(encoding="utf-8-sig").splitlines()))
    assert (rows[0]["points"], rows[0]["comment"], rows[0]["handed_in_as"]) == ("1.5", "well put", "three-mistakes")
    assert "three-mistakes step-size" in done.stderr  # the answer is not what it was
    assert (tmp_path / "results/gone.json").read_text(encoding="utf-8") == gone
    assert (tmp_path / "gone.html").read_text(encoding="utf-8") == "a page of 0.1"
    assert re.search(r": gone\b", done.stdout)


@pytest.mark.process
@pytest.mark.slow
def test_a_run_prints_the_json_events_that_the_page_shows(tmp_path):
    shown = [json.loads(line) for line in re.findall(r'^    (\{"event".+)$', LONG_RUNS, re.MULTILINE)]
    words = ("submissions", "--only", "complete", "--out", str(tmp_path), "--log-format", "json", "--profile")
    runs = grade(*words), grade(*words, "--force")  # the second one replaces earlier results, so it compares
    printed = [json.loads(line) for done in runs for line in done.stdout.splitlines()]
    assert {one["event"]: [*one] for one in printed if one["event"] != "profile"} == {
        one["event"]: [*one] for one in shown
    }
    assert "profile" in {one["event"] for one in printed}
