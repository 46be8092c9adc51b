"""Parse the file names in bulk downloads of Canvas, Moodle and Blackboard: each name gives an Item, or None.

Sources: Canvas' lib/content_zipper.rb, Moodle's mod/assign. Blackboard has no official source; independent parsers
agree on its names.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import Final

from grader.intake.names import is_word, same_name

FILE, FOLDER, TEXT, LINK, RECEIPT = "file", "folder", "text entry", "link", "receipt"

# The first _digits_digits_ in a name are the ids of user and file, because Canvas removes such a pair from the name of
# a student. Of the student's name, Canvas leaves only Ruby's [[:word:]], perhaps nothing (read_canvas checks this).
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
LONGEST: Final = 300  # characters; no file system has longer names
LONE_NUMBER: Final = 10_000  # if only one student is found, smaller file ids are probably parts of a date (_2026_1115_)
DAY: Final = re.compile(r"20[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
# A piece between underscores that cannot begin a user name of Blackboard, so it is a part of the assignment's title.
OF_TITLE: Final = re.compile(r"[0-9]*|.*[^a-z0-9.].*", re.DOTALL)


@dataclass(frozen=True)
class Item:
    """What the name of one file or folder in a download contains."""

    entry: str
    kind: str
    name: str
    owner: str
    number: str
    order: int = 0  # of two items with the same file name, the item with the greater number was handed in later
    late: bool = False
    attempt: str = ""
    whole: str = ""  # the owner's name; for Blackboard, the assignment's title and the owner's name


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
    """Remove the assignment's title from Blackboard's owners: all of its names begin with title and user name.

    Title and user name may both contain "_". The title is at most the beginning that all names share. The title ends
    before a piece that may begin a user name: in names with "HW 2" and `s_anna`, `s_bert`, the users keep their `s_`.
    """
    pieces = [owner.split("_")[:-1] for owner in {item.owner for item in items}]
    columns = [set(column) for column in zip(*pieces, strict=False)]
    shared = next((number for number, column in enumerate(columns) if len(column) > 1), len(columns))
    title = [piece for piece, *_ in map(list, columns[:shared])]
    while len(title) > 1 and not OF_TITLE.fullmatch(title[-1]):
        title.pop()
    return [replace(item, owner="_".join(item.owner.split("_")[len(title) :])) for item in items]


def consistent(items: list[Item]) -> list[Item]:
    """Return the items whose names really contain Canvas' ids; an empty list if most items do not.

    Canvas' names contain no fixed word, so a student's own name like `hw_1_2_final.zip` looks like one of Canvas. But
    in a real download, each file id belongs to one user, each user has one name, and few users have the same name.
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
    """Return the file name without the number that Canvas added to a file of a later attempt.

    `layers-1.py` cannot be imported, so its name was layers.py. In names of other files (part-1.zip), the student may
    have written the number, so it is removed only if the name without the number exists, too.
    """
    found = NUMBERED.fullmatch(name)
    plain = found["stem"] + found["suffix"] if found else name
    return plain if name.endswith(".py") or plain in names else name
