"""Convert a student's notebook cells to safe HTML: known types of output only, of bounded length.

mistune converts Markdown, Pygments colours code; outputs keep the colours of a terminal. Every cell and every output is
sanitised separately, so that its markup cannot close the element around it. nbconvert would do the same work, but
importing it takes longer than grading a small submission.

Pictures are most of a notebook's bytes and need no conversion. So a token replaces each picture here, and
notebook_page.py inserts the pictures at the end. A note replaces active content (JavaScript, widgets). No function here
raises an exception.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from urllib.parse import unquote

import mistune
import nh3
import pygments
from markupsafe import escape
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer, get_lexer_by_name
from pygments.util import ClassNotFound

from grader.intake.notebooks.cells import Cell, joined
from grader.report import text

SOURCE_CHARS: Final = 30_000  # limit for the source of one cell
OUTPUT_CHARS: Final = 20_000  # limit for one output
TABLE_CHARS: Final = 200_000  # limit for one HTML output, such as a data frame
OUTPUTS: Final = 50  # largest number of outputs of one cell
TOTAL_CHARS: Final = 3_000_000  # limit for a whole notebook; converting a million characters takes about a second
PICTURE_CHARS: Final = 8_000_000
PICTURES: Final = ("image/png", "image/jpeg", "image/gif")
SVG: Final = "image/svg+xml"
BASE64: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")
# Some editors put a pasted picture into the Markdown source, as a data URL.
PASTED: Final = re.compile(r"data:(image/(?:png|jpeg|gif));base64,([A-Za-z0-9+/]{40,}={0,2})")
ATTACHED: Final = re.compile(r"attachment:([^\s)\"'>]{1,300})")
NO_PICTURE: Final = "data:,"
TOKEN: Final = re.compile(r"cGljdHVyZS0([0-9]{1,6})")
NOT_SHOWN: Final = "<pre>(an output of a kind that is not shown)</pre>"

PLUGINS: Final = ("strikethrough", "table", "url", "task_lists", "def_list")
# Formulas, which the Markdown converter must not change: $$…$$, \\[…\\], \begin{x}…\end{x}; inline $…$, \\(…\\).
DISPLAYED: Final = r"(?s:(?<!\\)\$\$.*?(?<!\\)\$\$|\\\\\[.*?\\\\\]|\\begin\{(?P<%s>[a-z]*\*?)\}.*?\\end\{(?P=%s)\})"
INLINE: Final = r"(?s:(?<![$\\])\$(?!\$).+?(?<![$\\])\$|(?<!\\)\\\\\(.*?(?<!\\)\\\\\))"
ESCAPE: Final = re.compile("\x1b\\[(.*?)([@-~])")
COLOURS: Final = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")

# The allowed tags and attributes. The only allowed addresses are data URLs of pictures.
TEXT: Final = "a b code del em i ins kbd q s samp small span strong sub sup u var"
BLOCKS: Final = "blockquote br dd div dl dt figcaption figure h1 h2 h3 h4 h5 h6 hr img li ol p pre ul wbr"
TABLES: Final = "caption col colgroup table tbody td tfoot th thead tr"
# The sanitiser removes these tags with their content. Of other tags that are not allowed, it keeps the text.
WITH_CONTENT: Final = "script style iframe object svg math template noscript title textarea select"
ATTRIBUTES: Final = {
    "*": {"class"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
EMBEDDED: Final = re.compile(r"data:image/(png|jpeg|gif|svg\+xml);base64,[A-Za-z0-9+/=]*")
SIZE: Final = re.compile(r"[0-9]{1,5}")


@dataclass
class Shown:
    """What the page shows of a notebook so far. pictures: in base64. left: how many more characters may follow."""

    pictures: list[str] = field(default_factory=list)
    left: int = TOTAL_CHARS

    def cut(self, content: str, most: int, *, escapes: bool = False) -> str:
        """Make text visible, and shorten it to `most` and `left`. escapes: keep ANSI escapes, for `terminal`."""
        most = max(0, min(most, self.left))
        shown = content if len(content) <= most else f"{content[:most]}\n… ({len(content) - most:,} more characters)"
        self.left -= min(len(content), most)
        return "\x1b".join(map(text.visible, shown.split("\x1b"))) if escapes else text.visible(shown)

    def token(self, picture: str) -> str:
        """Return a token to replace a picture. A token is valid base64, so that converter and sanitiser accept it."""
        self.pictures.append(picture)
        return f"cGljdHVyZS0{len(self.pictures) - 1}"

    def terminal(self, content: str) -> str:
        return f"<pre>{coloured_text(self.cut(content, OUTPUT_CHARS, escapes=True))}</pre>"


def html_of_cell(cell: Cell, shown: Shown) -> str:
    if cell.kind == "code":
        code = clean(coloured_code(shown.cut(cell.source, SOURCE_CHARS)))
        outputs = "".join(html_of_outputs(cell.outputs, shown))
        return f'<div class="cell"><div class="input_area">{code}</div>{outputs}</div>'
    source = shown.cut(with_pictures(cell, shown) if cell.kind == "markdown" else cell.source, SOURCE_CHARS)
    made = html_of_markdown(source) if cell.kind == "markdown" else f"<pre>{escape(source)}</pre>"
    return f'<div class="cell rendered_html">{clean(made)}</div>'


def with_pictures(cell: Cell, shown: Shown) -> str:
    """Return the source with a token for each picture in it or attached to it; an empty URL for a missing picture."""

    def attached(found: re.Match[str]) -> str:
        for kind, picture in pictures_in(cell.attachments.get(unquote(found[1]))):
            return f"data:{kind};base64,{shown.token(picture)}"
        return NO_PICTURE

    source = PASTED.sub(lambda found: f"data:{found[1]};base64,{shown.token(found[2])}", cell.source)
    return ATTACHED.sub(attached, source)


def html_of_outputs(outputs: Sequence[Any], shown: Shown) -> Iterator[str]:
    for output in outputs[:OUTPUTS]:
        kind = output.get("output_type") if isinstance(output, dict) else None
        if kind == "stream":
            name = "stderr" if output.get("name") == "stderr" else "stdout"
            yield f'<div class="output_area output_{name}">{shown.terminal(joined(output.get("text")) or "")}</div>'
        elif kind == "error":
            lines = output.get("traceback")
            traceback = "\n".join(line for line in lines if isinstance(line, str)) if isinstance(lines, list) else ""
            yield f'<div class="output_area output_error">{shown.terminal(traceback)}</div>'
        elif kind in ("display_data", "execute_result"):
            yield f'<div class="output_area">{html_of_data(output.get("data"), shown)}</div>'
    if len(outputs) > OUTPUTS:
        yield f'<div class="output_area output_stdout"><pre>… ({len(outputs) - OUTPUTS} more outputs)</pre></div>'


def html_of_data(data: Any, shown: Shown) -> str:
    """Return one representation of an output's data: a picture, else HTML, else text."""
    if not isinstance(data, dict):
        return NOT_SHOWN
    for kind, picture in pictures_in(data):
        return f'<img src="data:{kind};base64,{shown.token(picture)}">'
    drawing, table, markdown = (joined(data.get(kind)) for kind in (SVG, "text/html", "text/markdown"))
    if drawing and len(drawing) <= TABLE_CHARS:
        picture = base64.b64encode(shown.cut(drawing, TABLE_CHARS).encode("utf-8", "replace")).decode()
        return f'<img src="data:{SVG};base64,{picture}">'
    if table and len(table) <= min(TABLE_CHARS, shown.left):
        return f'<div class="rendered_html">{clean(shown.cut(table, TABLE_CHARS))}</div>'
    if markdown:
        made = html_of_markdown(shown.cut(ATTACHED.sub(NO_PICTURE, markdown), OUTPUT_CHARS))
        return f'<div class="rendered_html">{clean(made)}</div>'
    plain = joined(data.get("text/plain")) or joined(data.get("text/latex"))
    return shown.terminal(plain) if plain else NOT_SHOWN


