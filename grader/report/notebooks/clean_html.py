"""HTML that a student wrote or that was made of it, with the tags and attributes that are named here and no others.

No address is kept but those of pictures in the page itself, so nothing in it runs, loads or leads anywhere.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

from grader.errors import GraderError
from grader.intake.notebooks.cells import NOT_INSTALLED

TEXT: Final = (
    "a",
    "b",
    "code",
    "del",
    "em",
    "i",
    "ins",
    "kbd",
    "q",
    "s",
    "samp",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
)
BLOCKS: Final = (
    "blockquote",
    "br",
    "dd",
    "div",
    "dl",
    "dt",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "p",
    "pre",
    "wbr",
)
LISTS: Final = ("figcaption", "figure", "img", "li", "ol", "u", "ul", "var")
TABLES: Final = ("caption", "col", "colgroup", "table", "tbody", "td", "tfoot", "th", "thead", "tr")
# Taken out with what stands in them; of all other tags, the text stays.
WITH_CONTENT: Final = frozenset(
    ("script", "style", "iframe", "object", "svg", "math", "template", "noscript", "title", "textarea", "select")
)
ATTRIBUTES: Final = {
    "*": {"class"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
PICTURE: Final = re.compile(r"data:image/(png|jpeg|gif|svg\+xml);base64,[A-Za-z0-9+/=]*")
SIZE: Final = re.compile(r"[0-9]{1,5}")


def clean(content: object) -> str:
    """HTML of the tags and attributes above, balanced; nothing in it can run, load or lead anywhere."""
    return str(cleaner().clean(str(content)))


@cache
def cleaner() -> Any:
    try:
        import nh3
    except ImportError as error:
        raise GraderError(NOT_INSTALLED.format("nh3")) from error
    return nh3.Cleaner(
        tags={*TEXT, *BLOCKS, *LISTS, *TABLES},
        clean_content_tags=set(WITH_CONTENT),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=keep_attribute,
        url_schemes={"data"},
        link_rel=None,
    )


def keep_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "src":
        return value if PICTURE.fullmatch(value) else None
    if name in ("width", "height", "start", "colspan", "rowspan"):
        return value if SIZE.fullmatch(value) else None
    return value
