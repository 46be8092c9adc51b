"""What people decide about scores, as frozen records, and the grade that a score and decisions give.

    gradebook ─► Attempt, Adjustment, LateDays, … ─► settle (settle_grade.py) ─► Grade ─► report, web, exports

The gradebook stores each decision with who made it and when; it never stores a grade. `revision` is the number of the
change that made a record what it is; whoever edits one names the revision that they saw, so that nobody overwrites
what another one wrote meanwhile. The report is handed a Grade and knows of no database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

# What a decision is about.
WHOLE_KIND: Final = "whole"
FUNCTION: Final = "function"
ANSWER: Final = "answer"
KINDS: Final = (WHOLE_KIND, FUNCTION, ANSWER)

# How an adjustment counts: on top of what was earned, or in its place.
ADD: Final = "add"
SET: Final = "set"
MODES: Final = (ADD, SET)

# Which of several attempts counts.
LATEST: Final = "latest"
BEST: Final = "best"
FIRST: Final = "first"
COUNTS: Final = (LATEST, BEST, FIRST)

ABSENT: Final = "absent"  # the status of a grade without a submission

# What a late day's percentage is of.
REACHABLE: Final = "max_score"
EARNED: Final = "score"
SHARES: Final = (REACHABLE, EARNED)


@dataclass(frozen=True)
class Person:
    """Somebody of the roster.

    key: the gradebook's own name for them, never changed. ids: what other systems call them, by system: "canvas",
    "sis", "login", "gradescope", and "moodle:TITLE", since Moodle's participant numbers differ by assignment.
    """

    key: str
    name: str = ""
    email: str = ""
    section: str = ""
    ids: Mapping[str, str] = field(default_factory=dict)
    revision: int = 0


@dataclass(frozen=True)
class Part:
    """What a decision is about: the whole, a function by its id, or an answer by its question."""

    kind: str = WHOLE_KIND
    name: str = ""

    def __str__(self) -> str:
        return self.name or self.kind


WHOLE: Final = Part()


@dataclass(frozen=True)
class Adjustment:
    """Points that a person gave or took. There is at most one for each part of a submission, or of a student.

    submission, student: one of both is "": a group shares what is decided about its submission, and a student's own
    adjustment (to the whole) counts for that student alone. reason: why, for everybody; comment: more, for the student.
    earned_then: what the code or the answer had earned when it was made; None for an answer without points.
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
    """A remark for the student, about a part of a submission. It carries no points."""

    number: int
    submission: str
    part: Part
    text: str
    who: str
    when: datetime
    revision: int


@dataclass(frozen=True)
class SavedComment:
    """A text that staff use again and again."""

    number: int
    text: str
    who: str
    when: datetime
    revision: int


@dataclass(frozen=True)
class MoreTime:
    """More time for a submission or a student (the other is ""), in days, of 24 hours."""

    submission: str
    student: str
    days: float
    reason: str
    who: str
    when: datetime
    revision: int


@dataclass(frozen=True)
class LateDays:
    """How many days late an attempt was, entered by a person; it counts in place of what its time would say."""

    submission: str
    attempt: int
    days: int
    reason: str
    who: str
    when: datetime
    revision: int


@dataclass(frozen=True)
class RegradeRequest:
    """A regrade request: what the student asks, and what staff answered ("" as long as nobody did).

    who, when: of the answer, or of whoever entered the question.
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
    """From when on an assignment's marks are published: what `after_published` waits for."""

    at: datetime
    who: str
    when: datetime
    revision: int


@dataclass(frozen=True)
class LatePolicy:
    """[late] of assignment.toml: what a late day costs.

    percent_per_day: of the points that can be reached, or of those that were earned (`of`). grace_hours: a submission
    that is late by less is on time. free_days: for each student, before a day costs anything. cap_percent: the most
    that lateness costs.
    """

    due: datetime
    percent_per_day: float
    of: str = REACHABLE
    grace_hours: float = 0.0
    free_days: int = 0
    cap_percent: float = 100.0


@dataclass(frozen=True)
class Rules:
    """What assignment.toml says of grades: which attempt counts, and what late days cost."""

    counts: str = LATEST
    late: LatePolicy | None = None


@dataclass(frozen=True)
class LateLine:
    """What being late costs, on a line of its own.

    days: started days after the due time and the extension; None where the platform says late and nobody knows how
    late. charged_days: without the free ones. points: 0 or less. entered_by: who entered the days, else "".
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
    """One hand-in, as it was graded last. number: from 1, in the order in which runs met them.

    functions: points that the code earned and their maximum, by function; checks: the same by check; both empty where
    they were not asked for. answers: points that staff gave in answers.csv (None: none yet) and their maximum.
    late_mark: the platform says that it was late. run: the number of the run that graded it so.
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
    """An adjustment, and what it does: earned without it, counts with it, both in points of its part.

    is_stale: the code or the answer has earned something else since it was made, so somebody should look again.
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
    """What a student gets for an assignment, with all of its parts: computed when it is wanted, never stored.

    student: None for a submission that nobody of the roster is known to have made, and on a group's page.
    members: all who share the submission. attempt: the number of the one that counts, latest: of the one handed in
    last; 0 if there is none.
    total = score + answers + changes of `adjusted` + late.points, and not below 0; None where nothing was graded and
    nobody decided anything. late: None where there is no policy or nothing late; late_differs: on a group's page, where
    members are late by different days. opened: visibilities of checks that the student may see by now (set for pages).
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
    questions: Mapping[str, tuple[float | None, float]] = field(default_factory=dict)  # answers' points, adjusted
    opened: tuple[str, ...] = ()

    @property
    def max_total(self) -> float:
        return self.max_score + self.max_answers

    @property
    def earned(self) -> float | None:
        """What the code earned, and the points that answers.csv gives."""
        return None if self.score is None else self.score + (self.answers or 0.0)

    @property
    def is_decided(self) -> bool:
        """Whether people had a part in it, so that a page has more to show than the score."""
        return bool(self.adjusted or self.late or self.late_differs or self.comments or self.requests or self.moved)

    @property
    def moved(self) -> bool:
        """Whether another attempt counts than the latest."""
        return self.attempt != self.latest

    @property
    def names(self) -> str:
        """Of whom it is: the student, or all members."""
        people = (self.student,) if self.student else self.members
        return "; ".join(one.name or one.key for one in people)


@dataclass(frozen=True)
class PointLayout:
    """What a score's points are about: functions and checks by id, each with its maximum. Many scores share one."""

    functions: tuple[tuple[str, float], ...] = ()
    checks: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class HandIn:
    """What one run found out about one submission: for the gradebook, when the run ends.

    score: None where the grader failed. functions, checks: points, in the order of the layout.
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


@dataclass(frozen=True)
class GradedAssignment:
    """What the gradebook knows of an assignment, from the last run: its title names it.

    functions, questions: points by id.
    """

    title: str
    rules: Rules = Rules()
    functions: Mapping[str, float] = field(default_factory=dict)
    questions: Mapping[str, float] = field(default_factory=dict)

    @property
    def max_score(self) -> float:
        return sum(self.functions.values())


@dataclass(frozen=True)
class Run:
    """One run of `grader grade`. hashes: of what decided over its marks, by name ("assignment", "grader", "numpy", …).

    counts: submissions by what was done with them ("graded", "reused").
    """

    number: int
    assignment: str
    output: str
    who: str
    began: datetime
    ended: datetime
    hashes: Mapping[str, str]
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Change:
    """One line of the history: nothing is ever taken out of it or changed, but when a student's data are deleted.

    what: "adjustment", "comment", "student", …; before, after: the record as it was and is, {} for none.
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
