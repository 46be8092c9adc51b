"""A student's notebook to look at: OUT/notebooks/<submission>/<notebook>.html, a page around a frame.

    cells ─► known parts (notebook_parts.py) ─► nbconvert ─► nh3 ─► a document of ours ─► srcdoc of <iframe sandbox>

Nothing of it is executed, and each of three walls would do alone: nh3 keeps the tags and attributes that are named here
and no others, no address among them but those of pictures in the page itself; the document's policy forbids scripts,
requests and forms, and so does the page's, which the frame inherits; the frame is sandboxed without any permission.
nbconvert's templates that load scripts from elsewhere are not used: formulas stand as they were written.
"""

from __future__ import annotations

import re
from functools import cache, partial
from typing import Any, Final

from markupsafe import Markup, escape

from grader.errors import GraderError
from grader.intake.notebooks.cells import NOT_INSTALLED, UnreadableNotebook, cells_of
from grader.messages.say import said
from grader.records import Reason
from grader.report import text
from grader.report.notebooks.parts import TOKEN, Parts, parts_of
from grader.report.pages import TEMPLATES, asset, environment, policy_of, render
from grader.report.template_cache import Compiled

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
EMPTY: Final = "<p>It has no cells.</p>"


def notebook_page(content: bytes, *, name: str, submission: str) -> str:
    """The whole page. Of a notebook that cannot be read it says so. Raises GraderError if a library is missing."""
    try:
        body = body_of(parts_of(cells_of(content)))
        problem = None
    except UnreadableNotebook as error:
        body, problem = "", Reason.of("not_shown", why=error.reason)
    return framed(body, problem, name=name, submission=submission)


def framed(body: str, problem: Reason | None, *, name: str, submission: str) -> str:
    """The page around what was made of a notebook, or around what is said in its place."""
    sheet = asset("page.css") + asset("notebook.css")
    document = (
        environment()
        .get_template("notebook_frame.html")
        .render(style=sheet, policy=policy_of(sheet), body=Markup(body or EMPTY))
    )
    facts = {"name": name, "submission": submission, "problem": said(problem), "document": document}
    return render("notebook.html", facts, style="notebook.css")


def body_of(parts: Parts) -> str:
    """What stands in the frame: HTML of known tags and attributes."""
    try:
        import nbformat
    except ImportError as error:
        raise GraderError(NOT_INSTALLED.format("nbformat")) from error
    notebook = nbformat.from_dict({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": parts.cells})
    made, _ = exporter()(notebook)
    return TOKEN.sub(lambda token: picture(parts, int(token[1])), text.visible(clean(made)))


def picture(parts: Parts, number: int) -> str:
    return parts.pictures[number] if number < len(parts.pictures) else ""


@cache
def exporter() -> Any:
    """nbconvert's HTML exporter, of bodies alone, without any step that would run, read or write something.

    Called as a plain template's: the HTML exporter's own last step parses everything once more, to see to pictures
    without a description, and takes twice the time of all else.
    """
    try:
        from nbconvert import HTMLExporter, TemplateExporter, __version__
        from nbconvert.filters import Highlight2HTML
    except ImportError as error:
        raise GraderError(NOT_INSTALLED.format("nbconvert")) from error
    made = HTMLExporter(
        template_name="basic",
        default_preprocessors=[],
        sanitize_html=True,
        exclude_anchor_links=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    made.environment.bytecode_cache = Compiled(TEMPLATES, __version__)
    made.register_filter("clean_html", clean)  # in the place of nbconvert's own, which takes a hundred times as long
    made.register_filter("markdown2html", partial(markdown, made))
    made.register_filter("highlight_code", Highlight2HTML(pygments_lexer="python3", parent=made))
    return partial(TemplateExporter.from_notebook_node, made)


def markdown(exporter: Any, source: str) -> str:
    """A cell's Markdown as HTML; as it was written, where the converter fails over it."""
    try:
        return str(exporter.markdown2html({}, source))
    except Exception:
        return f"<pre>{escape(source)}</pre>"


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
