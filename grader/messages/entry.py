"""What a catalogue holds of a sentence: the template, and what the page that explains it to students says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Entry:
    """A template in the language of say.py; for students who meet it, what it means, and values to show it with.

    means: "" where it explains itself, or where no student reads it.
    """

    template: str
    means: str
    example: Mapping[str, Any]


def entry(template: str, means: str = "", /, **example: Any) -> Entry:
    return Entry(template, means, example)
