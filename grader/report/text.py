"""Format strings and numbers for pages: no invisible characters, bounded length, no needless digits.

Text from a submission may contain ANSI escapes, control characters and characters that reverse the direction of a line,
so that a reader sees another text than the file contains. `visible` replaces each such character by its code, as Python
writes it (many fonts lack Unicode's symbols for control characters). The templates' environment applies `visible` to
every string of a page, before escaping.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Final
from urllib.parse import quote

from markupsafe import Markup, escape

# Nobody reads megabytes of prints on a page; the result file contains more of them.
OUTPUT_CHARS: Final = 20_000
MESSAGE_CHARS: Final = 4_000
LINE_CHARS: Final = 240
# Pygments may take very long on a hostile line, so longer lines have no colours. Ordinary lines of code are shorter.
HIGHLIGHT_CHARS: Final = 400
CODE_SPAN: Final = re.compile(r"`([^`\n]+)`")

# Bidi embeddings, overrides, isolates and marks; zero width space and no-break space; line and paragraph separator.
DIRECTION_MARKS: Final = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
ZERO_WIDTH: Final = (0x00AD, 0x200B, 0x2028, 0x2029, 0x2060, 0xFEFF, 0xFFFE, 0xFFFF)
SURROGATES: Final = range(0xD800, 0xE000)

CODES: Final[dict[int, str]] = {
    **{code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"},
    **{code: f"\\u{code:04x}" for code in (*DIRECTION_MARKS, *ZERO_WIDTH, *SURROGATES)},
}


def visible(text: str) -> str:
    """Replace invisible and misleading characters by their codes. CRLF becomes a newline; tabs stay."""
    if text.isprintable():  # a shortcut for most strings: printable text has no character in CODES
        return text
    return text.replace("\r\n", "\n").translate(CODES)


def clip(text: str, limit: int = MESSAGE_CHARS) -> str:
    """Shorten a text to `limit` characters, and append how many more characters it had."""
    return text if len(text) <= limit else f"{text[:limit]} … ({len(text) - limit:,} more characters)"


def first_line(text: str) -> str:
    """Return the first line of a text that is not blank, shortened to fit into a list."""
    return clip(next((line.strip() for line in text.splitlines() if line.strip()), ""), LINE_CHARS)


def number(value: float) -> str:
    """Format points and scores: at most two decimals, without zeros at the end."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def signed(value: float) -> str:
    """Format a change of points with a plus or a minus sign; no change is 0 without a sign."""
    return "0" if (text := number(abs(value))) == "0" else f"{'+' if value > 0 else '−'}{text}"


def utc(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def seconds(value: float) -> str:
    return "< 0.01 s" if value < 0.01 else f"{value:.2f} s" if value < 10 else f"{value:.0f} s"


def small(value: float | None) -> str:
    """Format errors and tolerances: three digits; a dash for None."""
    return "–" if value is None else f"{value:.3g}"


def page_name(submission_id: str) -> str:
    """Return the link to a submission's page. For any id, the link names a file in the same folder as this page."""
    return address(submission_id) + ".html"


def address(name: str) -> str:
    """Quote a file or folder name, with any characters, as one part of a link."""
    return quote(name.encode("utf-8", "surrogateescape"), safe="")


def hint(text: str) -> Markup:
    """Return a hint as HTML: escaped, and text in backticks is shown as code."""
    return Markup(CODE_SPAN.sub(r"<code>\1</code>", str(escape(clip(visible(text))))))


def highlight_line(text: str) -> Markup:
    """Return a line of code as HTML, escaped and without indentation; with colours unless it is too long."""
    line = visible(text.strip())
    if len(line) > HIGHLIGHT_CHARS:
        return escape(clip(line, HIGHLIGHT_CHARS))
    return Markup(colour()(line))


@cache
def colour() -> Callable[[str], str]:
    """Return a function that colours a line. Imports pygments only here, because most results have no traceback."""
    import pygments
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    lexer = PythonLexer(stripnl=False, ensurenl=False)
    formatter: HtmlFormatter[str] = HtmlFormatter(nowrap=True, classprefix="py-")
    return lambda line: pygments.highlight(line, lexer, formatter)  # the formatter escapes
