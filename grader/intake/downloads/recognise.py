"""Find the owner of each file in a learning platform's bulk download, by the names in one folder. Pure.

    names ─► recognise ─► Download: a HandedIn for each student, with the files that count and notes

Canvas, Moodle and Blackboard write owner, attempt and lateness into names (file_names.py); Gradescope has a list of
owners beside its folders. `others` names the entries that do not fit; the caller decides about them. Gradescope's list:

    submission_123456:
      :submitters:
      - :name: Jane Doe
        :sid: '7'
        :email: …
      :created_at: …

The list is read line by line and not as YAML. The rest of the file (results, tags of Ruby classes) is long, and a safe
YAML reader refuses some of it, whereas these fields always have the same form. Source of the format: parsers of third
parties; no official page describes it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from grader.intake.downloads.file_names import (
    FILE,
    FOLDER,
    LINK,
    LONGEST,
    TEXT,
    Item,
    consistent,
    first_name,
    name_owners,
    read_blackboard,
    read_canvas,
    read_moodle,
)
from grader.intake.names import listed, show
from grader.messages.say import say
from grader.records import Reason

CANVAS, MOODLE, BLACKBOARD, GRADESCOPE = "Canvas", "Moodle", "Blackboard", "Gradescope"
# The kinds of items that the grader does not read, each with its words in a message.
UNREAD: Final = {TEXT: Reason.of("text_entry"), LINK: Reason.of("link")}

METADATA: Final = "submission_metadata.yml"
LARGEST: Final = 64 * 1024 * 1024

KEY: Final = re.compile(r"(submission_[0-9]+):\s*")
SUBMITTERS: Final = re.compile(r"\s+:submitters:\s*")
CREATED: Final = re.compile(r"  :created_at: *(.*)")
FIELD: Final = re.compile(r" +(- +)?:(name|sid|email):(.*)")
TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]+([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]+)? ?(Z|UTC|[+-][0-9]{2}:?[0-9]{2})"
)
ESCAPE: Final = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")


@dataclass(frozen=True)
class HandedIn:
    """What one student or team handed in.

    parts: the entries that count, by the file name that the student gave each; by "" if one folder is the submission.
    """

    label: str  # a name for people: the same in every download, and unique in this download
    source: str  # the entry, or the label if the submission has several entries
    parts: Mapping[str, str]
    notes: tuple[Reason, ...]
    problem: Reason | None = None  # why nothing can be read, such as for a text entry
    person: str = ""  # identifies the owner: the same name in every attempt and every download
    entries: tuple[str, ...] = ()  # all of this student's entries in the download
    late: bool = False
    left_out: int = 0  # files of earlier attempts


@dataclass(frozen=True)
class Download:
    """A folder whose names are those of a bulk download."""

    system: str
    handed_in: tuple[HandedIn, ...]
    others: tuple[str, ...]  # entries whose names are not those of the platform
    absent: tuple[str, ...] = ()  # folders that are in Gradescope's list but do not exist

    @property
    def summary(self) -> str:
        empty = sum(one.problem is not None for one in self.handed_in)
        files = sum(len(one.parts) for one in self.handed_in)
        late, left_out = sum(one.late for one in self.handed_in), sum(one.left_out for one in self.handed_in)
        facts = [f"{count(len(self.handed_in), 'submission')} in {count(files, 'file or folder', 'files and folders')}"]
        facts += [f"{late} late"] if late else []
        facts += [f"{count(left_out, 'file')} of earlier attempts left out"] if left_out else []
        facts += [f"{empty} without a file"] if empty else []
        facts += [f"in the list but missing: {say(listed(self.absent))}"] if self.absent else []
        return f"taken for a download from {self.system}: {', '.join(facts)}"


def recognise(entries: Mapping[str, bool], metadata: bytes | None = None) -> Download | None:
    """Return the download that these entries form, or None. entries: for each name, whether it is a folder.

    metadata: the content of Gradescope's submission_metadata.yml, if it is among them.
    """
    if metadata is not None and (download := read_gradescope(entries, metadata)):
        return download
    readers = {MOODLE: read_moodle, BLACKBOARD: read_blackboard, CANVAS: read_canvas}
    for system, read in readers.items():
        short = [entry for entry in entries if len(entry) <= LONGEST]
        items = [item for entry in short if (item := read(entry, entries[entry]))]
        if system == BLACKBOARD:
            items = name_owners(items)
        if system == CANVAS:
            items = consistent(items)
            if len({item.number for item in items}) == 1 and len(items) < len(entries) - len(items):
                continue  # a single such name among many others is probably a student's own file name
        if not items:
            continue
        students: dict[tuple[str, str], list[Item]] = {}
        for item in items:
            students.setdefault((item.owner, item.number), []).append(item)
        known = {item.entry for item in items}
        others = tuple(entry for entry in entries if entry not in known)
        return Download(system, tuple(settle(system, one) for one in students.values()), others)
    return None


def person_of(entry: str) -> str:
    """Return the owner in the name of an entry. If no platform writes such names, return the whole name."""
    readers = (read_moodle, read_blackboard, read_canvas)
    items = (read(entry, folder) for read in readers for folder in (False, True))
    return next((named(item.whole, item.number) for item in items if item), entry)


def named(owner: str, number: str) -> str:
    return f"{owner}_{number}" if number else owner


def settle(system: str, items: list[Item]) -> HandedIn:
    """Decide which of one student's items count, and write notes on them."""
    latest = max(item.attempt for item in items)
    now = sorted((item for item in items if item.attempt == latest), key=lambda item: item.order)
    earlier = [item for item in items if item.attempt != latest and item.kind == FILE]
    names = {item.name for item in now}
    taken: dict[str, Item] = {}
    for item in now:
        if item.kind in (FILE, FOLDER):
            name = first_name(item.name, names) if system == CANVAS else item.name
            earlier += [taken[name]] if name in taken else []
            taken[name] = item
    late = any(item.late for item in items)
    notes = [describe(system, items[0], latest, late, list(taken.values()))]
    renamed = [(item.name, name) for name, item in taken.items() if name != item.name]
    notes += [Reason.of("numbered_again", file=show(old), name=show(name)) for old, name in renamed]
    if earlier:
        notes.append(Reason.of("earlier_attempts", names=listed(item.entry for item in earlier)))
    unread = [item for item in now if item.kind in UNREAD]
    if unread:
        kind, entries = UNREAD[unread[0].kind], listed(item.entry for item in unread)
        notes.append(Reason.of("handed_in_unread", kind=kind, names=entries))
    parts = {name: item.entry for name, item in taken.items()}
    label = named(items[0].owner, items[0].number)
    counted = [item.entry for item in taken.values()] or [item.entry for item in now]
    source = counted[0] if len(counted) == 1 else label
    person = named(items[0].whole, items[0].number)
    mine = tuple(item.entry for item in items)
    if system == BLACKBOARD:  # version 0.1 removed a longer title if all user names began with the same piece
        mine += tuple(person.split("_", parts)[-1] for parts in range(1, person.count("_") + 1))
    problem = Reason.of("latest_is_empty") if earlier and not taken else None
    if not taken and not earlier:
        nothing = UNREAD.get(now[0].kind)
        problem = Reason.of("only_unread", kind=nothing) if nothing else Reason.of("nothing_handed_in")
    return HandedIn(label, source, parts, tuple(notes), problem, person, mine, late, len(earlier))


