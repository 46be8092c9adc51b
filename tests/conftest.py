"""What many tests need: the project's folders, its assignment loaded once, and a way to grade a few files."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from grader.context import Context, Settings, prepare
from grader.pipeline import grade_submission
from grader.records import Result, Submission

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def context() -> Context:
    """The project's own assignment, this Python, the real sandbox."""
    return prepare(Settings(str(ROOT / "assignment"), sys.executable, "auto"))


@pytest.fixture(scope="session")
def reference_source() -> str:
    return (ROOT / "reference" / "layers.py").read_text()


@pytest.fixture(scope="session")
def layers_context(context) -> Context:
    """The same assignment, but layers.py is all that is asked for, for 100 points: what most tests of grading need."""
    assignment = context.assignment
    points = {name: points for name, points in assignment.functions.items() if name.startswith("layers.")}
    scale = 100 / sum(points.values())
    functions = {name: scale * points[name] for name in points}
    cut = replace(
        assignment,
        student_files=("layers.py",),
        functions=functions,
        checks=tuple(
            replace(check, max_points=scale * check.max_points)
            for check in assignment.checks
            if check.function in functions
        ),
        sets=(replace(assignment.sets[0], files=("layers.py",)),),
        classes={},
        stubs={name: called for name, called in assignment.stubs.items() if name in functions},
    )
    return replace(context, assignment=cut)


@pytest.fixture
def grade_layers(layers_context, reference_source):
    """Grade the reference's layers.py with these lines added at its end, so that they replace what they define."""

    def grade(added: str = "", *, source: str | None = None) -> Result:
        text = (reference_source if source is None else source) + "\n\n" + added
        return grade_submission(Submission("case", "case", {"layers.py": text.encode()}), layers_context)

    return grade
