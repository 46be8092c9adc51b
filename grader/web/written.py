"""Makes harmless HTML from students' answers: Markdown and code as on notebook pages, and formulas as MathML.

    text ─► mistune, a token for each formula ─► nh3 ─► tokens become MathML, which nh3 cleaned by itself ─► HTML

A student's markup cannot get into a formula, and a formula's text is never interpreted as markup. If a formula cannot
be converted, or stands in an attribute, its source is shown. These functions never raise, and their HTML loads and runs
nothing. Only the classes of coloured code are kept: with other classes, an answer could look or act like a part of the
page.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import count
from typing import Any, Final

import mistune
import nh3
from markupsafe import Markup, escape
from pygments.token import STANDARD_TYPES

from grader.records import Answer
from grader.report import text
from grader.report.notebooks.cell_html import (
    ATTRIBUTES,
    BLOCKS,
    PLUGINS,
    SOURCE_CHARS,
    TABLES,
    TEXT,
    WITH_CONTENT,
    CellMarkdown,
    allowed_attribute,
    coloured_code,
    leave_formulas,
)

FORMULA_CHARS: Final = 2_000
FORMULAS: Final = 200  # limit for one answer, because each formula takes a millisecond
TOKEN: Final = re.compile(r"Zm9ybXVsYS0((?:[0-9a-f]{2})*)Z")
DELIMITED: Final = re.compile(r"(?s)(\$\$|\$|\\\\\[|\\\\\()(.*?)(\$\$|\$|\\\\\]|\\\\\))")
PIECES: Final = re.compile(rf'<(?:[^">]|"[^"]*")*>|{TOKEN.pattern}')  # matches a tag, or a token between tags
UNNAMED: Final = re.compile(r"<img(?![^>]*\balt=)")  # matches a picture without an alt text
MATHML: Final = (
    "math merror mfrac mi mn mo mover mpadded mphantom mroot mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd "
    "mtext mtr munder munderover"
)
CLASSES: Final = {"highlight", *STANDARD_TYPES.values()}


def own_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "class":
        return " ".join(word for word in value.split() if word in CLASSES) or None
    return allowed_attribute(tag, name, value)


CLEANER: Final = nh3.Cleaner(
    tags={*f"{TEXT} {BLOCKS} {TABLES}".split()},
    clean_content_tags={*WITH_CONTENT.split()},
    attributes=ATTRIBUTES,
    attribute_filter=own_attribute,
    url_schemes={"data"},
    link_rel=None,
)
FORMULA_CLEANER: Final = nh3.Cleaner(
    tags=set(MATHML.split()),
    attributes={"math": {"display"}, "mo": {"stretchy", "fence", "separator"}, "mi": {"mathvariant"}},
    link_rel=None,
)


def html_of_answer(answer: Answer) -> Markup:
    """Return an answer as HTML for staff."""
    source = text.visible(answer.text[:SOURCE_CHARS])
    if answer.kind == "code":
        return Markup(CLEANER.clean(coloured_code(source)))
    return html_of_markdown(source)


def html_of_markdown(source: str) -> Markup:
    drawn = count()

    def piece(found: re.Match[str]) -> str:
        if found[0].startswith("<"):
            return TOKEN.sub(lambda token: str(escape(source_of(token))), found[0])
        written = source_of(found)
        return html_of_formula(text.visible(written)) if next(drawn) < FORMULAS else str(escape(written))

    try:
        made = str(markdown()(source))
    except Exception:
        made = f"<pre>{escape(source)}</pre>"
    cleaned = UNNAMED.sub('<img alt=""', CLEANER.clean(made))
    return Markup(text.visible(PIECES.sub(piece, cleaned)))


def source_of(token: re.Match[str]) -> str:
    """Return the source of a formula. A student may have written the token's text."""
    return bytes.fromhex(token[1]).decode("utf-8", "replace")


@cache
def markdown() -> mistune.Markdown:
    plugins: list[Any] = [*PLUGINS, leave_formulas, set_formulas_aside]
    return mistune.create_markdown(renderer=CellMarkdown(escape=False), plugins=plugins)


def set_formulas_aside(md: mistune.Markdown) -> None:
    """A plugin that runs after leave_formulas: it replaces a formula by a token that contains the source."""
    assert md.renderer is not None
    md.renderer.register("formula", lambda _, raw: f"Zm9ybXVsYS0{raw.encode('utf-8', 'replace').hex()}Z")


def html_of_formula(source: str) -> str:
    """Return MathML, or the source if it cannot be converted."""
    from latex2mathml.converter import convert

    delimited = DELIMITED.fullmatch(source)
    content = delimited[2] if delimited else source
    display = "inline" if source.startswith(("$", "\\\\(")) and not source.startswith("$$") else "block"
    try:
        if len(content) > FORMULA_CHARS:
            raise ValueError
        return str(FORMULA_CLEANER.clean(convert(content, display=display)))
    except Exception:  # the converter may raise anything for a student's text
        return f"<code>{escape(source)}</code>"
