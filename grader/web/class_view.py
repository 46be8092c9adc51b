"""The class as its page shows it: one row for each grade, filtered and sorted by the URL.

    gradebook ─► Snapshot (kept as long as state_of stays the same) ─► Filters.apply ─► rows of one page

Computing the grades of 10,000 students takes nearly a second, so the server computes them after a run, not for every
request. After decisions, it computes only the grades of their submissions again (`renewed`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode

from grader.decisions import Grade
from grader.intake.names import natural_key
from grader.web.lost_points import LostPoints

ROWS: Final = 100  # on one page
SHOWN: Final = {
    "undecided": "nobody decided anything",
    "adjusted": "adjusted",
    "again": "to look at again",
    "late": "late",
    "unknown": "late, days not known",
    "requests": "open regrade requests",
    "unmarked": "answers without points",
}
SORTS: Final[Mapping[str, Callable[[Grade], Any]]] = {
    "name": lambda grade: (natural_key((grade.names or grade.submission).casefold()), natural_key(grade.submission)),
    "submission": lambda grade: natural_key(grade.submission),
    "status": lambda grade: grade.status,
    "score": lambda grade: -1.0 if grade.score is None else grade.score,
    "change": lambda grade: sum(item.change for item in grade.adjusted),
    "late": lambda grade: grade.late.points if grade.late else 1.0,
    "grade": lambda grade: -1.0 if grade.total is None else grade.total,
}


STEADY: Final = ("name", "submission")  # sort keys that no decision changes
STEADY_FACTS: Final = ("texts", "statuses", "lost_points")


@dataclass(frozen=True)
class Filters:
    """The filters in the URL. Impossible values are ignored.

    text: part of a name, an id, an address or a section. below: percent of the maximum. lost: a function or a check
    that lost points. sort: a key of SORTS, with a minus for descending order.
    """

    text: str = ""
    status: str = ""
    below: str = ""
    lost: str = ""
    show: str = ""
    sort: str = "name"
    page: int = 1

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Filters:
        values: dict[str, Any] = {one.name: query.get(one.name, "")[:200].strip() for one in fields(cls)}
        page = values["page"]
        values["page"] = max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 7 else 1
        if values["sort"].removeprefix("-") not in SORTS:
            values["sort"] = "name"
        if values["show"] not in SHOWN:
            values["show"] = ""
        try:
            percent = float(values["below"].replace(",", "."))
        except ValueError:
            percent = 0.0
        values["below"] = f"{percent:g}" if 0 < percent < 1000 else ""
        return cls(**values)

    def query(self, **changes: object) -> str:
        """Return the filters as a query string without default values. changes: replace some values."""
        own = {one.name: getattr(self, one.name) for one in fields(self)}
        said = {**own, **({} if "page" in changes else {"page": 1}), **changes}
        return urlencode({name: value for name, value in said.items() if value and (name, value) not in NOTHING_SAID})

    def turned(self, column: str) -> str:
        """Return the URL that sorts by a column, or in descending order if it is already sorted by it."""
        return self.query(sort=f"-{column}" if self.sort == column else column)

    @property
    def is_set(self) -> bool:
        return replace(self, sort="name", page=1) != Filters()

    def apply(self, snapshot: Snapshot) -> Sequence[Grade]:
        """Return the grades that pass all filters, in order."""
        found = snapshot.ordered(self.sort.removeprefix("-"))
        if self.sort.startswith("-"):
            found = found[::-1]
        wanted = list(self.conditions(snapshot))
        return [grade for grade in found if all(one(grade) for one in wanted)] if wanted else found

    def conditions(self, snapshot: Snapshot) -> Any:
        if self.text:
            words = self.text.casefold()
            yield lambda grade: words in snapshot.texts[whose(grade)]
        if self.status:
            yield lambda grade: grade.status == self.status
        if self.below:
            most = float(self.below) / 100
            yield lambda grade: grade.total is not None and grade.total < most * grade.max_total
        if self.show:
            yield FLAGS[self.show]
        if self.lost:
            points = snapshot.lost_points
            yield lambda grade: points.lost(self.lost, grade)


NOTHING_SAID: Final = (("sort", "name"), ("page", 1))
FLAGS: Final[Mapping[str, Callable[[Grade], bool]]] = {
    "undecided": lambda grade: not grade.is_decided,
    "adjusted": lambda grade: bool(grade.adjusted),
    "again": lambda grade: any(item.is_stale for item in grade.adjusted),
    "late": lambda grade: grade.late is not None,
    "unknown": lambda grade: grade.late is not None and not grade.late.is_known,
    "requests": lambda grade: any(one.is_open for one in grade.requests),
    "unmarked": lambda grade: any(points is None for points, _ in grade.questions.values()),
}


class Snapshot:
    """All grades at one state of the gradebook. read_lost_points: called only if needed, because it takes long."""

    def __init__(self, grades: Sequence[Grade], read_lost_points: Callable[[], LostPoints]) -> None:
        self.grades = grades
        self._read_lost_points = read_lost_points
        self._ordered: dict[str, Sequence[Grade]] = {}

    def prepare(self) -> None:
        """Compute the facts that pages show, before the first request."""
        self.ordered(STEADY[0])
        for name in ("mean", *STEADY_FACTS):
            getattr(self, name)

    @cached_property
    def lost_points(self) -> LostPoints:
        return self._read_lost_points()

    def renewed(self, fresh: Sequence[Grade]) -> Snapshot:
        """Return the snapshot with `fresh` grades in place of the old ones. Keeps the sort orders that do not
        change."""
        now = {whose(grade): grade for grade in fresh}
        made = Snapshot([now.get(whose(grade), grade) for grade in self.grades], self._read_lost_points)
        for sort in STEADY:
            if sort in self._ordered:
                made._ordered[sort] = [now.get(whose(grade), grade) for grade in self._ordered[sort]]
        made.__dict__.update({name: self.__dict__[name] for name in STEADY_FACTS if name in self.__dict__})
        return made

    @cached_property
    def texts(self) -> Mapping[tuple[str, str], str]:
        return {whose(grade): text_of(grade) for grade in self.grades}

    @cached_property
    def statuses(self) -> Mapping[str, int]:
        return Counter(grade.status for grade in self.grades)

    @cached_property
    def mean(self) -> float | None:
        totals = [grade.total for grade in self.grades if grade.total is not None]
        return sum(totals) / len(totals) if totals else None

    def ordered(self, sort: str) -> Sequence[Grade]:
        if sort not in self._ordered:
            self._ordered[sort] = sorted(self.grades, key=SORTS[sort])
        return self._ordered[sort]


def whose(grade: Grade) -> tuple[str, str]:
    return grade.submission, grade.student.key if grade.student else ""


def text_of(grade: Grade) -> str:
    people = grade.members or ((grade.student,) if grade.student else ())
    parts = [grade.submission, *(word for one in people for word in (one.name, one.key, one.email, one.section))]
    return "\n".join(parts).casefold()


def neighbours(found: Sequence[Grade], submission: str) -> tuple[str, str, int]:
    """Return the submissions before and after one in the list ("" for none), and its place (from 1; 0 if not in the
    list)."""
    ids = list(dict.fromkeys(grade.submission for grade in found if grade.submission))
    if submission not in ids:
        return "", ids[0] if ids else "", 0
    place = ids.index(submission)
    return ids[place - 1] if place else "", ids[place + 1] if place + 1 < len(ids) else "", place + 1
