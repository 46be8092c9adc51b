"""The same course in the format of each grader, and the commands that grade one submission and a class.

    submissions/<student>/{nine.ipynb, cs231n/…}    the submissions: a notebook that imports the student's layers.py
    <grader>/…                                      the nine checks in the format of that grader

The marks of each command are read back, so that a grader that grades nothing does not count as fast. Formats: OK tests
and `otter generate` from otter-grader's documentation, nbgrader's cell metadata (schema 3), gradescope-utils'
decorators.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from bench.peers import cells

HERE = Path(__file__).parent
NAMES = tuple(check.__name__ for check in cells.NINE)
SUPPORT = ("cells.py", "expected.npz")


@dataclass(frozen=True)
class Course:
    """submissions: folders by student. bin: folder of the peers' commands."""

    folder: Path
    submissions: Mapping[str, Path]
    bin: Path

    def run(self, *command: str | Path, cwd: Path) -> None:
        """Run a command quietly. If it fails, print its output and raise CalledProcessError."""
        env = {**os.environ, "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}"}  # as when activated
        done = subprocess.run(list(map(str, command)), cwd=cwd, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            print(done.stdout[-2000:], done.stderr[-2000:])
            done.check_returncode()


def write_submission(folder: Path, package: Mapping[str, bytes]) -> None:
    """Write a submission with the student's name in the code, so that no cache by content has a hit."""
    mine = f"# {folder.name}"
    package = {**package, "layers.py": package["layers.py"] + f"\n{mine}\n".encode()}
    for name, content in package.items():
        path = folder / "cs231n" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    write_notebook(folder / "nine.ipynb", [f"{mine}\nfrom cs231n import layers\n\nimport cells"], grade=())
    for name in SUPPORT:  # these files are handed out with the notebook; graders replace them by their own copies
        shutil.copy(folder.parent.parent / name, folder / name)


def write_notebook(path: Path, code: Sequence[str], grade: Sequence[str]) -> None:
    """Write code cells, then a test cell of nbgrader for each name in `grade`."""
    notebook: Any = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(source, id=f"code-{i}") for i, source in enumerate(code)]
    for name in grade:
        cell = nbformat.v4.new_code_cell(f"cells.{name}(layers)", id=name.replace("_", "-"))
        cell.metadata["nbgrader"] = {
            "grade": True,
            "grade_id": name,
            "locked": True,
            "points": 1,
            "schema_version": 3,
            "solution": False,
            "task": False,
        }
        notebook.cells.append(cell)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)


class Otter:
    """`otter run`, once per submission; `otter grade`, which grades many at once, needs Docker."""

    name = "otter run"

    def __init__(self, course: Course) -> None:
        self.course, self.folder = course, course.folder / "otter"
        tests = self.folder / "tests"
        tests.mkdir(parents=True)
        for name in NAMES:
            case = {"code": f">>> cells.{name}(layers)\n", "hidden": False, "locked": False}
            suite = {"cases": [case], "scored": True, "setup": "", "teardown": "", "type": "doctest"}
            test = {"name": name, "points": 1, "suites": [suite]}
            (tests / f"{name}.py").write_text(f"OK_FORMAT = True\ntest = {test!r}\n")
        for name in SUPPORT:
            shutil.copy(course.folder / name, self.folder)
        otter = course.bin / "otter"
        course.run(otter, "generate", "-t", "tests", "-o", "autograder.zip", *SUPPORT, cwd=self.folder)
        for student, folder in course.submissions.items():
            with zipfile.ZipFile(self.folder / f"{student}.zip", "w") as archive:
                for path in sorted(folder.rglob("*")):
                    archive.write(path, path.relative_to(folder))

    def grade(self, students: Sequence[str], round: int) -> dict[str, float]:
        marks = {}
        for student in students:
            out = self.folder / f"out-{round}-{student}"
            out.mkdir(exist_ok=True)
            otter = self.course.bin / "otter"
            command = (otter, "run", f"{student}.zip", "-a", "autograder.zip", "-o", out, "--no-logo")
            self.course.run(*command, cwd=self.folder)
            tests = json.loads((out / "results.json").read_text())["tests"]
            marks[student] = sum(test.get("score", 0.0) for test in tests if test["name"] in NAMES)
        return marks


