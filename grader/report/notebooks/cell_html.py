"""A notebook's cells as HTML: Markdown by mistune, code by Pygments, outputs with the colours of a terminal.

Every cell and every output is cleaned by itself, so that no markup in it ends what it stands in. nbconvert would do the
same with mistune and Pygments; importing it takes longer than grading a small submission.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import mistune
import pygments
from markupsafe import escape
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer, get_lexer_by_name
from pygments.util import ClassNotFound

from grader.report.notebooks.clean_html import clean

SVG: Final = "image/svg+xml"
PLUGINS: Final = ("strikethrough", "table", "url", "task_lists", "def_list")
# LaTeX as notebooks have it, which Markdown leaves alone: $$…$$, \\[…\\], \begin{x}…\end{x}; $…$, \\(…\\).
DISPLAYED: Final = r"(?s:(?<!\\)\$\$.*?(?<!\\)\$\$|\\\\\[.*?\\\\\]|\\begin\{(?P<%s>[a-z]*\*?)\}.*?\\end\{(?P=%s)\})"
INLINE: Final = r"(?s:(?<![$\\])\$(?!\$).+?(?<![$\\])\$|(?<!\\)\\\\\(.*?(?<!\\)\\\\\))"
ESCAPE: Final = re.compile("\x1b\\[(.*?)([@-~])")
COLOURS: Final = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")


def html_of_cell(cell: Mapping[str, Any]) -> str:
    """cell: as parts.py makes it."""
    if cell["cell_type"] == "code":
        outputs = "".join(map(html_of_output, cell["outputs"]))
        return f'<div class="cell"><div class="input_area">{clean(coloured_code(cell["source"]))}</div>{outputs}</div>'
    made = f"<pre>{escape(cell['source'])}</pre>" if cell["cell_type"] == "raw" else html_of_markdown(cell["source"])
    return f'<div class="cell rendered_html">{clean(made)}</div>'


def html_of_output(output: Mapping[str, Any]) -> str:
    kind = output["output_type"]
    if kind == "display_data":
        ((form, content),) = output["data"].items()
        return f'<div class="output_area">{html_of_data(form, content)}</div>'
    shown = output["text"] if kind == "stream" else "\n".join(output["traceback"])
    style = f"output_{output['name']}" if kind == "stream" else "output_error"
    return f'<div class="output_area {style}"><pre>{coloured_text(shown)}</pre></div>'


def html_of_data(form: str, content: str) -> str:
    """form: the type of what is shown, as MIME has it. A picture is base64, a drawing is text."""
    if form == "text/html":
        return f'<div class="rendered_html">{clean(content)}</div>'
    if form == "text/markdown":
        return f'<div class="rendered_html">{clean(html_of_markdown(content))}</div>'
    if form == "text/plain":
        return f"<pre>{coloured_text(content)}</pre>"
    data = base64.b64encode(content.encode("utf-8", "replace")).decode() if form == SVG else content
    return f'<img src="data:{form};base64,{escape(data)}">'


def html_of_markdown(source: str) -> str:
    """Markdown as HTML; as it was written, where the converter fails over it."""
    try:
        return str(markdown()(source))
    except Exception:
        return f"<pre>{escape(source)}</pre>"


@cache
def markdown() -> mistune.Markdown:
    return mistune.create_markdown(renderer=CellMarkdown(escape=False), plugins=[*PLUGINS, leave_formulas])


class CellMarkdown(mistune.HTMLRenderer):
    def block_code(self, code: str, info: str | None = None) -> str:
        language = (info or "").strip().partition(" ")[0]
        return coloured_code(code, language) if language else super().block_code(code)


def leave_formulas(md: mistune.Markdown) -> None:
    """A plugin: formulas stand as they were written, and none of it is Markdown."""

    def block(_: Any, found: re.Match[str], state: Any) -> int:
        state.add_paragraph(found[0])  # in which `inline` finds it
        return found.end()

    def inline(_: Any, found: re.Match[str], state: Any) -> int:
        state.append_token({"type": "formula", "raw": found[0]})
        return found.end()

    md.block.register("formula", DISPLAYED.replace("%s", "environment"), block, before=md.block.rules[0])
    md.inline.register("displayed", DISPLAYED.replace("%s", "surroundings"), inline, before="escape")
    md.inline.register("formula", INLINE, inline, before="escape")
    assert md.renderer is not None
    md.renderer.register("formula", lambda _, raw: str(escape(raw)))


def coloured_code(source: str, language: str = "python") -> str:
    try:
        lexer = PythonLexer() if language == "python" else get_lexer_by_name(language)
    except ClassNotFound:
        lexer = get_lexer_by_name("text")
    formatter: HtmlFormatter[str] = HtmlFormatter(cssclass="highlight")  # it escapes
    return str(pygments.highlight(source, lexer, formatter))


def coloured_text(content: str) -> str:
    """Text escaped, its ANSI colours as classes; all other escape sequences are left out."""
    first, *rest = ESCAPE.split(str(escape(content)))
    made = [first]
    style: tuple[int | None, bool] = None, False
    for codes, command, shown in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
        style = style_after(style, codes) if command == "m" else style
        classes = classes_of(*style)
        made.append(f'<span class="{classes}">{shown}</span>' if shown and classes else shown)
    return "".join(made)


def style_after(style: tuple[int | None, bool], codes: str) -> tuple[int | None, bool]:
    """Colour and boldness after an escape sequence. Source: ECMA-48, SGR; colours from 90 on are xterm's."""
    colour, bold = style
    numbers = [int(code) if re.fullmatch("[0-9]{1,3}", code) else 0 for code in codes.split(";")]
    while numbers:
        number = numbers.pop(0)
        if number in (38, 48):  # one of 256 colours, or of all: the page has none of these
            del numbers[: {2: 4, 5: 2}.get(numbers[0], 1) if numbers else 0]
        if number == 0:
            colour, bold = None, False
        elif number in (1, 21, 22):
            bold = number == 1
        elif number in (38, 39):
            colour = None
        elif 30 <= number <= 37 or 90 <= number <= 97:
            colour = number - 30 if number < 40 else number - 90 + len(COLOURS)
    return colour, bold


def classes_of(colour: int | None, bold: bool) -> str:
    names = ["ansi-bold"] if bold else []
    if colour is not None:
        strength = "-intense" if bold or colour >= len(COLOURS) else ""
        names.insert(0, f"ansi-{COLOURS[colour % len(COLOURS)]}{strength}-fg")
    return " ".join(names)