def describe(system: str, item: Item, attempt: str, late: bool, taken: list[Item]) -> Reason:
    who: str | Reason = show(item.owner) or Reason.of("somebody")
    if system == CANVAS:
        who = Reason.of("user", name=who, number=show(item.number))
    elif system == MOODLE:
        who = Reason.of("participant", name=who, number=show(item.number))
    when = Reason.of("attempt_of", attempt=attempt) if attempt else ""
    named = any(item.name for item in taken)
    files = Reason.of("these_files", names=listed(item.name for item in taken)) if named else ""
    too_late = Reason.of("late") if late else ""
    return Reason.of("handed_in_by", system=system, who=who, which=when, late=too_late, files=files)


def read_gradescope(entries: Mapping[str, bool], metadata: bytes) -> Download | None:
    """Return Gradescope's download. The folders' names are numbers; the list beside the folders names the owners."""
    people = submitters(metadata)
    handed_in = []
    for entry, (names, keys) in people.items():
        if entries.get(entry):
            number = entry.rpartition("_")[2]
            who = listed(names) if names else Reason.of("not_on_the_list")
            label = "_".join([*names[:3], number]) if names else entry
            which = Reason.of("submission_number", number=number)
            note = Reason.of("handed_in_by", system=GRADESCOPE, who=who, which=which, late="", files="")
            person = " ".join(keys) or entry
            handed_in.append(HandedIn(label, entry, {"": entry}, (note,), person=person, entries=(entry,)))
    others = tuple(entry for entry in entries if entry not in people and entry != METADATA)
    absent = tuple(entry for entry in people if entry not in entries)
    return Download(GRADESCOPE, tuple(handed_in), others, absent=absent) if handed_in else None


