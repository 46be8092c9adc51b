"""Reads students from a roster file: Canvas' gradebook export, Moodle's worksheet, or any CSV with names and ids.

    Canvas     Student,ID[,SIS User ID][,SIS Login ID]…,Section     or LastName,FirstName,ID…
    Moodle     Identifier ("Participant 31"),Full name,Email address…      numbers of this one assignment
    others     name and one of: student, login, email, sis, canvas; also section

A spreadsheet program may have saved the file (answers_csv.read_sheet). Other columns, such as marks, are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from grader.decisions import Person
from grader.errors import UsageError
from grader.gradebook.naming import LONGEST_NAME
from grader.intake.names import clean
from grader.running.answers_csv import Sheet, read_sheet

THEN: Final = "import it again"
PARTICIPANT: Final = re.compile(r"\D*([0-9]+)")
CANVAS_IDS: Final = {"ID": "canvas", "SIS User ID": "sis", "SIS Login ID": "login"}
OTHER_IDS: Final = {"login": "login", "username": "login", "sis": "sis", "canvas": "canvas"}
# First cells (without blanks) of rows in Canvas' export that are no students.
NOBODY: Final = ("Points Possible", "Student, Test", "Manual Posting", "")


def read_roster(path: Path, title: str = "") -> list[Person]:
    """Return the students of a file.

    title: the assignment's, to which Moodle's numbers belong. Raises UsageError, with the line, if the file is missing
    or has none of the three formats.
    """
    if not path.is_file():
        raise UsageError(f"{path}: does not exist, expected a roster as CSV.")
    sheet = read_sheet(path, (), THEN)
    header = {name: index for index, name in reversed([*enumerate(sheet.header)])}
    found = []
    for row, line in zip(sheet.rows, sheet.lines, strict=True):
        cells = {name: clean(row[index].strip())[:LONGEST_NAME] for name, index in header.items()}
        if {"ID", "Section"} <= header.keys() and ("Student" in header or "LastName" in header):
            student = of_canvas(cells)
        elif "Identifier" in header:
            student = of_moodle(cells, title, path)
        else:
            student = of_table(cells, sheet, f"{path}, line {line}")
        if student is not None:
            found.append(student)
    if not found:
        raise UsageError(f"{path}: no student was found, expected a row for each.")
    return found


def of_canvas(cells: Mapping[str, str]) -> Person | None:
    name = cells.get("Student") or ", ".join(filter(None, (cells.get("LastName"), cells.get("FirstName"))))
    if name in NOBODY:
        return None
    ids = {system: cells[column] for column, system in CANVAS_IDS.items() if cells.get(column)}
    login = ids.get("login", "")
    return Person("", name, login if "@" in login else "", cells["Section"], ids)


def of_moodle(cells: Mapping[str, str], title: str, path: Path) -> Person | None:
    number = PARTICIPANT.fullmatch(cells["Identifier"])
    if number is None:
        return None
    if not title:
        raise UsageError(f"{path}: is Moodle's worksheet, whose numbers are of one assignment. Name it with --title.")
    # Moodle translates its headers, so take the second column as the name, and a cell with @ as the address.
    columns = [*cells]
    name = cells.get("Full name") or cells[columns[1]]
    email = next((value for value in cells.values() if re.fullmatch(r"[^@\s]+@[^@\s]+", value)), "")
    sis = {"sis": cells["ID number"]} if cells.get("ID number") else {}
    return Person("", name, email, "", {f"moodle:{title}": number[1], **sis})


def of_table(cells: Mapping[str, str], sheet: Sheet, place: str) -> Person:
    lower = {name.strip().lower(): value for name, value in cells.items()}
    ids = {system: lower[column] for column, system in OTHER_IDS.items() if lower.get(column)}
    key, email = lower.get("student", ""), lower.get("email", "")
    if not (key or email or ids):
        columns = ", ".join(sheet.header)
        raise UsageError(
            f"{place}: no id was found (columns {columns[:100]}), expected one of student, login, email, sis, canvas. "
            f"Correct it, then {THEN}."
        )
    return Person(key, lower.get("name", ""), email, lower.get("section", ""), ids)
