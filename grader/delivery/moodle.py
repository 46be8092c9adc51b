"""Moodle: fill in its grading worksheet, and put feedback files into folders that it recognises.

The rules follow its importer (mod/assign/feedback/offline). The importer expects the column headers in the language of
the page, and dates in English. If the importer cannot read a date, it assumes 1970, and then skips every student who
already has a grade, without a message. The importer also skips grades above the maximum, negative grades and locked
grades.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from html import escape
from typing import Final

from grader.delivery.csv_cells import CellTable, read_cells
from grader.delivery.hand_back import Filled, HandBack, other_maxima, rounded, scaled, written
from grader.delivery.matching import StudentRow, match
from grader.errors import UsageError

IDENTIFIER: Final = "Identifier"
GRADE: Final = "Grade"
MODIFIED: Final = "Last modified (grade)"
NEEDED: Final = (IDENTIFIER, GRADE, MODIFIED)
NAME: Final = "Full name"
KEYS: Final = ("Email address", "ID number", "Username")
MAXIMUM: Final = ("Maximum grade", "Maximum Grade")
MAY_CHANGE: Final = "Grade can be changed"
COMMENTS: Final = "Feedback comments"
MONTHS: Final = "January|February|March|April|May|June|July|August|September|October|November|December"
TIME: Final = r"[0-9]{1,2}:[0-9]{2}( [AP]M)?"
# "Monday, 5 January YYYY, 5:00 PM": the form that PHP's strtotime reads on an English site.
ENGLISH_DATE: Final = re.compile(rf"(\w+day, )?[0-9]{{1,2}} ({MONTHS}) [0-9]{{4}}, {TIME}", re.IGNORECASE)
AGAIN: Final = "Download the worksheet again, with Moodle in English, and do not save it in a spreadsheet"


def fill_worksheet(content: bytes, place: str, records: Sequence[HandBack], *, scale: bool = False) -> Filled:
    """Return the grading worksheet with the grades, and with the comments if it has a column for them. All other bytes
    stay.

    scale: convert grades to the worksheet's maximum if it differs. Raises UsageError if Moodle would refuse the
    worksheet or skip students.
    """
    table = read_cells(content, place, (",",))
    header = [cell.value for cell in table.rows[0]]
    for name in NEEDED:
        if header.count(name) != 1:
            raise UsageError(
                f"{place}, line 1: {header.count(name)} columns {name!r}, expected {', '.join(NEEDED)} once each, "
                f"separated by commas. {AGAIN}."
            )
    columns = {name: header.index(name) for name in header}
    rows = []
    for row in range(1, len(table.rows)):
        identifier = re.fullmatch(r"\D*([0-9]+)", table.value(row, columns[IDENTIFIER]).strip())
        if identifier is None and any(cell.value.strip() for cell in table.rows[row]):
            found = table.value(row, columns[IDENTIFIER])
            raise UsageError(f"{table.at(row)}: {IDENTIFIER} is {found!r}, expected Participant and a number. {AGAIN}.")
        if identifier is not None:
            keys = tuple(table.value(row, columns.get(key)) for key in KEYS)
            rows.append(StudentRow(row, identifier[1].lstrip("0"), keys, table.value(row, columns.get(NAME))))
    matched, left_out = match([one for one in records if one.grade is not None], rows)
    values: dict[tuple[int, int], str] = {}
    filled = replaced = 0
    for row, record in sorted(matched.items()):
        before = number_in(table.value(row, columns[GRADE]))
        refuse_unreadable_date(table, row, columns[MODIFIED], has_grade=before is not None)
        maximum = maximum_of(table, row, header)
        if not scale and other_maxima([record], maximum):
            raise UsageError(
                f"{table.at(row)}: the maximum for {record.label} is {written(rounded(record.max_grade))}, and the "
                f"maximum in Moodle is {written(maximum)}. Set the maximum grade in Moodle and download the worksheet "
                "again, or use --scale."
            )
        grade = scaled(record, maximum) if scale else rounded(record.grade or 0.0)
        if grade is None:
            continue
        if not 0 <= grade <= maximum:
            left_out[record.label] = f"grade {written(grade)} is not between 0 and {written(maximum)}: Moodle skips it"
            continue
        if table.value(row, columns.get(MAY_CHANGE)).strip().casefold() == "no":
            left_out[record.label] = "the grade is locked in Moodle"
            continue
        values[row, columns[GRADE]] = written(grade)
        if record.text and COMMENTS in columns:
            values[row, columns[COMMENTS]] = as_html(record.text)
        filled += 1
        replaced += before is not None and before != grade
    return Filled(table.filled(values), filled, replaced, len(rows) - len(matched), left_out)


def refuse_unreadable_date(table: CellTable, row: int, column: int, *, has_grade: bool) -> None:
    """Raises UsageError. Moodle writes "-" if there is no grade yet."""
    cell = table.value(row, column).strip()
    if (has_grade or cell not in ("", "-")) and not ENGLISH_DATE.fullmatch(cell):
        raise UsageError(
            f"{table.at(row)}: {MODIFIED} is {cell!r}, expected a date as Moodle writes it in English: "
            f"Monday, 5 January and so on. Moodle would skip this student. {AGAIN}."
        )


def maximum_of(table: CellTable, row: int, header: Sequence[str]) -> Decimal:
    column = next((header.index(name) for name in MAXIMUM if name in header), None)
    cell = table.value(row, column)
    maximum = number_in(cell)
    if maximum is None or maximum <= 0:
        raise UsageError(
            f"{table.at(row)}: {MAXIMUM[0]} is {cell!r}, expected a number above 0. Set the assignment in Moodle to "
            "points, not a scale, then download the worksheet again."
        )
    return maximum


def number_in(cell: str) -> Decimal | None:
    try:
        number = Decimal(cell.strip().replace(",", "."))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def as_html(comment: str) -> str:
    """Return a comment as a paragraph of HTML, which Moodle stores. Spreadsheets never read a paragraph as a
    formula."""
    return f"<p>{escape(comment, quote=False)}</p>".replace("\r\n", "\n").replace("\n", "<br>")


def feedback_names(records: Sequence[HandBack]) -> tuple[dict[str, HandBack], dict[str, str]]:
    """Return the pages by their paths in the zip, and for each page that Moodle would ignore: record's label → reason.

    Moodle splits a folder's name at underscores: a name without underscores, the participant, and the plugin for the
    file. Versions before 4.1 need an underscore at the end, later ones allow it.
    """
    names: dict[str, HandBack] = {}
    left_out = {}
    for record in records:
        if not record.lms_id.isdecimal():
            left_out[record.label] = "the number of the participant is not known"
            continue
        plain = re.sub(r'[\x00-\x1f\x7f_/\\:*?"<>|]+', " ", record.name).strip(" .~") or "Participant"
        names[f"{plain}_{record.lms_id}_assignfeedback_file_/feedback.html"] = record
    return names, left_out
