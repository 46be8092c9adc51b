"""An assignment of two functions and a question, and what a run found out about submissions of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from grader.decisions import ANSWER, FUNCTION, LatePolicy, Part, Rules
from grader.gradebook.book import Gradebook
from grader.gradebook.runs import record_run
from grader.graded_runs import GradedAssignment, HandIn, PointLayout, Run

TITLE = "Nets"
DUE = datetime(2026, 5, 1, 12, tzinfo=UTC)
LATE = LatePolicy(DUE, percent_per_day=10)
NETS = GradedAssignment(TITLE, Rules("latest", LATE), {"layers.relu": 60.0, "layers.conv": 40.0}, {"why": 5.0})
LAYOUT = PointLayout((("layers.relu", 60.0), ("layers.conv", 40.0)), (("layers.relu.a", 60.0), ("layers.conv.a", 40.0)))
RELU, CONV, WHY = Part(FUNCTION, "layers.relu"), Part(FUNCTION, "layers.conv"), Part(ANSWER, "why")


def handed_in(
    name: str, relu: float = 60.0, conv: float = 40.0, content: str = "", days_late: float | None = 0
) -> HandIn:
    """A submission that earned so much. content: another one is another attempt. days_late: None for no time."""
    return HandIn(
        submission=name,
        person=name,
        source=f"class/{name}",
        sha256=(content or name).ljust(64, "0"),
        status="graded",
        score=relu + conv,
        max_score=100.0,
        layout=LAYOUT,
        functions=(relu, conv),
        checks=(relu, conv),
        statuses=tuple("passed" if earned == most else "failed" for earned, most in ((relu, 60.0), (conv, 40.0))),
        submitted_at=None if days_late is None else DUE + timedelta(days=days_late),
    )


def enter(
    book: Gradebook, *found: HandIn, output: str = "/course/reports", nets: GradedAssignment = NETS, **more: object
) -> Run:
    """A run that graded these."""
    facts = {"who": "instructor", "began": DUE, "hashes": {"assignment": "a1"}, "counts": {"graded": len(found)}}
    return record_run(book, nets, found, output=output, **{**facts, **more})  # type: ignore[arg-type]


def with_answers(one: HandIn, points: float | None) -> HandIn:
    return replace(one, answers={"why": (points, 5.0)})


def without_policy(counts: str = "latest") -> GradedAssignment:
    return replace(NETS, rules=Rules(counts, None))


def totals(grades: Sequence[object]) -> dict[str, float | None]:
    return {one.submission or one.names: one.total for one in grades}  # type: ignore[attr-defined]