def submitters(metadata: bytes) -> dict[str, tuple[list[str], list[str]]]:
    """Return for each folder the names of its owners (the list may be empty), and their keys.

    A key is an owner's email address, or else the student number. (The folder's number cannot be a key, because it
    changes with every attempt.) A folder has no keys if an owner has neither, or if another folder has the same keys.
    """
    found = people_of(metadata)
    known = {folder: sorted(one.get("email") or one.get("sid") or "" for one in found[folder]) for folder in found}
    times = Counter(map(tuple, known.values()))
    keys = {folder: own if all(own) and times[tuple(own)] == 1 else [] for folder, own in known.items()}
    return {
        folder: ([one["name"] for one in people if "name" in one], keys[folder]) for folder, people in found.items()
    }


def people_of(metadata: bytes) -> dict[str, list[dict[str, str]]]:
    """Return for each folder the fields (name, sid, email) of each of its owners."""
    found: dict[str, list[dict[str, str]]] = {}
    people: list[dict[str, str]] = []
    inside = False
    for line in metadata.decode("utf-8", "replace").splitlines():
        if key := KEY.fullmatch(line):
            people = found.setdefault(key[1], [])
            inside = False
        elif SUBMITTERS.fullmatch(line):
            inside = True
        elif inside and (field := FIELD.fullmatch(line)):
            if field[1] or not people:
                people.append({})
            if value := plain_scalar(field[3].strip()):
                people[-1][field[2]] = value
        else:
            inside = False
    return found


def times_in(metadata: bytes) -> dict[str, datetime]:
    """Return for each folder the time at which it was handed in. Leaves out times without a zone or of another form."""
    found: dict[str, datetime] = {}
    folder = ""
    for line in metadata.decode("utf-8", "replace").splitlines():
        if key := KEY.fullmatch(line):
            folder = key[1]
        elif folder and (created := CREATED.fullmatch(line)) and (when := time_from(plain_scalar(created[1].strip()))):
            found.setdefault(folder, when)
    return found


def time_from(text: str) -> datetime | None:
    """Parse a time with a zone in the form of YAML or ISO 8601: 2026-05-01 09:00:00.123456789 -07:00; else None."""
    match = TIME.search(text)
    if match is None:
        return None
    zone = "+00:00" if match[4] in ("Z", "UTC") else match[4] if ":" in match[4] else f"{match[4][:3]}:{match[4][3:]}"
    with suppress(ValueError):
        return datetime.fromisoformat(f"{match[1]}T{match[2]}{(match[3] or '')[:7]}{zone}")
    return None


def plain_scalar(text: str) -> str:
    """Return the text of a YAML scalar on one line: unquoted, or in 'single' or "double" quotes."""
    if len(text) >= 2 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return ESCAPE.sub(lambda found: unescape(*found.groups()), text[1:-1])
    return "" if text in ("~", "null") else text


def unescape(two: str | None, four: str | None, eight: str | None, other: str | None) -> str:
    if other is not None:
        return {"n": "\n", "t": "\t"}.get(other, other)
    code = int(two or four or eight or "0", 16)
    return chr(code) if code < 0x110000 else "\ufffd"


def count(number: int, one: str, more: str = "") -> str:
    return f"{number} {one if number == 1 else more or one + 's'}"
