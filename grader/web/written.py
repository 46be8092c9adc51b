"""What a student wrote, as HTML that can do nothing: Markdown and code as on the pages of notebooks, formulas drawn.

    text ─► mistune, a token for each formula ─► nh3 ─► tokens become MathML, which nh3 cleaned by itself ─► HTML

No markup of a student's reaches a formula, and no formula's text is taken for markup. One that cannot be drawn stands
as it was written. Nothing here raises; nothing is loaded, and nothing runs.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import count
from typing import Any, Final

import mistune
import nh3
from markupsafe import Markup, escape

from grader.records import Answer
from grader.report import text
from grader.report.notebooks.cell_html import PLUGINS, SOURCE_CHARS, CellMarkdown, clean, coloured_code, leave_formulas

FORMULA_CHARS: Final = 2_000
FORMULAS: Final = 200  # of one answer: drawing one takes a millisecond
TOKEN: Final = re.compile(r"Zm9ybXVsYS0((?:[0-9a-f]{2})*)Z")
DELIMITED: Final = re.compile(r"(?s)(\$\$|\$|\\\\\[|\\\\\()(.*?)(\$\$|\$|\\\\\]|\\\\\))")
UNNAMED: Final = re.compile(r"<img(?![^>]*\balt=)")  # a picture that nobody described
MATHML: Final = (
    "math merror mfrac mi mn mo mover mpadded mphantom mroot mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd "
    "mtext mtr munder munderover"
)
CLEANER: Final = nh3.Cleaner(
    tags=set(MATHML.split()),
    attributes={"math": {"display"}, "mo": {"stretchy", "fence", "separator"}, "mi": {"mathvariant"}},
    link_rel=None,
)


def html_of_answer(answer: Answer) -> Markup:
    """An answer as it is shown to staff."""
    source = text.visible(answer.text[:SOURCE_CHARS])
    if answer.kind == "code":
        return Markup(clean(coloured_code(source)))
    return html_of_markdown(source)


def html_of_markdown(source: str) -> Markup:
    drawn = count()

    def formula(token: re.Match[str]) -> str:  # a student may have written any
        written = bytes.fromhex(token[1]).decode("utf-8", "replace")
        return html_of_formula(text.visible(written)) if next(drawn) < FORMULAS else str(escape(written))

    try:
        made = str(markdown()(source))
    except Exception:
        made = f"<pre>{escape(source)}</pre>"
    return Markup(TOKEN.sub(formula, text.visible(UNNAMED.sub('<img alt=""', clean(made)))))


@cache
def markdown() -> mistune.Markdown:
    plugins: list[Any] = [*PLUGINS, leave_formulas, set_formulas_aside]
    return mistune.create_markdown(renderer=CellMarkdown(escape=False), plugins=plugins)


def set_formulas_aside(md: mistune.Markdown) -> None:
    """A plugin after leave_formulas: a formula becomes a token, which holds its source."""
    assert md.renderer is not None
    md.renderer.register("formula", lambda _, raw: f"Zm9ybXVsYS0{raw.encode('utf-8', 'replace').hex()}Z")


def html_of_formula(source: str) -> str:
    """MathML; the source, if it cannot be drawn."""
    from latex2mathml.converter import convert

    delimited = DELIMITED.fullmatch(source)
    content = delimited[2] if delimited else source
    display = "inline" if source.startswith(("$", "\\\\(")) and not source.startswith("$$") else "block"
    try:
        if len(content) > FORMULA_CHARS:
            raise ValueError
        return str(CLEANER.clean(convert(content, display=display)))
    except Exception:  # whatever a student may write there
        return f"<code>{escape(source)}</code>"
