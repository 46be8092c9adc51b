"""MESSAGES.md, which students get: what each message means and what to do about it, made from the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from grader.messages import advice, failures, marks, notes, standing, values
from grader.messages.entry import Entry
from grader.messages.say import say
from grader.records import Reason
from grader.report.standing import ABSENT, RIGHT, WAITS, WRONG
from grader.report.words import CHECK_WORDS

NAME: Final = "MESSAGES.md"

OPENING: Final = """# What the messages mean

`grader check` tells three things of a function: how it stands, what is wrong, and where to look. The messages below are
examples; names, shapes and numbers are those of the function that you are at."""

STANDINGS: Final = {
    RIGHT: "Every value that was compared agrees with the solution's.",
    WRONG: "The function ran, or tried to. The messages below the table say how it went wrong.",
    ABSENT: "It still raises NotImplementedError, or is not in the file.",
    WAITS: (
        "It is written, but needs a function that is not there yet or does not run, or lies in a file that cannot be "
        "imported."
    ),
}
STATUSES: Final = (
    "A page (`--html`, and what you get back when your work is graded) says it of every single check, in these words:"
)
HINTS: Final = (
    "A sentence set further in, below a message, is a hint: your values are those that a known mistake gives, or "
    "Python's exception is a well-known one. Where there is none, nobody has made your mistake before."
)
RELATIVE: Final = (
    "How much is wrong is told relative to the largest value that was expected. What is around 1e-7 is a matter of "
    "float32; what is a few percent is a mistake."
)
STUBS: Final = (
    "A function that calls others which are wrong is tried again with right ones in their place, so that a mistake "
    "costs once."
)

# Title, what stands above the table, and the sentences in it.
SECTIONS: Final[tuple[tuple[str, str, Mapping[str, Entry]], ...]] = (
    ("What came back", "", values.RETURNED),
    ("Shapes", "", values.SHAPES),
    ("Values", RELATIVE, values.VALUES),
    ("What must be random", "", values.CHANCE),
    ("A backward over a wrong forward", "", marks.FOLLOWS),
    ("Your code stopped", "", failures.STOPPED),
    ("Something is not there", "", failures.MISSING),
    ("Rare", "", failures.RARE),
    ("Remarks: they cost nothing", "", values.REMARKS),
    ("Other functions in place of yours, only when it is graded", STUBS, marks.STUBS),
    ("Notes on your files", "", {**notes.IMPORT, **notes.FILES, **notes.RUN}),
)


def messages_page() -> str:
    parts = [
        OPENING,
        "## How a function stands",
        table("it says", STANDINGS.items()),
        STATUSES,
        table("status", CHECK_WORDS.items()),
        "## What to do next",
        table("it says", rows(standing.NEXT)),
        HINTS,
    ]
    for title, above, entries in SECTIONS:
        parts += [f"## {title}", above, table("it says", rows(entries))]
    said = [f"- {entry.template}" for entry in advice.ADVICE.values()]
    parts += ["## Hints on well-known exceptions", "\n".join(said)]
    return "\n\n".join(filter(None, parts)) + "\n"


def rows(entries: Mapping[str, Entry]) -> list[tuple[str, str]]:
    """The sentences that a student may wonder about, each by its example."""
    return [(f"`{say(Reason(id, entry.example))}`", entry.means) for id, entry in entries.items() if entry.means]


def table(first: str, rows: Iterable[tuple[str, str]]) -> str:
    lines = [f"| {first} | it means |", "|---|---|", *(f"| {said} | {means} |" for said, means in rows)]
    return "\n".join(lines)
