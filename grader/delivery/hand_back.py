"""The record from which every export is made: the grade and feedback of one student. Also rounds and formats grades.

A platform that cannot use a grade often skips it without a message. So every export returns which grades it left out,
and why; the user decides.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Final

CENT: Final = Decimal("0.01")  # platforms keep and compare two decimals


@dataclass(frozen=True)
class GradePart:
    """The points of one part of the grade, and its text for the student."""

    name: str
    points: float
    max_points: float
    text: str = ""


@dataclass(frozen=True)
class HandBack:
    """The grade and feedback of one student. Each member of a group has a separate record.

    grade: None if there is no grade to export; no_grade: the reason. lms_id: the number of Canvas' user, Moodle's
    participant, Gradescope's submission. login: the name that the student signs in with, or has in the course. email:
    several are separated by spaces. late: late days, in words. page: the feedback page. sis: the school's number.
    shared: the submission belongs to a group.
    """

    submission: str
    name: str
    grade: float | None
    max_grade: float
    lms_id: str = ""
    login: str = ""
    email: str = ""
    section: str = ""
    late: str = ""
    comment: str = ""
    page: Path | None = None
    parts: tuple[GradePart, ...] = ()
    no_grade: str = ""
    sis: str = ""
    shared: bool = False

    @property
    def label(self) -> str:
        """The name in messages: the submission's id, which people find in the output folder, or the student's name."""
        return f"{self.submission} ({self.name})" if self.shared else self.submission or self.name

    @property
    def text(self) -> str:
        """The text that the student reads beside the grade."""
        return "\n".join(filter(None, [self.comment, self.late]))


@dataclass(frozen=True)
class Filled:
    """A platform's file with grades written into it.

    written: the number of grades. replaced: how many of these replace another grade. without: the number of rows that
    got no grade. left_out: by label of a record, the reason why its grade is not in the file.
    """

    content: bytes
    written: int
    replaced: int
    without: int
    left_out: Mapping[str, str] = field(default_factory=dict)


def rounded(grade: float) -> Decimal:
    """Round to two decimals, halves away from zero: 0.125 becomes 0.13."""
    return Decimal(repr(float(grade))).quantize(CENT, ROUND_HALF_UP)


def scaled(record: HandBack, maximum: Decimal) -> Decimal | None:
    """Return the grade converted to another maximum, or None if there is no grade."""
    if record.grade is None or not record.max_grade:
        return None
    exact = Decimal(repr(float(record.grade))) * maximum / Decimal(repr(float(record.max_grade)))
    return exact.quantize(CENT, ROUND_HALF_UP)


def written(grade: Decimal, point: str = ".") -> str:
    """Return the shortest form of a number: 85, 85.5, 85.25. Never an exponent."""
    text = f"{grade:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return ("0" if text == "-0" else text).replace(".", point)


def other_maxima(records: Sequence[HandBack], maximum: Decimal) -> list[str]:
    """Return label → maximum for records with another maximum."""
    graded = [one for one in records if one.grade is not None]
    return [f"{one.label} ({written(rounded(one.max_grade))})" for one in graded if rounded(one.max_grade) != maximum]


def same_letters(one: str, other: str) -> bool:
    """Whether two names have the same letters, in any order: doejane, "Doe, Jane" and Jane Doe are the same."""
    return sorted(letters(one)) == sorted(letters(other))


def letters(name: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFC", name).casefold()))
