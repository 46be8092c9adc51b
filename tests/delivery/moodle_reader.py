"""What Moodle makes of a worksheet and of a feedback zip that are uploaded: written from what its importer does.

Shares no code with the grader. The rules: mod/assign/feedback/offline, mod/assign/feedback/file/importziplib.php.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass
class MoodleAssignment:
    """participants: by number what each is called. grades: by number (grade, when it was given)."""

    maximum: float
    participants: dict[int, str]
    grades: dict[int, tuple[float, datetime]] = field(default_factory=dict)
    locked: set[int] = field(default_factory=set)


def upload(assignment: MoodleAssignment, content: bytes) -> tuple[dict[int, float], dict[int, str]]:
    """By participant the grade and the comment that are set."""
    rows = list(csv.reader(io.StringIO(content.decode("utf-8").removeprefix("\ufeff"), newline="")))
    header = rows[0]
    identifier, grade, modified = (header.index(name) for name in ("Identifier", "Grade", "Last modified (grade)"))
    given: dict[int, float] = {}
    comments: dict[int, str] = {}
    for row in rows[1:]:
        number = int(row[identifier][len("Participant ") :])
        if number not in assignment.participants:
            continue
        before = assignment.grades.get(number)
        is_stale = before is not None and before[1] > seconds_of(row[modified]) + timedelta(seconds=60)
        if is_stale:
            continue
        if "Feedback comments" in header and row[header.index("Feedback comments")]:
            comments[number] = row[header.index("Feedback comments")]
        if row[grade] in ("", "-") or number in assignment.locked:
            continue
        value = float(row[grade].replace(",", "."))
        if 0 <= value <= assignment.maximum and (before is None or before[0] != value):
            given[number] = value
    return given, comments


def seconds_of(text: str) -> datetime:
    """strtotime: what it cannot read is the beginning of 1970."""
    for form in ("%A, %d %B %Y, %I:%M %p", "%d %B %Y, %H:%M"):
        try:
            return datetime.strptime(text, form)
        except ValueError:
            pass
    return datetime(1970, 1, 1)


def feedback_owner(path: str, participants: dict[int, str], *, before_4_1: bool = False) -> tuple[int, str] | None:
    """Whose a file of the zip is, and under which name it is kept; None if Moodle passes over it."""
    if path.rpartition("/")[2].startswith((".", "~")):
        return None
    parts = path.split("/")
    while parts:
        pieces = parts.pop(0).split("_", 4)
        if len(pieces) < (5 if before_4_1 else 4) or not pieces[1].isdigit() or int(pieces[1]) not in participants:
            continue
        if (pieces[2], pieces[3]) not in (("assignfeedback", "file"), ("assignsubmission", "file")):
            continue
        return int(pieces[1]), "/".join([pieces[4] if len(pieces) == 5 else "", *parts]).strip("/")
    return None
