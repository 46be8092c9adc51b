"""Makes MESSAGES.md, which students get: what each message means and what to do about it.

grader/messages/            the sentences
ASSIGNMENT/messages.toml    sections; for each sentence, example values from the assignment and an explanation
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from grader.errors import AssignmentError
from grader.messages.advice import ADVICE
from grader.messages.say import CATALOGUE, fields_of, say
from grader.records import Reason
from grader.report.standing import ABSENT, RIGHT, WAITS, WRONG
from grader.report.words import CHECK_WORDS

SOURCE: Final = "messages.toml"
PAGE: Final = "MESSAGES.md"

OPENING: Final = """# What the messages mean

`grader check` shows three things for each function: its state, what is wrong, and where to look. The messages below are
examples; your messages have the names, shapes and numbers of your function.

An indented sentence below a message is a hint. You get one if your values are those of a known mistake, or if Python
raised a well-known exception (listed at the end). If you get no hint, the grader does not know your mistake.

## The state of a function"""
STANDINGS: Final = {
    RIGHT: "Every compared value agrees with the solution's.",
    WRONG: "The function ran, or tried to. The messages below the table say what is wrong.",
    ABSENT: "It still raises NotImplementedError, or is not in the file.",
    WAITS: "It is written, but needs a missing function, one that does not run, or a file that cannot be imported.",
}
STATUSES: Final = (
    "A page (`--html`, and the feedback on your graded work) shows the status of every single check, in these words:"
)


def messages_page(folder: Path) -> str | None:
    """Return the page for the assignment in `folder`; None if the assignment has no messages.toml.

    Raises AssignmentError if messages.toml is invalid.
    """
    path = folder / SOURCE
    if not path.is_file():
        return None
    parts = [OPENING, table("state", STANDINGS.items()), STATUSES, table("status", CHECK_WORDS.items())]
    for section in sections_of(path):
        rows = [(f"`{say(example_of(id, entry, path))}`", entry["means"]) for id, entry in section["says"].items()]
        parts += [f"## {section['title']}", section.get("above", ""), table("message", rows)]
    parts += ["## Hints on well-known exceptions", "\n".join(f"- {text}" for text in ADVICE.values())]
    return "\n\n".join(filter(None, parts)) + "\n"


def sections_of(path: Path) -> list[dict[str, Any]]:
    try:
        return list(tomllib.loads(path.read_text(encoding="utf-8"))["sections"])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError) as error:
        found = f"cannot be read ({error}), expected a table [[sections]]"
        raise AssignmentError(f"{path}: {found}. Correct it.") from error


def example_of(id: str, entry: Mapping[str, Any], path: Path) -> Reason:
    """Return the example for one message. Raises AssignmentError for an unknown id, and for wrong or missing values."""
    if id not in CATALOGUE:
        raise AssignmentError(f"{path}: no message has the id {id}. Correct the id, or remove the entry.")
    example = entry.get("example", {})
    if example.keys() != fields_of(CATALOGUE[id]):
        found, expected = (", ".join(sorted(names)) or "none" for names in (example, fields_of(CATALOGUE[id])))
        raise AssignmentError(f"{path}: the example of {id} has the values {found}, expected {expected}. Correct it.")
    return Reason(id, example)


def table(first: str, rows: Iterable[tuple[str, str]]) -> str:
    return "\n".join([f"| {first} | it means |", "|---|---|", *(f"| {text} | {means} |" for text, means in rows)])
