"""An assignment with one cheap check, and any number of submissions for it: for tests of the run, not of marks."""

from __future__ import annotations

from pathlib import Path

from grader.assignment.load import load_assignment
from grader.authoring.make_fixtures import make_fixtures, write_fixtures

TOML = """
title = "One check"
package = "one"
reference = "../reference"
student_files = ["one.py"]
handed_out = ["given.py"]
[points]
"one.double" = 10
[limits]
cpu_s = 2
wall_s = 4
import_cpu_s = 2
import_wall_s = 10
submission_wall_s = 20
memory_mib = 1024
processes = 8
open_files = 64
reply_mib = 16
"""
CHECK = '''
from grader.checks import check

@check("one.double", name="five")
def five(student, rng):
    """Five numbers."""
    return {"out": student.one.double(rng.randn(5))}
'''
RIGHT = "def double(x):\n    return 2 * x\n"
WRONG = "def double(x):\n    return 3 * x\n"
RAISING = "def double(x):\n    raise ValueError('no')\n"
SLEEPING = "import time\n\n\ndef double(x):\n    time.sleep(60)\n"


def write_assignment(folder: Path) -> Path:
    """The assignment, with its reference beside it."""
    assignment = folder / "assignment"
    (assignment / "checks" / "public").mkdir(parents=True)
    (assignment / "assignment.toml").write_text(TOML)
    (assignment / "checks" / "public" / "one.py").write_text(CHECK)
    (folder / "reference").mkdir()
    (folder / "reference" / "__init__.py").write_text("")
    (folder / "reference" / "given.py").write_text("NUMBER = 1\n")
    (folder / "reference" / "one.py").write_text(RIGHT)
    loaded = load_assignment(assignment)
    write_fixtures(loaded, make_fixtures(loaded))
    return assignment


def write_class(folder: Path, sources: dict[str, str]) -> Path:
    for name, source in sources.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "one.py").write_text(source)
    return folder
