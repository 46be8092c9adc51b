"""Points in answers.csv stay with the student who got them, even if others hand in later."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys

import pytest
from cases import ROOT

pytestmark = pytest.mark.process

NOTEBOOK = (ROOT / "student_template/ModularNets.ipynb").read_text(encoding="utf-8")


def grade(top, out):
    command = [sys.executable, "-m", "grader.cli.main", "grade", str(top), "--out", str(out), "--jobs", "1"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [*command, "--assignment", str(ROOT / "assignment")], capture_output=True, text=True, check=False, env=env
    )


def student(top, name):
    (top / name).mkdir(parents=True)
    shutil.copy(ROOT / "student_template/cs231n/optim.py", top / name)
    (top / name / "ModularNets.ipynb").write_text(NOTEBOOK, encoding="utf-8")


def table(out):
    with open(out / "answers.csv", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write(out, rows):
    with open(out / "answers.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def marked(tmp_path_factory):
    """a_b is graded and gets points; then "a b" hands in, whose name sorts before a_b."""
    folder = tmp_path_factory.mktemp("ids")
    student(folder / "class", "a_b")
    done = grade(folder / "class", folder / "out")
    assert done.returncode == 0, done.stderr
    rows = table(folder / "out")
    rows[0]["points"] = "1"
    write(folder / "out", rows)
    student(folder / "class", "a b")
    done = grade(folder / "class", folder / "out")
    assert done.returncode == 0, done.stderr
    return folder


def test_points_stay_with_the_student_who_got_them(marked):
    points = {(row["submission"], row["handed_in_as"]): row["points"] for row in table(marked / "out") if row["points"]}
    assert points == {("a_b", "a_b"): "1"}
    sources = {
        path.stem: json.loads(path.read_text())["submission"]["source"].rpartition("/")[2]
        for path in (marked / "out/results").glob("*.json")
    }
    assert sources == {"a_b": "a_b", "a_b-2": "a b"}


def test_a_row_with_another_persons_id_stops_the_run(marked, tmp_path):
    shutil.copytree(marked / "out", tmp_path / "out")
    rows = table(tmp_path / "out")
    for row in rows:
        row["submission"] = {"a_b": "a_b-2", "a_b-2": "a_b"}[row["submission"]]
    write(tmp_path / "out", rows)
    before = (tmp_path / "out/answers.csv").read_bytes()
    done = grade(marked / "class", tmp_path / "out")
    assert done.returncode == 2
    assert "has handed_in_as" in done.stderr and "another student. Correct its submission" in done.stderr
    assert (tmp_path / "out/answers.csv").read_bytes() == before


def test_a_table_of_version_01_is_completed(marked, tmp_path):
    shutil.copytree(marked / "out", tmp_path / "out")
    (tmp_path / "out/ids.json").unlink()
    rows = [{name: cell for name, cell in row.items() if name != "handed_in_as"} for row in table(tmp_path / "out")]
    write(tmp_path / "out", rows)
    shutil.copytree(marked / "class/a b", tmp_path / "later/a b")
    assert grade(tmp_path / "later", tmp_path / "out").returncode == 0
    after = table(tmp_path / "out")
    assert {row["handed_in_as"] for row in after if row["submission"] == "a_b-2"} == {"a b"}
    assert [row["submission"] for row in after if row["points"]] == ["a_b"]
