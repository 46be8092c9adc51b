"""What Canvas makes of a gradebook and of feedback files that are uploaded: written from what its importer does.

Shares no code with the grader. The rules: lib/gradebook_importer.rb, app/models/abstract_assignment.rb.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field

SKIPPED_HEADERS = re.compile(
    "Current Score|Current Points|Current Grade|Final Score|Final Points|Final Grade|"
    "Override Score|Override Grade|Override Status"
)


@dataclass
class Course:
    """assignments: title by id. students: name by user id. unassigned: user ids that the assignment is not for."""

    assignments: dict[int, str]
    students: dict[int, str]
    unassigned: set[int] = field(default_factory=set)
    logins: dict[str, int] = field(default_factory=dict)


def upload(course: Course, content: bytes) -> tuple[dict[int, dict[int, str]], list[str]]:
    """By assignment and user the cell that counts, and the titles of assignments that would be made."""
    text = content.decode("utf-8").removeprefix("\ufeff")
    lines = text.splitlines(keepends=True)[:3]
    sizes = {sep: {len(row) for line in lines for row in csv.reader([line], delimiter=sep)} for sep in ";,"}
    fields = {sep: size.pop() if len(size) == 1 else 0 for sep, size in sizes.items()}
    separator = ";" if fields[";"] > fields[","] else ","
    rows = [[converted(cell) for cell in row] for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator)]
    header = rows[0]
    assert (len(header) > 3 and "Student" in header[0] and "ID" in header[1]) or (
        len(header) > 4 and header[:2] == ["LastName", "FirstName"] and "ID" in header[2]
    ), "Invalid header row"
    id_column = 2 if header[0] == "LastName" else 1
    first = header.index("Section") + 1
    found: dict[int, dict[int, str]] = {}
    made = []
    columns = {}
    for title in header[first:]:
        if SKIPPED_HEADERS.search(title):
            continue
        match = re.fullmatch(r"(.*)\s\((\d+)\)", title, re.DOTALL)
        known = int(match[2]) if match and int(match[2]) in course.assignments else None
        known = known or next((key for key, name in course.assignments.items() if name == title), None)
        if known is None:
            made.append(title)
        else:
            columns[known] = header.index(title)
    read_only: set[int] = set()
    for row in rows[1:]:
        if "Points Possible" in row[0]:
            read_only = {key for key, column in columns.items() if re.search(r"read\s+only", row[column])}
            continue
        if all(re.fullmatch(r"\s*(Muted|Manual Posting.*)?\s*", cell, re.I) for cell in row):
            continue
        user = int(row[id_column]) if row[id_column].isdigit() else 0
        if user not in course.students:
            login = row[header.index("SIS Login ID")] if "SIS Login ID" in header else ""
            name = f"{row[1]} {row[0]}" if id_column == 2 else row[0]
            by_name = [key for key, one in course.students.items() if one == name]
            user = course.logins.get(login) or (by_name[0] if by_name else -1)
        for key, column in columns.items():
            if key not in read_only and user not in course.unassigned:
                found.setdefault(key, {})[user] = row[column].strip()
    return found, made


def converted(cell: str) -> str:
    if not re.fullmatch(r"-?[0-9.,]+%?", cell):
        return cell
    *whole, last = re.split("[,.]", cell)
    return f"{''.join(whole)}.{last}" if whole else last


def feedback_owner(name: str, attachments: dict[int, list[int]]) -> int | None:
    """The user that gets a feedback file of this name, or None if Canvas ignores it. attachments: by user, current."""
    parts = name.rpartition("/")[2].split("_")
    numbers = [int(part) for part in parts if re.fullmatch(r"\d+", part)][:2]
    if len(numbers) < 2 or parts[-1].startswith("link") or name.startswith("._"):
        return None
    user, attachment = numbers
    return user if attachment in attachments.get(user, []) else None
