"""Frozen records of what people decide about scores, and of the grade that follows from score and decisions.

    gradebook ─► Attempt, Adjustment, LateDays, … ─► settle (settle_grade.py) ─► Grade ─► report, web, exports

The gradebook stores each decision with the person (`who`) and the time (`when`); it never stores a grade. `revision` is
the number of the last change of a record. Who edits a record must name the revision that they saw, so that nobody
overwrites another person's change by mistake. Reports get a Grade and do not know the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

# The kinds of parts that a decision may be about.
WHOLE_KIND: Final = "whole"
FUNCTION: Final = "function"
ANSWER: Final = "answer"
KINDS: Final = (WHOLE_KIND, FUNCTION, ANSWER)

# The modes of an adjustment: it adds to the earned points, or replaces them.
ADD: Final = "add"
SET: Final = "set"
MODES: Final = (ADD, SET)

# The rules for several attempts: which attempt counts.
LATEST: Final = "latest"
BEST: Final = "best"
FIRST: Final = "first"
COUNTS: Final = (LATEST, BEST, FIRST)

ABSENT: Final = "absent"  # the status of a grade without a submission

# The points of which a late day costs a percentage: the maximum, or the earned points.
REACHABLE: Final = "max_score"
EARNED: Final = "score"
SHARES: Final = (REACHABLE, EARNED)


@dataclass(frozen=True)
class Person:
    """A student of the roster. key: the gradebook's own name for the student, which never changes.

    ids: for each other system, its id of the student: "canvas", "sis", "login", "gradescope", and "moodle:TITLE",
    because Moodle's participant numbers differ between assignments.
    """

    key: str
    name: str = ""
    email: str = ""
    section: str = ""
    ids: Mapping[str, str] = field(default_factory=dict)
    revision: int = 0


@dataclass(frozen=True)
class Part:
    """The part that a decision is about: the whole submission, a function (name: its id) or an answer (a question)."""

    kind: str = WHOLE_KIND
    name: str = ""

    def __str__(self) -> str:
        return self.name or self.kind


WHOLE: Final = Part()


@dataclass(frozen=True)
class Adjustment:
    """Points that a person gave or took: at most one adjustment for each part of a submission, or of a student.

    submission, student: one of the two is "". An adjustment of a submission counts for all students of a group; one of
    a student (only of the whole) counts for this student alone. comment: an explanation for the student besides the
    reason. earned_then: the part's points when the adjustment was made; None for an answer without points.
    """

    submission: str
    student: str
    part: Part
    mode: str
    points: float
    reason: str
    comment: str
    who: str
    when: datetime
    revision: int
    earned_then: float | None = None


@dataclass(frozen=True)
class Comment:
    """A comment for the student on a part of a submission. A comment changes no points."""

    number: int
    submission: str
    part: Part
    text: str
    who: str
    when: datetime
    revision: int


@dataclass(frozen=True)
class SavedComment:
    """A text that staff saved to use it in several comments."""

    number: int
    text: str
    who: str
    when: datetime
    revision: int


@dataclass(frozen=True)
class MoreTime:
    """An extension for a submission or a student (the other field is ""), in days of 24 hours."""

    submission: str
    student: str
    days: float
    reason: str
    who: str
    when: datetime
    revision: int


@dataclass(frozen=True)
class LateDays:
    """How many days an attempt was late, as a person entered it. This number replaces the days computed from times."""

    submission: str
    attempt: int
    days: int
    reason: str
    who: str
    when: datetime
    revision: int


@dataclass(frozen=True)
class RegradeRequest:
    """A regrade request: the student's question, and the answer of staff ("" until somebody answers).

    who, when: the person and time of the answer; without an answer, of the one who entered the question.
    """

    number: int
    submission: str
    student: str
    part: Part
    question: str
    asked_at: datetime
    answer: str
    who: str
    when: datetime
    revision: int

    @property
    def is_open(self) -> bool:
        return not self.answer


@dataclass(frozen=True)
class Publishing:
    """The time from which an assignment's marks are published, so that checks `after_published` become visible."""

    at: datetime
    who: str
    when: datetime
    revision: int


@dataclass(frozen=True)
class LatePolicy:
    """The table [late] of assignment.toml: what a late day costs.

    percent_per_day: percent of the maximum, or of the earned points (`of`). grace_hours: lateness that still counts as
    on time. free_days: late days that cost a student nothing. cap_percent: the most that late days may cost.
    """

    due: datetime
    percent_per_day: float
    of: str = REACHABLE
    grace_hours: float = 0.0
    free_days: int = 0
    cap_percent: float = 100.0


