"""MESSAGES.md, which students get: what each message means and what to do about it.

messages/          the sentences
messages.toml      the assignment's: sections, an example of each sentence in its own words, and what it means
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

`grader check` tells three things of a function: how it stands, what is wrong, and where to look. The messages below are
examples; names, shapes and numbers are those of the function that you are at.

A sentence set further in, below a message, is a hint: your values are those that a known mistake gives, or Python's
exception is a well-known one (the list at the end). Where there is none, nobody has made your mistake before.

## How a function stands"""
STANDINGS: Final = {
    RIGHT: "Every value that was compared agrees with the solution's.",
    WRONG: "The function ran, or tried to. The messages below the table say how it went wrong.",
    ABSENT: "It still raises NotImplementedError, or is not in the file.",
    WAITS: "It is written, but needs a function that is not there yet or does not run, or a file that does not import.",
}
STATUSES: Final = (
    "A page (`--html`, and what you get back when your work is graded) says it of every single check, in these words:"
)


def messages_page(folder: Path) -> str | None:
    """The page for an assignment; None if it explains no messages. Raises AssignmentError if its file is wrong."""
    path = folder / SOURCE
    if not path.is_file():
        return None
    parts = [OPENING, table("it says", STANDINGS.items()), STATUSES, table("status", CHECK_WORDS.items())]
    for section in sections_of(path):
        rows = [(f"`{say(example_of(id, said, path))}`", said["means"]) for id, said in section["says"].items()]
        parts += [f"## {section['title']}", section.get("above", ""), table("it says", rows)]
    parts += ["## Hints on well-known exceptions", "\n".join(f"- {text}" for text in ADVICE.values())]
    return "\n\n".join(filter(None, parts)) + "\n"


def sections_of(path: Path) -> list[dict[str, Any]]:
    try:
        return list(tomllib.loads(path.read_text(encoding="utf-8"))["sections"])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError) as error:
        found = f"cannot be read ({error}), expected a table [[sections]]"
        raise AssignmentError(f"{path}: {found}. Correct it.") from error


def example_of(id: str, said: Mapping[str, Any], path: Path) -> Reason:
    """Raises AssignmentError for an id or a value that no sentence has, or one that is missing."""
    if id not in CATALOGUE:
        raise AssignmentError(f"{path}: no message is called {id}. Take it out, or correct the name.")
    example = said.get("example", {})
    if example.keys() != fields_of(CATALOGUE[id]):
        found, expected = (", ".join(sorted(names)) or "none" for names in (example, fields_of(CATALOGUE[id])))
        raise AssignmentError(f"{path}: the example of {id} has the values {found}, expected {expected}. Correct it.")
    return Reason(id, example)


def table(first: str, rows: Iterable[tuple[str, str]]) -> str:
    return "\n".join([f"| {first} | it means |", "|---|---|", *(f"| {said} | {means} |" for said, means in rows)])
