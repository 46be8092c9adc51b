"""Finds the row of each student in a platform's file, by the platform's number, then login or address, then name.

A number counts only if the names agree, because a group's number may belong to another student. A record that fits
several rows is left out and reported, never guessed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from grader.delivery.hand_back import HandBack, letters, same_letters


@dataclass(frozen=True)
class StudentRow:
    """One student in a platform's file. number: the row's number. keys: logins, addresses, school ids."""

    number: int
    lms_id: str
    keys: tuple[str, ...]
    name: str


def match(records: Sequence[HandBack], rows: Sequence[StudentRow]) -> tuple[dict[int, HandBack], dict[str, str]]:
    """Return row's number → record, and for each record without a row: label → reason."""
    by_id: dict[str, list[StudentRow]] = defaultdict(list)
    by_key: dict[str, list[StudentRow]] = defaultdict(list)
    by_name: dict[str, list[StudentRow]] = defaultdict(list)
    for row in rows:
        by_id[row.lms_id].append(row)
        for key in {key.casefold() for key in row.keys if key}:
            by_key[key].append(row)
        by_name["".join(sorted(letters(row.name)))].append(row)
    taken: dict[int, HandBack] = {}
    left_out: dict[str, str] = {}
    twice: set[int] = set()
    for record in records:
        if record.lms_id:
            found = by_id.get(record.lms_id, [])
        else:
            keys = [key.casefold() for key in (record.sis, record.login, *record.email.split()) if key]
            name = "".join(sorted(letters(record.name)))
            named = by_name.get(name, []) if name else []
            found = next((by_key[key] for key in keys if key in by_key), named)
        why = doubt(record, found)
        if why:
            left_out[record.label] = why
        elif found[0].number in taken:
            other = taken[found[0].number]
            left_out[record.label] = left_out[other.label] = f"{record.label} and {other.label} fit the same row"
            twice.add(found[0].number)
        else:
            taken[found[0].number] = record
    return {number: record for number, record in taken.items() if number not in twice}, left_out


def doubt(record: HandBack, found: Sequence[StudentRow]) -> str:
    """Return the reason why the record has no row among these, or "" if it has one."""
    if not found:
        return "is not in the file"
    if len(found) > 1:
        return f"fits {len(found)} rows of the file"
    row = found[0]
    is_known = record.lms_id and letters(record.name) and letters(row.name)
    if is_known and not same_letters(record.name, row.name):
        return f"number {record.lms_id} is called {row.name!r} in the file, not {record.name!r}"
    return ""
