"""Reads hand-in times of submissions from a file: Gradescope's list, Moodle's grading worksheet, or a CSV.

    submission_metadata.yml     Gradescope's folders, and who handed each in
    Moodle's worksheet          the column "Last modified (submission)", in English
    CSV                         submission,submitted_at       2026-05-01 23:10, or with its zone

A time without a zone gets the zone of the due time, because Moodle writes times in the zone of its reader.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Final

from grader.decisions import Person
from grader.errors import UsageError
from grader.gradebook.roster_files import PARTICIPANT
from grader.intake.downloads.recognise import LARGEST, people_of, times_in
from grader.intake.names import show
from grader.running.answers_csv import read_sheet

THEN: Final = "read it again"
MOODLE_COLUMN: Final = "Last modified (submission)"
MOODLE_FORMS: Final = ("%A, %d %B %Y, %I:%M %p", "%A, %d %B %Y, %H:%M", "%A, %B %d, %Y, %I:%M %p")


def read_times(
    path: Path, members: Mapping[str, tuple[Person, ...]], title: str, zone: tzinfo | None
) -> dict[str, datetime]:
    """Return submission → time.

    members: submission → its students. zone: for times without one; None if there is no due time. Raises UsageError,
    with the line, for an unreadable time. Ignores rows of other students.
    """
    if not path.is_file():
        raise UsageError(f"{path}: does not exist, expected a list of times.")
    if path.suffix in (".yml", ".yaml"):
        return of_gradescope(path.read_bytes()[:LARGEST], members)
    sheet = read_sheet(path, (), THEN)
    numbers = {one.ids.get(f"moodle:{title}", ""): name for name, team in members.items() for one in team}
    times = {}
    for row, line in zip(sheet.rows, sheet.lines, strict=True):
        place = f"{path}, line {line}"
        if "Identifier" in sheet.header and MOODLE_COLUMN in sheet.header:
            number = PARTICIPANT.fullmatch(sheet.cell(row, "Identifier").strip())
            submission = numbers.get(number[1], "") if number else ""
            written = sheet.cell(row, MOODLE_COLUMN).strip()
        elif {"submission", "submitted_at"} <= {*sheet.header}:
            submission, written = (sheet.cell(row, name).strip() for name in ("submission", "submitted_at"))
        else:
            raise UsageError(f"{path}: expected the columns submission and submitted_at, or Moodle's {MOODLE_COLUMN}.")
        if submission and written not in ("", "-"):
            times[submission] = time_from(written, zone, place)
    return times


def time_from(written: str, zone: tzinfo | None, place: str) -> datetime:
    when = None
    for form in ("", *MOODLE_FORMS):
        try:
            when = datetime.strptime(written, form) if form else datetime.fromisoformat(written)
            break
        except ValueError:
            continue
    if when is None:
        raise UsageError(f"{place}: the time {show(written)!r}, expected YYYY-MM-DD HH:MM. Correct it.")
    if when.tzinfo is None and zone is None:
        raise UsageError(f"{place}: {show(written)!r} has no zone, expected one, or [late] with its due time.")
    return when if when.tzinfo else when.replace(tzinfo=zone)


def of_gradescope(content: bytes, members: Mapping[str, tuple[Person, ...]]) -> dict[str, datetime]:
    """Return submission → time, by the addresses of the students who handed in Gradescope's folders."""
    addresses = {one.email.casefold(): name for name, team in members.items() for one in team if one.email}
    times = times_in(content)
    found = {}
    for folder, people in people_of(content).items():
        names = {addresses.get(one.get("email", "").casefold(), "") for one in people} - {""}
        if folder in times and len(names) == 1:
            found[names.pop()] = times[folder]
    return found
