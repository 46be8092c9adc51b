"""Reads a CSV file as cells with positions, so that cells can be replaced without changing other bytes.

The csv module of the standard library would not preserve quotes, line ends, trailing spaces and a byte order mark. Here
a cell is a value and the span of text that it was read from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from grader.errors import UsageError

BOM: Final = "\ufeff"
SEPARATORS: Final = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class SpannedCell:
    """start, end: the position of the cell's text in the file, including quotes."""

    value: str
    start: int
    end: int


@dataclass(frozen=True)
class CellTable:
    """place: the name of the file in messages. lines: the first line of each row."""

    place: str
    text: str
    separator: str
    rows: Sequence[Sequence[SpannedCell]]
    lines: Sequence[int]

    def value(self, row: int, column: int | None) -> str:
        """Return the value of a cell; "" if the row is shorter or there is no such column."""
        cells = self.rows[row]
        return cells[column].value if column is not None and column < len(cells) else ""

    def at(self, row: int) -> str:
        return f"{self.place}, line {self.lines[row]}"

    def filled(self, values: Mapping[tuple[int, int], str]) -> bytes:
        """Return the file with these cells replaced, by row and column. Raises UsageError if a row has no such cell."""
        pieces, end = [], 0
        for (row, column), value in sorted(values.items()):
            if column >= len(self.rows[row]):
                found = f"{len(self.rows[row])} cells found, {len(self.rows[0])} expected"
                raise UsageError(f"{self.at(row)}: {found}. Download the file again and do not edit it.")
            cell = self.rows[row][column]
            pieces += [self.text[end : cell.start], self._quoted(value, cell)]
            end = cell.end
        return "".join([*pieces, self.text[end:]]).encode("utf-8")

    def _quoted(self, value: str, before: SpannedCell) -> str:
        was_quoted = self.text[before.start : before.start + 1] == '"'
        if was_quoted or any(sign in value for sign in (self.separator, '"', "\n", "\r")):
            return '"' + value.replace('"', '""') + '"'
        return value


def read_cells(content: bytes, place: str, separators: Sequence[str] = SEPARATORS) -> CellTable:
    """Read the cells of a file. Raises UsageError, with the line, if it is not UTF-8 or not CSV.

    separators: the separator that is most frequent in the first line is used.
    """
    again = "Download it from the platform again, and do not save it in a spreadsheet"
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{place}: is not UTF-8. {again}.") from None
    start = len(BOM) if text.startswith(BOM) else 0
    first = re.split(r"[\r\n]", text[start:], maxsplit=1)[0]
    separator = max(separators, key=first.count)
    plain = re.escape(separator)
    cell = re.compile(rf'(?P<quoted>"[^"]*(?:""[^"]*)*")|(?P<plain>[^{plain}\r\n"][^{plain}\r\n]*)?')
    ending = re.compile(rf"{plain}|\r\n|\n|\r|\Z")
    rows: list[list[SpannedCell]] = []
    lines: list[int] = []
    row: list[SpannedCell] = []
    line = begins = 1
    at = start
    while at < len(text) or row:
        found = cell.match(text, at)
        end = ending.match(text, found.end()) if found else None
        if found is None or end is None:
            raise UsageError(f"{place}, line {line}: unexpected quote. {again}.")
        quoted = found["quoted"]
        value = quoted[1:-1].replace('""', '"') if quoted else found["plain"] or ""
        row.append(SpannedCell(value, found.start(), found.end()))
        line += quoted.count("\n") if quoted else 0
        at = end.end()
        if end[0] != separator:
            rows.append(row)
            lines.append(begins)
            line += 1
            row, begins = [], line
    if not rows:
        raise UsageError(f"{place}: is empty. {again}.")
    return CellTable(place, text, separator, rows, lines)