@dataclass(frozen=True)
class Rules:
    """The rules for grades in assignment.toml: which attempt counts, and what late days cost."""

    counts: str = LATEST
    late: LatePolicy | None = None


@dataclass(frozen=True)
class LateLine:
    """The line of a grade that shows what late days cost.

    days: the days begun after the due time and the extension; None if the attempt was late, but nobody knows how late.
    charged_days: days without free days. points: 0 or negative. entered_by: the person who entered the days, or "".
    """

    days: int | None
    extension_days: float
    free_days: int
    charged_days: int
    percent: float
    points: float
    submitted_at: datetime | None
    due: datetime | None
    entered_by: str = ""
    reason: str = ""

    @property
    def is_known(self) -> bool:
        return self.days is not None


@dataclass(frozen=True)
class Attempt:
    """One hand-in with its latest result. number: from 1, in the order in which runs found the attempts.

    functions, checks: for each, the earned points and the maximum; both are empty if the caller did not need them.
    answers: for each answer, the points in answers.csv (None until staff enter some) and the maximum. late_mark:
    whether the platform reports the attempt as late. run: the number of the run with this result.
    """

    submission: str
    number: int
    sha256: str
    status: str
    score: float | None
    max_score: float
    run: int
    submitted_at: datetime | None = None
    late_mark: bool = False
    answers: Mapping[str, tuple[float | None, float]] = field(default_factory=dict)
    functions: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    checks: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Adjusted:
    """An adjustment and its effect. earned: the points of its part without it. counts: the points with it.

    is_stale: whether the part's points have changed since the adjustment was made, so that somebody should look again.
    """

    adjustment: Adjustment
    earned: float | None
    counts: float
    is_stale: bool = False

    @property
    def change(self) -> float:
        return round(self.counts - (self.earned or 0.0), 6)


@dataclass(frozen=True)
class Grade:
    """The grade of a student for an assignment, with all of its parts. A grade is computed when needed, never stored.

    student: None on a group's page, and if no student of the roster is linked to the submission. members: all students
    of the submission. attempt, latest: the numbers of the attempt that counts and of the last attempt, or 0.
    total = score + answers + changes of `adjusted` + late.points, at least 0; None if nothing was graded and nobody
    decided anything. late: None without a late policy, or if the attempt was on time. late_differs: whether the members
    of a group are late by different days. opened: visibilities (after_due_date, after_published) that pages now show.
    """

    assignment: str
    submission: str
    status: str
    score: float | None
    max_score: float
    answers: float | None
    max_answers: float
    adjusted: tuple[Adjusted, ...]
    late: LateLine | None
    total: float | None
    student: Person | None = None
    members: tuple[Person, ...] = ()
    attempt: int = 0
    latest: int = 0
    comments: tuple[Comment, ...] = ()
    requests: tuple[RegradeRequest, ...] = ()
    late_differs: bool = False
    questions: Mapping[str, tuple[float | None, float]] = field(default_factory=dict)  # points after adjustments
    opened: tuple[str, ...] = ()

    @property
    def max_total(self) -> float:
        return self.max_score + self.max_answers

    @property
    def earned(self) -> float | None:
        """The sum of the score and the points in answers.csv."""
        return None if self.score is None else self.score + (self.answers or 0.0)

    @property
    def is_decided(self) -> bool:
        """Whether people decided something about the grade, so that a page shows more than the score."""
        return bool(self.adjusted or self.late or self.late_differs or self.comments or self.requests or self.moved)

    @property
    def moved(self) -> bool:
        """Whether the attempt that counts is not the latest."""
        return self.attempt != self.latest

    @property
    def names(self) -> str:
        """The name of the student, or the names of all members."""
        people = (self.student,) if self.student else self.members
        return "; ".join(one.name or one.key for one in people)


@dataclass(frozen=True)
class Change:
    """One line of the history. No line is ever changed or removed, except when a student's data are deleted.

    what: "adjustment", "comment", "student", …; before, after: the record before and after the change; {} for none.
    """

    number: int
    when: datetime
    who: str
    assignment: str
    submission: str
    student: str
    what: str
    action: str
    before: Mapping[str, object]
    after: Mapping[str, object]
