"""Frozen records of what a run of `grader grade` gives to the gradebook: the assignment and each submission.

running ─► GradedAssignment, HandIn, HandIn, … ─► gradebook/runs.py ─► Run, and later Attempt (decisions.py)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from grader.decisions import Rules


@dataclass(frozen=True)
class PointLayout:
    """The ids of functions and checks, each with its maximum, in the order of points in HandIns, which share it."""

    functions: tuple[tuple[str, float], ...] = ()
    checks: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Grounds:
    """What a result's marks depend on besides the submission: `grader compare` finds the causes of a change in it.

    assignment: its hash, the handout, the hashes of its parts. environment: the grader, Python, NumPy, the sandbox.
    titles: of the checks, by id.
    """

    assignment: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class HandIn:
    """The data of one submission that a run gives to the gradebook when it ends.

    score: None if the grader failed. functions, checks: points, in the order of the layout. statuses: of the checks, in
    the same order.
    """

    submission: str
    person: str
    source: str
    sha256: str
    status: str
    score: float | None
    max_score: float
    layout: PointLayout = PointLayout()
    functions: tuple[float, ...] = ()
    checks: tuple[float, ...] = ()
    answers: Mapping[str, tuple[float | None, float]] = field(default_factory=dict)
    submitted_at: datetime | None = None
    late_mark: bool = False
    statuses: tuple[str, ...] = ()
    grounds: Grounds = Grounds()


@dataclass(frozen=True)
class GradedAssignment:
    """The data of an assignment in the gradebook, from the last run. The title identifies the assignment.

    functions: for each function, its points. questions: for each question, its maximum.
    """

    title: str
    rules: Rules = field(default_factory=Rules)
    functions: Mapping[str, float] = field(default_factory=dict)
    questions: Mapping[str, float] = field(default_factory=dict)

    @property
    def max_score(self) -> float:
        return sum(self.functions.values())


@dataclass(frozen=True)
class Run:
    """One run of `grader grade`. counts: the number of submissions by what the run did with them ("graded", "reused").

    hashes: hashes and versions of what determined the marks, by name ("assignment", "grader", "numpy", …).
    """

    number: int
    assignment: str
    output: str
    who: str
    began: datetime
    ended: datetime
    hashes: Mapping[str, str]
    counts: Mapping[str, int]
