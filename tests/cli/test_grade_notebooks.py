"""`grader grade` with notebooks: answers to read, points from answers.csv, pages with both; no notebook is run."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from cases import ROOT, reference_files
from sayings import said_in

from grader.cli.commands import cli

pytestmark = pytest.mark.process

NOTEBOOK = "ModularNets.ipynb"
WRITTEN = "Too large: not straight. <img src=x onerror=alert(1)> =1+1"


def grade(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "grader.cli.main", "grade", "--jobs", "1", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def cell_of(notebook: dict[str, Any], identity: str) -> dict[str, Any]:
    return next(cell for cell in notebook["cells"] if cell["id"] == identity)


def trace(classroom: Path) -> Path:
    """The file that the notebook would write if it ran."""
    return classroom.parent / f"{classroom.name}-was-run"


@pytest.fixture(scope="module")
def classroom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ada: a folder whose notebook answers a question and changes a check cell. ben: the zip that `grader submit` packs
    from the template. carl: no notebook. All hand in only optim.py, which is graded fast.
    """
    folder = tmp_path_factory.mktemp("class")
    template = (ROOT / "student_template" / NOTEBOOK).read_bytes()
    for name in ("ada", "ben", "carl"):
        (folder / name / "cs231n").mkdir(parents=True)
        (folder / name / "cs231n/optim.py").write_bytes(reference_files()["optim.py"])
    notebook = json.loads(template)
    cell_of(notebook, "answer-step-size")["source"] = WRITTEN
    cell_of(notebook, "check-affine-forward")["source"] = f"open({str(trace(folder))!r}, 'w').close()"
    (folder / "ada" / NOTEBOOK).write_text(json.dumps(notebook))
    (folder / "ada/.ipynb_checkpoints").mkdir()
    (folder / "ada/.ipynb_checkpoints/ModularNets-checkpoint.ipynb").write_text("{")
    (folder / "ben" / NOTEBOOK).write_bytes(template)
    work = folder.parent / (folder.name + "-ben")
    (folder / "ben").rename(work)
    packed = ["submit", str(work), "--assignment", str(ROOT / "assignment"), "--out", str(folder / "ben.zip")]
    assert cli.main(packed, standalone_mode=False) == 0
    return folder


@pytest.fixture(scope="module")
def graded(classroom: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out")
    done = grade(classroom, "--out", out)
    assert done.returncode == 0, done.stderr
    return out


def result(out: Path, name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((out / "results" / f"{name}.json").read_text())
    return loaded


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def answers(out: Path, name: str) -> dict[str, str]:
    return {one["question"]: one["status"] for one in result(out, name)["notebooks"][0]["answers"]}


def test_answers_are_read_from_a_folder_and_from_what_submit_packs(graded: Path) -> None:
    assert answers(graded, "ada") == {"step-size": "answered", "vanishing": "unanswered", "two-layer-net": "unanswered"}
    assert set(answers(graded, "ben").values()) == {"unanswered"}
    first, *others = result(graded, "ada")["notebooks"]
    assert first["name"] == NOTEBOOK
    assert {said_in(one["problem"]) for one in others} == {"It was not handed in."}
    assert {answer["status"] for one in others for answer in one["answers"]} == {"absent"}
    assert result(graded, "carl")["notebooks"] == []


def test_a_changed_check_cell_is_noted_and_costs_nothing_and_nothing_was_run(classroom: Path, graded: Path) -> None:
    assert "ModularNets: the check cell affine-forward was changed." in map(said_in, result(graded, "ada")["notes"])
    assert len({result(graded, name)["score"] for name in ("ada", "ben", "carl")}) == 1
    assert not trace(classroom).exists()
    assert NOTEBOOK not in result(graded, "ada")["submission"]["files"]


def test_the_staff_page_shows_each_answer_and_question_and_links_the_notebook(graded: Path) -> None:
    page = (graded / "ada.html").read_text()
    assert "Too large: not straight. &lt;img src=x" in page and "<img" not in page
    assert "What goes wrong with a much larger one" in page
    assert 'href="notebooks/ada/ModularNets.html"' in page
    assert page.count(">unanswered</span>") == 2
    shown = (graded / "notebooks/ada/ModularNets.html").read_text()
    assert 'sandbox=""' in shown and "<script" not in shown


def test_the_student_sees_nothing_of_the_answers_before_they_are_marked(graded: Path) -> None:
    page = (graded / "feedback/ada.html").read_text()
    assert "Too large" not in page
    assert "answers.csv" not in page


def test_points_from_the_csv_are_on_all_pages_and_in_the_table_and_nothing_is_graded_again(
    classroom: Path, graded: Path
) -> None:
    rows = table(graded / "answers.csv")
    worth = tomllib.loads((ROOT / "assignment/assignment.toml").read_text())["questions"]
    assert [row["submission"] for row in rows] == [name for name in ("ada", "ben", "carl") for _ in worth]
    assert {row["answer"] for row in rows if row["submission"] == "carl"} == {"(absent)"}
    assert rows[0]["answer"].startswith("Too large")
    before = (graded / "results/ada.json").read_bytes()
    rows[0] |= {"points": "1.5", "comment": "Say why."}
    rows[-1] |= {"points": "1", "comment": "By mail."}  # carl handed in no notebook
    with (graded / "answers.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    done = grade(classroom, "--out", graded)
    assert done.returncode == 0, done.stderr
    assert "0 graded" in done.stderr
    assert (graded / "results/ada.json").read_bytes() == before
    grades = {row["submission"]: row for row in table(graded / "grades.csv")}
    score = float(grades["ada"]["score"])
    assert (grades["ada"]["ModularNets.step-size"], grades["ada"]["ModularNets.vanishing"]) == ("1.5", "")
    most = sum(worth.values())
    assert {(float(row["max_answers"]), float(row["max_total"])) for row in grades.values()} == {(most, 100 + most)}
    assert (grades["ada"]["answers"], grades["ben"]["answers"], grades["carl"]["answers"]) == ("1.5", "", "1")
    assert (float(grades["ada"]["total"]), float(grades["ben"]["total"])) == (score + 1.5, score)
    feedback = (graded / "feedback/ada.html").read_text()
    assert "Say why." in feedback and "<b>1.5</b>" in feedback
    assert "Say why." in (graded / "ada.html").read_text()
    assert "<b>1.5</b>" in (graded / "index.html").read_text()
    assert "Your answers" not in (graded / "feedback/ben.html").read_text()
    assert "By mail." in (graded / "feedback/carl.html").read_text()


def test_bad_points_stop_the_command_before_anything_is_written(classroom: Path, graded: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    path = tmp_path / "out/answers.csv"
    path.write_text("submission,notebook,question,points,comment\nada,ModularNets,step-size,three,\n")
    done = grade(classroom, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "answers.csv, line 2: points 'three', expected a number from 0 to 2." in done.stderr
    assert sorted(one.name for one in (tmp_path / "out").iterdir() if not one.name.startswith(".")) == ["answers.csv"]


def test_questions_with_points_are_those_of_the_notebooks(graded: Path) -> None:
    asked = [
        cell["metadata"]["grader"]["name"]
        for path in sorted((ROOT / "student_template").glob("*.ipynb"))
        for cell in json.loads(path.read_text())["cells"]
        if cell["metadata"].get("grader", {}).get("role") == "answer"
    ]
    points = tomllib.loads((ROOT / "assignment/assignment.toml").read_text())["questions"]
    assert sorted(points) == sorted(asked)
