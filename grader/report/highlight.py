"""One line of a student's code, coloured. Classes only; the colours are in page.css."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final

from markupsafe import Markup, escape

from grader.report.text import clip, visible

# Nobody promises what a lexer's patterns take on a hostile line; a line of code fits here.
HIGHLIGHT_CHARS: Final = 400


def highlight_line(text: str) -> Markup:
    """The line without its indentation, escaped; coloured if it is of a line's length."""
    line = visible(text.strip())
    if len(line) > HIGHLIGHT_CHARS:
        return escape(clip(line, HIGHLIGHT_CHARS))
    return Markup(colour()(line))


@cache
def colour() -> Callable[[str], str]:
    """What colours a line. pygments is imported here: a submission without a traceback has no line to colour."""
    import pygments
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    lexer = PythonLexer(stripnl=False, ensurenl=False)
    formatter: HtmlFormatter[str] = HtmlFormatter(nowrap=True, classprefix="py-")
    return lambda line: pygments.highlight(line, lexer, formatter)  # the formatter escapes
