"""Makes the pages: the report's words, filters and marks in templates of this folder; its colours in one style sheet.

Escaping is on for every template, and every string is made visible on its way in, as on the report's pages; but for
what a form sends back (`exact`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from grader.records import Result
from grader.report import pages as report
from grader.report.notebooks.marked_answers import Marks
from grader.web.access import Visit
from grader.web.class_view import SHOWN

FOLDER: Final = Path(__file__).parent
STYLE: Final = ("page.css", "submission.css", "class.css")  # the report's, before our own
KINDS: Final = {"style.css": "text/css", "htmx.min.js": "text/javascript", "serve.js": "text/javascript"}


@cache
def environment() -> Environment:
    """The report's environment, which also finds our templates."""
    folders = [FOLDER / "templates", report.TEMPLATES]
    made = report.environment().overlay(loader=FileSystemLoader(folders), bytecode_cache=None)
    made.filters = {**made.filters, "exact": exact}
    made.globals = {**made.globals, "SHOWN": SHOWN, "static": static_address}
    return made


def exact(value: object) -> Markup:
    """Escaped, but otherwise as it is: for what a form sends back, which must be the name or the text itself."""
    return escape(str(value))


@cache
def static_file(name: str) -> bytes:
    """A style sheet or a script of ours. Raises KeyError for any other name."""
    if name not in KINDS:
        raise KeyError(name)
    if name == "style.css":
        return "\n".join([*map(report.asset, STYLE), (FOLDER / "static" / "serve.css").read_text()]).encode()
    return (FOLDER / "static" / name).read_bytes()


@cache
def static_address(name: str) -> str:
    """Another one whenever the content changes, so that a browser may keep what it has."""
    return f"/static/{name}?v={hashlib.sha256(static_file(name)).hexdigest()[:12]}"


def page(request: Request, template: str, facts: Mapping[str, Any], status: int = 200) -> Response:
    session: Visit | None = request.state.session
    content = environment().get_template(template).render(session=session, path=request.url.path, **facts)
    return HTMLResponse(content.encode("utf-8", "replace"), status)


def framed_report(result: Result, marks: Marks) -> str:
    """The staff page of a result for a frame beside what is decided: without links to other pages, and the grade."""
    facts = report.parts_of(result, marks)
    notebooks = [replace(one, page="") for one in facts["notebooks"]]
    sheet = report.asset("page.css") + report.asset("submission.css")
    shell = {"style": sheet, "script": "", "policy": report.policy_of(sheet)}
    template = environment().get_template("framed.html")
    return template.render(**{**facts, **shell, "notebooks": notebooks, "grade": None, "staff": True})
