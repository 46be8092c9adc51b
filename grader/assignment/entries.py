"""What a key of a TOML file may hold: its kind, its meaning and an example of what to write.

assignment_keys.py and handout_keys.py have the tables of keys. The readers use them, and docs/reference prints them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

TEXT: Final = "a text"
LIST: Final = "a list of texts"
NUMBERS: Final = "a table of numbers above 0"
TEXTS: Final = "a table of texts"
PHRASES: Final = "a table of texts, or of lists of two texts"
LISTS: Final = "a table of lists of texts"
TABLES: Final = "a table of tables of lists of texts"
ROWS: Final = "a list of tables"
TRUTH: Final = "true or false"
PLACE: Final = "a whole number, 0 or more"
LENGTHS: Final = "a list of whole numbers"
VALUES: Final = "a table of values"
NUMBER: Final = "a number"


def is_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def is_lists(value: Any) -> bool:
    return isinstance(value, dict) and all(map(is_list, value.values()))


FITS: Final[Mapping[str, Callable[[Any], bool]]] = {
    TEXT: lambda value: isinstance(value, str),
    LIST: is_list,
    # For these tables, the reader (assignment_keys.py) checks each value, so that the error names the value.
    NUMBERS: lambda value: isinstance(value, dict),
    TEXTS: lambda value: isinstance(value, dict),
    PHRASES: lambda value: isinstance(value, dict),
    LISTS: is_lists,
    TABLES: lambda value: isinstance(value, dict) and all(map(is_lists, value.values())),
    ROWS: lambda value: isinstance(value, list) and all(isinstance(item, dict) for item in value),
    TRUTH: lambda value: isinstance(value, bool),
    PLACE: lambda value: type(value) is int,
    LENGTHS: lambda value: isinstance(value, list),
    VALUES: lambda value: isinstance(value, dict),
}
# Words of error messages for the Python types that tomllib returns.
FOUND: Final = {
    str: "a text",
    int: "a number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}


@dataclass(frozen=True)
class Entry:
    """One key. kind: a key of FITS. means: the description in docs/reference.md. example: lines of TOML."""

    kind: str
    means: str
    example: str
    is_needed: bool = False


def found(value: Any, entry: Entry) -> str:
    """Describe a value of the wrong kind, and the kind that is expected."""
    kind = FOUND.get(type(value), type(value).__name__)
    return f"{kind}{' of other values' if entry.kind.startswith(kind) else ''}, expected {entry.kind}"


def advice(entry: Entry) -> str:
    lines = entry.example.split("\n")
    return f"Write, for example: {lines[0]}" if len(lines) == 1 else "Write, for example:\n    " + "\n    ".join(lines)
