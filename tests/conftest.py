"""What many tests need: the project's folders, its assignment loaded once, and a way to grade a few files."""

from __future__ import annotations

import sys
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


@pytest.fixture
def grade_layers(context, reference_source):
    """Grade the reference's layers.py with these lines added at its end, so that they replace what they define."""

    def grade(added: str = "", *, source: str | None = None) -> Result:
        text = (reference_source if source is None else source) + "\n\n" + added
        return grade_submission(Submission("case", "case", {"layers.py": text.encode()}), context)

    return grade
