"""One line of a student's code, coloured. Classes only; the colours are in page.css."""

from __future__ import annotations

from functools import cache
from typing import Final

import pygments
from markupsafe import Markup, escape
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from grader.report.text import clip, visible

# Nobody promises what a lexer's patterns take on a hostile line; a line of code fits here.
HIGHLIGHT_CHARS: Final = 400


def highlight_line(text: str) -> Markup:
    """The line without its indentation, escaped; coloured if it is of a line's length."""
    line = visible(text.strip())
    if len(line) > HIGHLIGHT_CHARS:
        return escape(clip(line, HIGHLIGHT_CHARS))
    # The formatter escapes.
    return Markup(pygments.highlight(line, *tools()))


@cache
def tools() -> tuple[PythonLexer, HtmlFormatter[str]]:
    return PythonLexer(stripnl=False, ensurenl=False), HtmlFormatter(nowrap=True, classprefix="py-")
