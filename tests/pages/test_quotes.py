"""Messages that the pages quote, without the command that prints them: the grader still says so."""

from __future__ import annotations

import re

import pytest
from cases import ROOT

SOURCES = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "grader").rglob("*.py")))
# A sentence in the source may go on in the next string, on the next line.
JOINED = re.sub(r'"\s*(?:f?")', "", SOURCES)
# What a message fills in: names, numbers, the system's words in brackets.
FILLED = re.compile(r"…|\d+|\([^)]*\)|\breports\b|\btellus\b|\banswers\.csv\b|'x'|^/tmp|^\W+")


def quoted(page: str, pattern: str) -> list[str]:
    found = re.findall(pattern, (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert found, f"{page}: {pattern} is not there"
    return found


QUOTES = [
    *quoted("docs/long-runs.md", r"^\| [^|]+ \| `([^`]+)`"),
    *quoted("docs/notebooks.md", r"^ +(answers\.csv, line .+)$"),
    *quoted("docs/downloads.md", r"(not read: )grades"),
    *quoted("CONTRIBUTING.md", r"^   \| `([^`]+)`"),
]


def pieces(message: str) -> list[str]:
    """What is left of a message without what it fills in, in pieces of two words or more."""
    return [piece.strip(" :,.") for piece in FILLED.split(message) if len(piece.split()) > 1]


@pytest.mark.parametrize("message", QUOTES)
def test_the_grader_says_what_a_page_quotes(message):
    assert pieces(message)
    assert [piece for piece in pieces(message) if piece not in JOINED] == []


def test_a_message_that_is_gone_is_noticed():
    assert pieces("reports: another grader (process 4711 on tellus) sings there.") == ["another grader", "sings there"]
    assert "sings there" not in JOINED
