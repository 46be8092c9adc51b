"""A course as `grader new` writes it, with a question and a class of three from Canvas, and its real commands.

    jane scales the columns (a known mistake): no points       ed scales no row after the tenth: the visible check only
    ada is right                                               each wrote an answer to the question `why`

`ease` is the instructor's correction: the hidden check asks for ten rows in place of twenty, so ed is right by it.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

from cases import ROOT

from tests.delivery.canvas_reader import Course, upload

COURSE = Course({55: "Homework 1", 56: "Quiz"}, {1001: "Lovelace, Ada", 1002: "Poe, Ed", 1003: "Doe, Jane"})
CANVAS = (
    "Student,ID,SIS Login ID,Section,Homework 1 (55),Quiz (56)\n    Points Possible,,,,14.00,10.00\n"
    '"Doe, Jane",1003,jane,A,,8\n"Lovelace, Ada",1001,ada,A,,9\n"Poe, Ed",1002,ed,B,,=1+1\n'
)
ADA, ED, JANE = "lovelaceada_1001", "poeed_1002", "doejane_1003"
FUNCTION = "layers.normalize_rows"
HINT = "The columns have length 1, not the rows: sum over axis 1."
QUESTION = """# %% [markdown]
# # Lengths
# **Question.** Why is no row zero?

# %% [markdown] answer why
# ### BEGIN SOLUTION
# Its length would be 0.
# ### END SOLUTION
"""
START = "import numpy as np\n\n\ndef normalize_rows(x):\n"
SOURCES = {
    ADA: "    return x / np.sqrt((x * x).sum(axis=1, keepdims=True))\n",
    ED: "    out = x.copy()\n    for row in out[:10]:\n        row /= np.sqrt((row * row).sum())\n    return out\n",
    JANE: "    return x / np.sqrt((x * x).sum(axis=0))\n",
}


def make_course(folder: Path) -> Path:
    """The course, its class as Canvas hands it out, and the gradebook that Canvas exported. Returns its folder."""
    course = folder / "course"
    run(folder, "new", "course")
    toml = course / "assignment/assignment.toml"
    toml.write_text(toml.read_text() + "\n[questions]\nwhy = 4\n")
    (course / "assignment/notebooks").mkdir()
    (course / "assignment/notebooks/Lengths.py").write_text(QUESTION)
    run(course, "template")
    (course / "download").mkdir()
    for number, (name, source) in enumerate(SOURCES.items()):
        notebook = json.loads((course / "student_template/Lengths.ipynb").read_text())
        answer = next(cell for cell in notebook["cells"] if cell["id"] == "answer-why")
        answer["source"] = rf"Since $\frac{{0}}{{0}}$ is no number, says {name}."
        (course / f"download/{name}_7{number}_layers.py").write_text(START + source)
        (course / f"download/{name}_8{number}_Lengths.ipynb").write_text(json.dumps(notebook))
    (course / "canvas.csv").write_text(CANVAS)
    return course


def run(folder: Path, *words: str) -> str:
    """A command of the grader, as a person runs it in a folder. What it prints."""
    command = [sys.executable, "-m", "grader.cli.main", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def grade(course: Path) -> str:
    return run(course, "grade", "download", "--jobs", "1", "--sandbox", "none")


def ease(course: Path) -> None:
    """Correct the hidden check, and make its fixture again."""
    check = course / "assignment/checks/hidden/layers.py"
    source = check.read_text()
    assert source.count("20") == 3
    check.write_text(source.replace("20", "10"))
    run(course, "fixtures")


def table(content: str) -> dict[str, dict[str, str]]:
    """A grades.csv, by submission."""
    return {row["submission"]: row for row in csv.DictReader(content.removeprefix("\ufeff").splitlines())}


def grades(course: Path) -> dict[str, dict[str, str]]:
    return table((course / "reports/grades.csv").read_text(encoding="utf-8"))


def in_canvas(course: Path) -> dict[int, str]:
    """What Canvas would put into the column of the assignment, by its number of the student, after an export."""
    run(course, "export", "--to", "canvas", "--into", "canvas.csv", "--column", "Homework 1", "--no-feedback")
    content = (course / "reports/export/canvas.csv").read_bytes()
    cells, made = upload(COURSE, content)
    assert made == []
    assert cells[56] == {1001: "9", 1002: "=1+1", 1003: "8"}  # somebody else's column stays as it was
    return cells[55]


def moved(course: Path, old: str) -> list[tuple[str, str, str, str]]:
    """Who has another score than in an earlier output folder: before, after, and through which check."""
    rows = csv.DictReader(run(course, "compare", old, "reports", "--csv").splitlines())
    return [(row["submission"], row["before"], row["after"], row["check"]) for row in rows]
