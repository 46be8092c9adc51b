"""adjustments.csv: a table of adjustments. A command writes the table, staff edit it, and a command imports it.

    submission, student, part, mode, points, reason, comment, who, when, revision

If a row's points, reason or comment changed, the import changes the adjustment, unless somebody else changed it since
the table was written (revision). A row without a revision is a new adjustment. A row without points deletes the
adjustment. Missing rows change nothing. The import writes all rows or none; an error names the line.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from grader.decisions import ADD, SET, Adjustment
from grader.errors import GraderError, UsageError
from grader.gradebook.adjusting import WHAT, adjust_in, read_adjustments
from grader.gradebook.book import Gradebook, StaleEdit
from grader.gradebook.changes import take_away
from grader.gradebook.naming import find_assignment, find_subject, part_named
from grader.gradebook.tables import adjustments
from grader.graded_runs import GradedAssignment
from grader.intake.names import show
from grader.report.grades_csv import harmless, number
from grader.running.answers_csv import BOM, read_sheet

COLUMNS: Final = ("submission", "student", "part", "mode", "points", "reason", "comment", "who", "when", "revision")
NEEDED: Final = ("submission", "part", "points", "reason")
THEN: Final = "import it again"
POINTS: Final = re.compile(r"[+-]?[0-9]{1,9}([.,][0-9]{1,9})?")
SET_WORDS: Final = {"": ADD, ADD: ADD, SET: SET}


@dataclass(frozen=True)
class Applied:
    """The result of an import: numbers of rows."""

    made: int = 0
    changed: int = 0
    withdrawn: int = 0
    same: int = 0


def adjustments_csv(found: list[Adjustment]) -> bytes:
    """Return the table in UTF-8. Spreadsheets find no formula in its cells, and read points as numbers, even below
    0."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for one in found:
        about = one.submission, one.student, str(one.part), one.mode
        told = one.reason, one.comment, one.who, f"{one.when:%Y-%m-%d %H:%M:%S} UTC", str(one.revision)
        writer.writerow([*map(harmless, about), number(one.points), *map(harmless, told)])
    return (BOM + text.getvalue()).encode("utf-8", "replace")


def import_adjustments(book: Gradebook, assignment: GradedAssignment, path: Path, who: str) -> Applied:
    """Import a table. If a row is wrong, writes nothing and raises UsageError or StaleEdit with the line."""
    if not path.is_file():
        raise UsageError(f"{path}: does not exist, expected a table that grader gradebook export wrote.")
    sheet = read_sheet(path, NEEDED, THEN)
    counts = dict.fromkeys(("made", "changed", "withdrawn", "same"), 0)
    with book.writing() as connection:
        row_id = find_assignment(connection, assignment.title, book.place).id
        known = {(one.submission, one.student, one.part): one for one in read_adjustments(connection, row_id)}
        for cells, line in zip(sheet.rows, sheet.lines, strict=True):
            place = f"{path}, line {line}"
            cell = {name: sheet.cell(cells, name).strip() for name in COLUMNS}
            try:
                part = part_named(assignment, cell["part"])
                was = known.get((cell["submission"], cell["student"], part))
                seen = revision_from(cell["revision"], place)
                if not cell["points"]:
                    if was is not None:
                        about = cell["submission"], cell["student"]
                        _, subject, columns = find_subject(connection, assignment.title, *about, book.place)
                        where = {**columns, "kind": part.kind, "name": part.name}
                        take_away(connection, adjustments, where, who=who, what=WHAT, subject=subject, seen=seen)
                        counts["withdrawn"] += 1
                    continue
                points, mode = points_from(cell["points"], place), mode_from(cell["mode"], place)
                given = points, mode, cell["reason"], cell["comment"]
                if was and given == (was.points, was.mode, was.reason, was.comment):
                    counts["same"] += 1
                    continue
                adjust_in(
                    connection,
                    book.place,
                    assignment.title,
                    points=points,
                    reason=cell["reason"],
                    who=who,
                    submission=cell["submission"],
                    student=cell["student"],
                    part=part,
                    mode=mode,
                    comment=cell["comment"],
                    seen=seen,
                )
                counts["changed" if was else "made"] += 1
            except (UsageError, StaleEdit) as error:
                raise in_line(error, place) from error
    return Applied(**counts)


def in_line(error: GraderError, place: str) -> GraderError:
    """Return the same error with the table's line in its text."""
    said = str(error) if str(error).startswith(place) else f"{place}: {error}"
    return type(error)(f"{said} Nothing was imported.")


def points_from(written: str, place: str) -> float:
    if not POINTS.fullmatch(written):
        raise UsageError(f"{place}: points {show(written)!r}, expected a number. Correct it, then {THEN}.")
    return float(written.replace(",", "."))


def mode_from(written: str, place: str) -> str:
    if written.lower() not in SET_WORDS:
        raise UsageError(f"{place}: mode {show(written)!r}, expected {ADD} or {SET}. Correct it, then {THEN}.")
    return SET_WORDS[written.lower()]


def revision_from(written: str, place: str) -> int:
    if not re.fullmatch(r"[0-9]{0,9}", written):
        raise UsageError(f"{place}: revision {show(written)!r}, expected the number that was exported, or nothing.")
    return int(written or 0)