class Nbgrader:
    """`nbgrader autograde`, one command for all submissions."""

    name = "nbgrader autograde"

    def __init__(self, course: Course) -> None:
        self.course, self.folder = course, course.folder / "nbgrader"
        source = self.folder / "source" / "nine"
        source.mkdir(parents=True)
        (self.folder / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'nine'\n")
        write_notebook(source / "nine.ipynb", ["from cs231n import layers\n\nimport cells"], NAMES)
        for name in SUPPORT:
            shutil.copy(course.folder / name, source)
        nbgrader = course.bin / "nbgrader"
        course.run(nbgrader, "generate_assignment", "nine", cwd=self.folder)
        for student, folder in course.submissions.items():
            target = self.folder / "submitted" / student / "nine"
            shutil.copytree(folder, target)
            shutil.copy(self.folder / "release" / "nine" / "nine.ipynb", target)

    def grade(self, students: Sequence[str], round: int) -> dict[str, float]:
        chosen = [] if len(students) == len(self.course.submissions) else ["--student", *students]
        nbgrader = self.course.bin / "nbgrader"
        self.course.run(nbgrader, "autograde", "nine", "--force", *chosen, cwd=self.folder)
        query = """
            select submitted_assignment.student_id, sum(grade.auto_score) from grade
            join submitted_notebook on grade.notebook_id = submitted_notebook.id
            join submitted_assignment on submitted_notebook.assignment_id = submitted_assignment.id
            group by submitted_assignment.student_id
        """
        with sqlite3.connect(self.folder / "gradebook.db") as database:
            marks = dict(database.execute(query).fetchall())
        return {student: marks[student] for student in students}


TESTS = '''\
import sys
import unittest

sys.path[:0] = [sys.argv[1]]
import cells
from cs231n import layers
from gradescope_utils.autograder_utils.decorators import weight
from gradescope_utils.autograder_utils.json_test_runner import JSONTestRunner


class Nine(unittest.TestCase):
    """One method per check."""


for check in cells.NINE:
    setattr(Nine, "test_" + check.__name__, weight(1)(lambda self, check=check: check(layers)))
suite = unittest.defaultTestLoader.loadTestsFromTestCase(Nine)
with open(sys.argv[2], "w") as file:
    JSONTestRunner(stream=file).run(suite)
'''


class Gradescope:
    """gradescope-utils: unittest in the student's own process, once per submission, as on Gradescope."""

    name = "gradescope-utils"

    def __init__(self, course: Course) -> None:
        self.course, self.folder = course, course.folder / "gradescope"
        self.folder.mkdir()
        (self.folder / "run_tests.py").write_text(TESTS)
        for name in SUPPORT:
            shutil.copy(course.folder / name, self.folder)

    def grade(self, students: Sequence[str], round: int) -> dict[str, float]:
        marks = {}
        for student in students:
            out = self.folder / f"{round}-{student}.json"
            command = (self.course.bin / "python", "run_tests.py", self.course.submissions[student], out)
            self.course.run(*command, cwd=self.folder)
            marks[student] = sum(test["score"] for test in json.loads(out.read_text())["tests"])
        return marks


class Ours:
    """`grader grade`, one command for all submissions."""

    name = "grader grade"

    def __init__(self, course: Course, python: str, jobs: int) -> None:
        self.course, self.python, self.jobs = course, python, jobs
        self.assignment = course.folder / "assignment"

    def grade(self, students: Sequence[str], round: int) -> dict[str, float]:
        out = self.course.folder / f"ours-{round}-{len(students)}"
        paths = [self.course.submissions[student] for student in students]
        command = (self.python, "-m", "grader.cli.main", "grade", *paths, "--assignment", self.assignment, "--out", out)
        self.course.run(*command, "--jobs", str(self.jobs), cwd=HERE.parents[1])
        results = [json.loads(path.read_text()) for path in (out / "results").glob("*.json")]
        return {result["submission"]["id"]: result["score"] for result in results}