def pictures_in(data: Any) -> Iterator[tuple[str, str]]:
    """Yield the pictures in an output's data. Ignores a picture that is not valid base64."""
    for kind in PICTURES if isinstance(data, Mapping) else ():
        content = "".join((joined(data.get(kind)) or "").split())
        if content and len(content) <= PICTURE_CHARS and BASE64.fullmatch(content):
            yield kind, content


def html_of_markdown(source: str) -> str:
    """Convert Markdown to HTML; if the converter fails, show the source."""
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
    """A mistune plugin that shows formulas as the student wrote them, without converting Markdown in them."""

    def block(_: Any, found: re.Match[str], state: Any) -> int:
        state.add_paragraph(found[0])  # `inline` then finds the formula in this paragraph
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
    formatter: HtmlFormatter[str] = HtmlFormatter(cssclass="highlight")  # the formatter escapes
    return str(pygments.highlight(source, lexer, formatter))


def coloured_text(content: str) -> str:
    """Escape the text, turn ANSI colours into classes, and remove all other escape sequences."""
    first, *rest = ESCAPE.split(str(escape(content)))
    made = [first]
    style: tuple[int | None, bool] = None, False
    for codes, command, shown in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
        style = style_after(style, codes) if command == "m" else style
        classes = classes_of(*style)
        made.append(f'<span class="{classes}">{shown}</span>' if shown and classes else shown)
    return "".join(made)


def style_after(style: tuple[int | None, bool], codes: str) -> tuple[int | None, bool]:
    """Return colour and boldness after an escape sequence. Source: ECMA-48, SGR. Colours from 90 on come from xterm."""
    colour, bold = style
    numbers = [int(code) if re.fullmatch("[0-9]{1,3}", code) else 0 for code in codes.split(";")]
    while numbers:
        number = numbers.pop(0)
        if number in (38, 48):  # 256 colours or true colour, which the page does not show: skip their arguments
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


def clean(content: str) -> str:
    """Sanitise HTML: keep only the tags and attributes above, close all tags; nothing can run, load or link."""
    return CLEANER.clean(content)


def allowed_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "src":
        return value if EMBEDDED.fullmatch(value) else None
    if name in ("width", "height", "start", "colspan", "rowspan"):
        return value if SIZE.fullmatch(value) else None
    return value


CLEANER: Final = nh3.Cleaner(
    tags={*TEXT.split(), *BLOCKS.split(), *TABLES.split()},
    clean_content_tags=set(WITH_CONTENT.split()),
    attributes=ATTRIBUTES,
    attribute_filter=allowed_attribute,
    url_schemes={"data"},
    link_rel=None,
)
