"""Who handed in what, from the submission_metadata.yml of Gradescope's export: pure, from its bytes.

    submission_123456:
      :submitters:
      - :name: Jane Doe
        :sid: '7'
        :email: …
      :created_at: …

Read line by line and not as YAML: what is wanted has one form, while the rest of the file (results, tags of Ruby's own
classes) is long and not always what a safe YAML reader takes. Format: as third parties
read it; no official page tells.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

METADATA: Final = "submission_metadata.yml"
LARGEST: Final = 64 * 1024 * 1024

KEY: Final = re.compile(r"(submission_[0-9]+):\s*")
SUBMITTERS: Final = re.compile(r"\s+:submitters:\s*")
FIELD: Final = re.compile(r" +(- +)?:(name|sid|email):(.*)")
ESCAPE: Final = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")


def submitters(metadata: bytes) -> dict[str, tuple[list[str], list[str]]]:
    """By the folder's name, of those who handed it in: their names, maybe none, and what tells them apart.

    That are their addresses or else numbers, since a folder's number changes with every attempt. None of a folder where
    somebody has neither, and where two folders have the same.
    """
    found = people_of(metadata)
    known = {folder: sorted(one.get("email") or one.get("sid") or "" for one in found[folder]) for folder in found}
    times = Counter(map(tuple, known.values()))
    keys = {folder: own if all(own) and times[tuple(own)] == 1 else [] for folder, own in known.items()}
    return {
        folder: ([one["name"] for one in people if "name" in one], keys[folder]) for folder, people in found.items()
    }


def people_of(metadata: bytes) -> dict[str, list[dict[str, str]]]:
    """By the folder's name: the fields of each who handed it in."""
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


def plain_scalar(text: str) -> str:
    """The text of a YAML scalar on one line: bare, 'single' or "double" quoted."""
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
