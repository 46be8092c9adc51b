"""Canvas: fill in one column of its gradebook export, and name feedback files so that it recognises them.

The rules follow its importer (lib/gradebook_importer.rb). The importer finds an assignment by the number in brackets
after the title, and makes a new assignment if the number is missing. The importer skips columns whose header contains
"Final Score" or a similar text, read-only columns, and students who are not assigned (N/A). A new value under Points
Possible changes the assignment. If two columns have the same name, the importer reads the first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from grader.delivery.csv_cells import CellTable, read_cells
from grader.delivery.hand_back import Filled, HandBack, letters, other_maxima, rounded, scaled, written
from grader.delivery.matching import StudentRow, match
from grader.errors import UsageError
from grader.intake.downloads.file_names import read_canvas
from grader.intake.downloads.recognise import CANVAS, recognise

NAMES: Final = (("Student",), ("LastName", "FirstName"))  # the course decides which columns come before ID
KEYS: Final = ("SIS User ID", "SIS Login ID", "Integration ID")
SKIPPED_HEADER: Final = re.compile(r"(Current|Final) (Score|Points|Grade)|Override (Score|Grade|Status)")
WITH_NUMBER: Final = re.compile(r"(?P<title>.*)\s\((?P<number>[0-9]+)\)", re.DOTALL)
# Values for students who have no grade because somebody decided so.
KEPT: Final = {"EX": "is excused in Canvas", "N/A": "is not assigned in Canvas"}
AGAIN: Final = "Export the gradebook again (Grades, Export)"


def fill_gradebook(
    content: bytes, place: str, records: Sequence[HandBack], *, column: str = "", scale: bool = False
) -> Filled:
    """Return the gradebook that Canvas exported, with the grades in one column. All other bytes stay.

    column: its header, title or number; not needed if there is only one assignment. scale: convert grades to the
    column's maximum if it differs. Raises UsageError if Canvas would skip the column or misread it.
    """
    table = read_cells(content, place, (",", ";"))
    header = [cell.value for cell in table.rows[0]]
    names = next((names for names in NAMES if header[: len(names) + 1] == [*names, "ID"]), ())
    if not names or "Section" not in header:
        raise UsageError(
            f"{place}, line 1: {', '.join(header[:4])} found, expected Student, ID and Section, as in a gradebook "
            f"that Canvas exported. {AGAIN}."
        )
    target = choose_column(table, header, column)
    heading = next((row for row in range(1, len(table.rows)) if "Points Possible" in table.value(row, 0)), None)
    if heading is None:
        raise UsageError(f"{place}: the row Points Possible was not found. {AGAIN}.")
    maximum = points_possible(table, heading, target, header[target])
    if not scale and (others := other_maxima(records, maximum)):
        raise UsageError(
            f"{table.at(heading)}: {header[target]} has {written(maximum)} points, and {len(others)} grades have "
            f"another maximum: {', '.join(others[:5])}. Set its points in Canvas and export again, or use --scale."
        )
    keys = [header.index(name) for name in KEYS if name in header]
    rows = [
        StudentRow(
            row,
            table.value(row, len(names)),
            tuple(table.value(row, key) for key in keys),
            " ".join(table.value(row, column) for column in range(len(names))),
        )
        for row in range(heading + 1, len(table.rows))
        if letters(table.value(row, 0))
    ]
    graded = [one for one in records if one.grade is not None]
    matched, left_out = match(graded, rows)
    point = "," if table.separator == ";" and "," in table.value(heading, target) else "."
    values: dict[tuple[int, int], str] = {}
    replaced = 0
    for row, record in matched.items():
        before = table.value(row, target).strip()
        if before.upper() in KEPT:
            left_out[record.label] = KEPT[before.upper()]
            continue
        grade = scaled(record, maximum) if scale else rounded(record.grade or 0.0)
        if grade is None:
            continue
        values[row, target] = written(grade, point)
        replaced += before not in ("", "-") and number_in(before) != grade
    return Filled(table.filled(values), len(values), replaced, len(rows) - len(matched), left_out)


def choose_column(table: CellTable, header: Sequence[str], wanted: str) -> int:
    first = header.index("Section") + 1
    columns = {index: found for index in range(first, len(header)) if (found := WITH_NUMBER.fullmatch(header[index]))}
    names = {index: {header[index], found["title"], found["number"]} for index, found in columns.items()}
    usable = [index for index in columns if not SKIPPED_HEADER.search(header[index])]
    fits = [index for index in columns if wanted in names[index]] if wanted else usable or [*columns]
    listed = "There is no column of an assignment"
    if usable:
        listed = f"There are: {', '.join(header[index] for index in usable[:20])}"
    at = table.at(0)
    if not fits and wanted in header[first:]:
        raise UsageError(
            f"{at}: column {wanted!r} has no number in brackets; Canvas would make a new assignment from it. {listed}."
        )
    if not fits:
        raise UsageError(f"{at}: no column {wanted!r} of an assignment found. {listed}.")
    if len(fits) > 1:
        problem = f"several columns fit {wanted!r}" if wanted else "several columns of assignments found"
        raise UsageError(f"{at}: {problem}. {listed}. Name one with --column.")
    if SKIPPED_HEADER.search(header[fits[0]]):
        raise UsageError(
            f"{at}: Canvas skips the column {header[fits[0]]!r} because of the words in its title. Rename the "
            f"assignment in Canvas, then export again."
        )
    return fits[0]


def points_possible(table: CellTable, heading: int, column: int, title: str) -> Decimal:
    cell = table.value(heading, column)
    if re.search(r"read\s+only", cell):
        raise UsageError(f"{table.at(heading)}: {title} is read only, so Canvas would skip it. Name another --column.")
    points = number_in(cell.strip())
    if points is None or points <= 0:
        raise UsageError(
            f"{table.at(heading)}: {title} has {cell.strip()!r} points, expected a number above 0. Give the assignment "
            "points in Canvas, then export again."
        )
    return points


def number_in(cell: str) -> Decimal | None:
    """Read a number as Canvas does: the last point or comma is the decimal one."""
    whole, _, decimals = cell.replace(",", ".").rpartition(".")
    try:
        number = Decimal(f"{whole.replace('.', '')}.{decimals}" if whole else decimals)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def feedback_names(
    records: Sequence[HandBack], entries: Mapping[str, bool]
) -> tuple[dict[str, HandBack], dict[str, str]]:
    """Return the pages by their names in the zip, and for each page that Canvas would ignore: record's label → reason.

    entries: the names in the unpacked download, and whether each is a folder. Canvas finds a student by the first two
    numbers between underscores: those of the user, and of the last file that the user handed in.
    """
    download = recognise(entries)
    latest: dict[str, tuple[int, str, str]] = {}
    for one in download.handed_in if download and download.system == CANVAS else ():
        for entry in one.parts.values():
            item = read_canvas(entry, False)
            if item is not None:
                latest[item.number] = max(latest.get(item.number, (0, "", "")), (item.order, item.owner, item.number))
    names: dict[str, HandBack] = {}
    left_out = {}
    for record in records:
        if record.lms_id not in latest:
            left_out[record.label] = "no file of this student is in the download"
            continue
        order, owner, number = latest[record.lms_id]
        plain = "".join(letter for letter in owner if not letter.isdigit() and letter != "_") or "student"
        names[f"{plain}_{number}_{order}_feedback.html"] = record
    return names, left_out
