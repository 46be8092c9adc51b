"""How Canvas, Moodle and Blackboard call a student's file in a bulk download, as patterns: one name in, an Item out.

Canvas: its lib/content_zipper.rb. Moodle: its mod/assign. Blackboard has no official source; independent parsers agree.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import Final

from grader.intake.names import is_word, same_name

FILE, FOLDER, TEXT, LINK, RECEIPT = "file", "folder", "text entry", "link", "receipt"

# The first _digits_digits_ are the ids; Canvas takes such a pair out of the student's own name, of which only
# [[:word:]] is left, maybe nothing (read_canvas looks at that).
CANVAS_NAMED: Final = re.compile(
    r"(?P<name>.*?)_(?P<late>LATE_)?(?P<user>[1-9][0-9]*)_(?:(?P<text>text|link)\.html|(?P<number>[1-9][0-9]*)_(?P<file>.+))"
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
DAY: Final = re.compile(r"20[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
# A piece between underscores that no user's name of Blackboard begins with: the title reaches at least so far.
OF_TITLE: Final = re.compile(r"[0-9]*|.*[^a-z0-9.].*", re.DOTALL)


@dataclass(frozen=True)
class Item:
    """One entry of the folder, as its name tells it."""

    entry: str
    kind: str
    name: str
    owner: str
    number: str
    order: int = 0  # of two items of one name the greater is the later
    late: bool = False
    attempt: str = ""
    whole: str = ""  # the owner as the entry has it, title and all; it does not depend on the other entries


def read_canvas(entry: str, folder: bool) -> Item | None:
    found = CANVAS_ANONYMOUS.fullmatch(entry) or CANVAS_NAMED.fullmatch(entry)
    if folder or not found:
        return None
    owner = same_name(found["name"])
    if owner != owner.lower() or not all(map(is_word, owner)):
        return None
    kind = {"text": TEXT, "link": LINK, None: FILE}[found["text"]]
    order = int(found["number"]) if found["number"] and len(found["number"]) < 20 else 0
    return Item(entry, kind, found["file"] or "", owner, found["user"], order, bool(found["late"]), whole=owner)


def read_moodle(entry: str, folder: bool) -> Item | None:
    found = MOODLE_NAMED.fullmatch(entry)
    if not found or not (folder or found["file"]):
        return None
    kind = TEXT if found["plugin"] == "onlinetext" else FOLDER if folder else FILE
    owner = same_name(found["name"]).replace("_", " ")
    return Item(entry, kind, found["file"] or "", owner, found["user"], whole=owner)


def read_blackboard(entry: str, folder: bool) -> Item | None:
    found = BLACKBOARD_NAMED.fullmatch(entry)
    if folder or not found:
        return None
    kind = RECEIPT if found["receipt"] else FILE
    owner = same_name(found["owner"])
    return Item(entry, kind, found["file"] or "", owner, "", attempt=found["attempt"], whole=owner)


def name_owners(items: list[Item]) -> list[Item]:
    """Take the assignment's title, which all of Blackboard's names begin with, from before the user's name.

    Both may hold "_". The title is never more than what all have in common, nor more than has to be title: `s_anna` and
    `s_bert` are users of "HW 2", whoever else hands in.
    """
    pieces = [owner.split("_")[:-1] for owner in {item.owner for item in items}]
    columns = [set(column) for column in zip(*pieces, strict=False)]
    shared = next((number for number, column in enumerate(columns) if len(column) > 1), len(columns))
    title = [piece for piece, *_ in map(list, columns[:shared])]
    while len(title) > 1 and not OF_TITLE.fullmatch(title[-1]):
        title.pop()
    return [replace(item, owner="_".join(item.owner.split("_")[len(title) :])) for item in items]


def consistent(items: list[Item]) -> list[Item]:
    """Those of the items whose names hold Canvas' ids; none of them if most, or the rest together, cannot.

    Its names have no word of their own, and `hw_1_2_final.zip` looks like one. A file's number is one user's, a user
    has one name, few users share one.
    """
    names: dict[str, set[str]] = {}
    users: dict[int, set[str]] = {}
    for item in items:
        names.setdefault(item.number, set()).add(item.owner.casefold())
        if item.kind == FILE:
            users.setdefault(item.order, set()).add(item.number)
    fit = [item for item in items if len(names[item.number]) == 1]
    fit = [item for item in fit if item.kind != FILE or len(users[item.order]) == 1]
    return fit if 2 * len(fit) > len(items) and can_be_users(fit) else []


def can_be_users(items: list[Item]) -> bool:
    owners = {item.number: item.owner for item in items}
    if all(item.owner == "anon" for item in items):
        return True
    orders = [item.order for item in items if item.kind == FILE]
    if len(owners) == 1:
        return all(order >= LONE_NUMBER and not DAY.fullmatch(str(order)) for order in orders)
    shared = Counter(owners.values())
    return 2 * len(shared) > len(owners) and len(set(orders)) > len(orders) // 2


def first_name(name: str, names: set[str]) -> str:
    """The name before Canvas numbered it: `layers-1.py` is no module that could be imported, so it was layers.py.

    Of other files a number may be the student's own (part-1.zip, part-2.zip), unless the plain name is there, too.
    """
    found = NUMBERED.fullmatch(name)
    plain = found["stem"] + found["suffix"] if found else name
    return plain if name.endswith(".py") or plain in names else name
