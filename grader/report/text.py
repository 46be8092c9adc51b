"""Strings and numbers as a reader sees them: nothing invisible, nothing endless, no needless digits.

Text from a submission may hold ANSI escapes, control characters and characters that turn the direction of a line
around, so that it reads differently from what it is. `visible` replaces each by its code, as Python writes it (the
pictures that Unicode has for them are missing from many fonts). The templates' environment applies it to every string
that is put into a page, before escaping.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Final
from urllib.parse import quote

from markupsafe import Markup, escape

# A page that holds a whole flood of prints is of no use to anybody; the result file has what the judge kept.
OUTPUT_CHARS: Final = 20_000
MESSAGE_CHARS: Final = 4_000
LINE_CHARS: Final = 240
# Nobody promises what a lexer's patterns take on a hostile line; a line of code fits here.
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
    """Replace what a reader would not see, or would be misled by. Line ends become plain newlines; tabs stay."""
    if text.isprintable():  # nothing of the above is, and most strings are
        return text
    return text.replace("\r\n", "\n").translate(CODES)


def clip(text: str, limit: int = MESSAGE_CHARS) -> str:
    """Shorten to `limit` characters, saying how many more there were."""
    return text if len(text) <= limit else f"{text[:limit]} … ({len(text) - limit:,} more characters)"


def first_line(text: str) -> str:
    """The first line that says something, shortened to fit a list."""
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
    """Errors and tolerances: three digits; a dash where there is none."""
    return "–" if value is None else f"{value:.3g}"


def page_name(submission_id: str) -> str:
    """The file name of a submission's page as a link that cannot be anything but a file beside this one."""
    return address(submission_id) + ".html"


def address(name: str) -> str:
    """A file or folder name as one part of a link, whatever is in it."""
    return quote(name.encode("utf-8", "surrogateescape"), safe="")


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
