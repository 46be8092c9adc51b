"""Format strings and numbers for readers: nothing invisible, nothing endless, no needless digits.

Text from a submission may contain ANSI escapes, control characters and characters that reverse the direction of a line,
so that it looks different from what it is. `visible` replaces each by its code, as Python writes it (many fonts lack
Unicode's pictures for them). The templates' environment applies it to every string of a page, before escaping.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Final
from urllib.parse import quote

from markupsafe import Markup, escape

# Nobody reads a page with megabytes of prints; the result file contains more.
OUTPUT_CHARS: Final = 20_000
MESSAGE_CHARS: Final = 4_000
LINE_CHARS: Final = 240
# A lexer's patterns may take very long on a hostile line; an ordinary line of code fits.
HIGHLIGHT_CHARS: Final = 400

# Bidi embeddings, overrides, isolates and marks; zero width space and no-break space; line and paragraph separator.
DIRECTION_MARKS: Final = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
ZERO_WIDTH: Final = (0x00AD, 0x200B, 0x2028, 0x2029, 0x2060, 0xFEFF, 0xFFFE, 0xFFFF)
SURROGATES: Final = range(0xD800, 0xE000)

CODES: Final[dict[int, str]] = {
    **{code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"},
    **{code: f"\\u{code:04x}" for code in (*DIRECTION_MARKS, *ZERO_WIDTH, *SURROGATES)},
}


def visible(text: str) -> str:
    """Replace invisible and misleading characters. Line ends become plain newlines; tabs stay."""
    if text.isprintable():  # a shortcut for most strings: printable text has none of these characters
        return text
    return text.replace("\r\n", "\n").translate(CODES)


def clip(text: str, limit: int = MESSAGE_CHARS) -> str:
    """Shorten to `limit` characters, and add how many more there were."""
    return text if len(text) <= limit else f"{text[:limit]} … ({len(text) - limit:,} more characters)"


def first_line(text: str) -> str:
    """The first line that is not blank, shortened to fit a list."""
    return clip(next((line.strip() for line in text.splitlines() if line.strip()), ""), LINE_CHARS)


def number(value: float) -> str:
    """Points and scores: two decimals at most, none where they are zero."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def signed(value: float) -> str:
    """Points that were given or taken: a plus or a minus before them, but for none."""
    return "0" if (text := number(abs(value))) == "0" else f"{'+' if value > 0 else '−'}{text}"


def utc(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def seconds(value: float) -> str:
    return "< 0.01 s" if value < 0.01 else f"{value:.2f} s" if value < 10 else f"{value:.0f} s"


def small(value: float | None) -> str:
    """Errors and tolerances: three digits; a dash for None."""
    return "–" if value is None else f"{value:.3g}"


def page_name(submission_id: str) -> str:
    """The link to a submission's page: always a file beside this page, whatever the id."""
    return address(submission_id) + ".html"


def address(name: str) -> str:
    """Quote a file or folder name as one part of a link, whatever it contains."""
    return quote(name.encode("utf-8", "surrogateescape"), safe="")


def highlight_line(text: str) -> Markup:
    """The line without its indentation, escaped; coloured unless it is too long."""
    line = visible(text.strip())
    if len(line) > HIGHLIGHT_CHARS:
        return escape(clip(line, HIGHLIGHT_CHARS))
    return Markup(colour()(line))


@cache
def colour() -> Callable[[str], str]:
    """Return the function that colours a line. Imports pygments only now: most submissions have no traceback."""
    import pygments
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    lexer = PythonLexer(stripnl=False, ensurenl=False)
    formatter: HtmlFormatter[str] = HtmlFormatter(nowrap=True, classprefix="py-")
    return lambda line: pygments.highlight(line, lexer, formatter)  # the formatter escapes
