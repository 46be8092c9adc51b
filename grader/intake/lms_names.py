"""How Canvas, Moodle and Blackboard call a student's file in a bulk download, as patterns: one name in, an Item out.

Canvas: its lib/content_zipper.rb. Moodle: its mod/assign. Blackboard has no official source; independent parsers agree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

FILE, FOLDER, TEXT, LINK, RECEIPT = "file", "folder", "text entry", "link", "receipt"

# The first _digits_digits_ are the ids; Canvas takes such a pair out of the student's own name.
CANVAS_NAMED: Final = re.compile(
    r"(?P<name>\w+?)_(?P<late>LATE_)?(?P<user>[1-9][0-9]*)_(?:(?P<text>text|link)\.html|(?P<number>[1-9][0-9]*)_(?P<file>.+))"
)
CANVAS_ANONYMOUS: Final = re.compile(
    r"(?P<late>LATE_)?(?P<name>anon)_(?P<user>[A-Za-z0-9]+)_(?:(?P<text>text|link)\.html|(?P<number>[1-9][0-9]*)_(?P<file>.+))"
)
MOODLE_NAMED: Final = re.compile(
    r"(?P<name>.+)_(?P<user>[0-9]+)_assignsubmission_(?P<plugin>file|onlinetext)(?:_(?P<file>.*))?"
)
BLACKBOARD_NAMED: Final = re.compile(
    r"(?P<owner>.+?)_attempt_(?P<attempt>[0-9]{4}(?:-[0-9]{2}){5})(?:_(?P<file>.+)|(?P<receipt>\.txt))"
)
NUMBERED: Final = re.compile(r"(?P<stem>.+)-[1-9][0-9]*(?P<suffix>\.[^.]+|\.tar\.[^.]+)")
LONGEST: Final = 300  # bytes that a name has on any file system, and some
LONE_NUMBER: Final = 10_000  # a date in a name, _2026_1115_, looks like ids where no second student contradicts it


@dataclass(frozen=True)
class Item:
    """One entry of the folder, as its name tells it. order: of two items of one name the greater is the later."""

    entry: str
    kind: str
    name: str
    owner: str
    number: str
    order: int = 0
    late: bool = False
    attempt: str = ""


def read_canvas(entry: str, folder: bool) -> Item | None:
    found = CANVAS_ANONYMOUS.fullmatch(entry) or CANVAS_NAMED.fullmatch(entry)
    if folder or not found or found["name"] != found["name"].lower():
        return None
    kind = {"text": TEXT, "link": LINK, None: FILE}[found["text"]]
    order = int(found["number"]) if found["number"] and len(found["number"]) < 20 else 0
    return Item(entry, kind, found["file"] or "", found["name"], found["user"], order, bool(found["late"]))


def read_moodle(entry: str, folder: bool) -> Item | None:
    found = MOODLE_NAMED.fullmatch(entry)
    if not found or not (folder or found["file"]):
        return None
    kind = TEXT if found["plugin"] == "onlinetext" else FOLDER if folder else FILE
    return Item(entry, kind, found["file"] or "", found["name"].replace("_", " "), found["user"])


def read_blackboard(entry: str, folder: bool) -> Item | None:
    found = BLACKBOARD_NAMED.fullmatch(entry)
    if folder or not found:
        return None
    kind = RECEIPT if found["receipt"] else FILE
    return Item(entry, kind, found["file"] or "", found["owner"], "", attempt=found["attempt"])


def name_owners(items: list[Item]) -> list[Item]:
    """Take the assignment's title, which all of Blackboard's names begin with, from before the user's name.

    Both may hold "_": the title is what all have in common; where there is one student, all but the last piece.
    """
    pieces = [owner.split("_")[:-1] for owner in {item.owner for item in items}]
    columns = [set(column) for column in zip(*pieces, strict=False)]
    shared = next((number for number, column in enumerate(columns) if len(column) > 1), len(columns))
    return [replace(item, owner="_".join(item.owner.split("_")[shared:])) for item in items]


def is_consistent(items: list[Item]) -> bool:
    """Whether these can be Canvas' ids: its names have no word of their own, and `hw_1_2_final.zip` looks like one.

    A file's number occurs once, a user has one name, few users share one; all users' numbers are true for all.
    """
    files = [item for item in items if item.kind == FILE]
    names: dict[str, set[str]] = {}
    for item in items:
        names.setdefault(item.number, set()).add(item.owner)
    if len({item.order for item in files}) < len(files) or any(len(one) > 1 for one in names.values()):
        return False
    if all(item.owner == "anon" for item in items):
        return True
    if len(names) == 1:
        return all(item.order >= LONE_NUMBER for item in files)
    return 2 * len(set.union(*names.values())) > len(names)


def first_name(name: str, names: set[str]) -> str:
    """The name before Canvas numbered it: `layers-1.py` is no module that could be imported, so it was layers.py.

    Of other files a number may be the student's own (part-1.zip, part-2.zip), unless the plain name is there, too.
    """
    found = NUMBERED.fullmatch(name)
    plain = found["stem"] + found["suffix"] if found else name
    return plain if name.endswith(".py") or plain in names else name
