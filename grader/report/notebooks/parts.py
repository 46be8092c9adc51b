"""A student's cells as a notebook of nothing but what is shown: known types, bounded lengths, pictures set aside.

    Cell, … (intake/notebooks/cells.py) ─► Parts (cells for cell_html.py, their pictures by token)

Pictures are most of a notebook's bytes and need no conversion: a token stands for each, and notebook_page.py puts them
in at the very end. What could do anything (JavaScript, widgets) is left out, with a word about it. Nothing here raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from grader.intake.notebooks.cells import Cell, joined
from grader.report import text

SOURCE_CHARS: Final = 30_000  # of one cell
OUTPUT_CHARS: Final = 20_000  # of one output
TABLE_CHARS: Final = 200_000  # of HTML, which tables of data are
OUTPUTS: Final = 50  # of one cell
TOTAL_CHARS: Final = 3_000_000  # of all text: converting takes a second a million
PICTURE_CHARS: Final = 8_000_000
PICTURES: Final = ("image/png", "image/jpeg", "image/gif")
SVG: Final = "image/svg+xml"
BASE64: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")
INLINE: Final = re.compile(r"data:(image/(?:png|jpeg|gif));base64,([A-Za-z0-9+/]{40,}={0,2})")  # as some editors paste
ATTACHED: Final = re.compile(r"attachment:([^\s)\"'>]{1,300})")
NO_PICTURE: Final = "data:,"
TOKEN: Final = re.compile(r"cGljdHVyZS0([0-9]{1,6})")
NOT_SHOWN: Final = "(an output of another kind, which is not shown)"


@dataclass
class Parts:
    """Grows while the cells are read. cells: of the kinds of format 4. pictures: base64, by number."""

    cells: list[dict[str, Any]] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    left: int = TOTAL_CHARS

    def cut(self, content: str, most: int, *, escapes: bool = False) -> str:
        """Text as it is shown, shortened to what is left. escapes: ANSI colours stay, for cell_html.py."""
        most = max(0, min(most, self.left))
        shown = content if len(content) <= most else f"{content[:most]}\n… ({len(content) - most:,} more characters)"
        self.left -= min(len(content), most)
        return "\x1b".join(map(text.visible, shown.split("\x1b"))) if escapes else text.visible(shown)

    def token(self, base64: str) -> str:
        """What stands for a picture: base64 itself, so that nobody on the way takes offence."""
        self.pictures.append(base64)
        return f"cGljdHVyZS0{len(self.pictures) - 1}"


def parts_of(cells: Iterable[Cell]) -> Parts:
    parts = Parts()
    for cell in cells:
        source = with_pictures(cell, parts) if cell.kind == "markdown" else cell.source
        made: dict[str, Any] = {"cell_type": cell.kind, "source": parts.cut(source, SOURCE_CHARS)}
        if cell.kind == "code":
            made["outputs"] = list(outputs_of(cell, parts))
        parts.cells.append(made)
    return parts


def with_pictures(cell: Cell, parts: Parts) -> str:
    """The source with a token for each picture in it or attached to it; one that is not there becomes none at all."""

    def attached(found: re.Match[str]) -> str:
        pictures = list(pictures_in(cell.attachments.get(unquote(found[1]))))
        return f"data:{pictures[0][0]};base64,{parts.token(pictures[0][1])}" if pictures else NO_PICTURE

    source = INLINE.sub(lambda found: f"data:{found[1]};base64,{parts.token(found[2])}", cell.source)
    return ATTACHED.sub(attached, source)


def outputs_of(cell: Cell, parts: Parts) -> Iterable[dict[str, Any]]:
    for output in cell.outputs[:OUTPUTS]:
        kind = output.get("output_type") if isinstance(output, dict) else None
        if kind == "stream":
            name = "stderr" if output.get("name") == "stderr" else "stdout"
            shown = parts.cut(joined(output.get("text")) or "", OUTPUT_CHARS, escapes=True)
            yield {"output_type": "stream", "name": name, "text": shown}
        elif kind == "error":
            lines = output.get("traceback")
            said = [line for line in lines if isinstance(line, str)] if isinstance(lines, list) else []
            shown = parts.cut("\n".join(said), OUTPUT_CHARS, escapes=True)
            yield {"output_type": "error", "traceback": shown.split("\n")}
        elif kind in ("display_data", "execute_result"):
            yield {"output_type": "display_data", "data": shown_data(output.get("data"), parts)}
    if len(cell.outputs) > OUTPUTS:
        more = f"… ({len(cell.outputs) - OUTPUTS} more outputs)"
        yield {"output_type": "stream", "name": "stdout", "text": more}


def shown_data(data: Any, parts: Parts) -> dict[str, str]:
    """The one representation that is shown: a picture, else HTML, else text."""
    if not isinstance(data, dict):
        return {"text/plain": NOT_SHOWN}
    for kind, content in pictures_in(data):
        return {kind: parts.token(content)}
    texts = {kind: joined(content) for kind, content in data.items() if kind in (SVG, "text/html", "text/markdown")}
    drawing = texts.get(SVG)
    if drawing and len(drawing) <= TABLE_CHARS:
        return {SVG: parts.cut(drawing, TABLE_CHARS)}
    table = texts.get("text/html")
    if table and len(table) <= min(TABLE_CHARS, parts.left):
        return {"text/html": parts.cut(table, TABLE_CHARS)}
    if texts.get("text/markdown"):
        source = ATTACHED.sub(NO_PICTURE, texts["text/markdown"] or "")
        return {"text/markdown": parts.cut(source, OUTPUT_CHARS)}
    plain = joined(data.get("text/plain")) or joined(data.get("text/latex"))
    return {"text/plain": parts.cut(plain, OUTPUT_CHARS, escapes=True) if plain else NOT_SHOWN}


def pictures_in(data: Any) -> Iterable[tuple[str, str]]:
    """Its pictures, as base64 and nothing else."""
    for kind in PICTURES if isinstance(data, Mapping) else ():
        content = "".join((joined(data.get(kind)) or "").split())
        if content and len(content) <= PICTURE_CHARS and BASE64.fullmatch(content):
            yield kind, content
