"""Makes the pages: templates of this folder with the report's words, filters and marks, and one style sheet.

All templates escape values and show invisible characters, as the report's pages do, except for values that a form
sends back (`exact`).
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

from grader.gradebook.changes import moment
from grader.records import Result
from grader.report import pages as report
from grader.report import text
from grader.report.notebooks.marked_answers import Marks
from grader.web.access import Visit
from grader.web.class_view import SHOWN
from grader.web.guard import frame_policy

FOLDER: Final = Path(__file__).parent
STYLE: Final = ("page.css", "submission.css", "class.css")  # style sheets of the report
KINDS: Final = {"style.css": "text/css", "htmx.min.js": "text/javascript", "serve.js": "text/javascript"}


@cache
def environment() -> Environment:
    """Return the report's Jinja environment, which also finds the templates of this folder."""
    folders = [FOLDER / "templates", report.TEMPLATES]
    made = report.environment().overlay(loader=FileSystemLoader(folders), bytecode_cache=None)
    made.filters = {**made.filters, "exact": exact, "facts": facts_of}
    made.globals = {**made.globals, "SHOWN": SHOWN, "static": static_address}
    return made


def exact(value: object) -> Markup:
    """Escape a value without other changes, because forms must send back the exact name or text."""
    return escape(str(value))


def facts_of(state: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the fields of a record in the history as text. A field whose name ends in _at is a time in seconds."""
    said = []
    for name, value in state.items():
        if isinstance(value, (int, float)):
            is_time = name.endswith("_at")
            said.append((name, f"{moment(value):%Y-%m-%d %H:%M} UTC" if is_time else text.number(value)))
        elif value:
            said.append((name, ", ".join(map(str, value)) if isinstance(value, list) else str(value)))
    return [(name.replace("_", " "), value) for name, value in said]


@cache
def static_file(name: str) -> bytes:
    """Return a style sheet or a script of this folder. Raises KeyError for any other name."""
    if name not in KINDS:
        raise KeyError(name)
    if name == "style.css":
        return "\n".join([*map(report.asset, STYLE), (FOLDER / "static" / "serve.css").read_text()]).encode()
    return (FOLDER / "static" / name).read_bytes()


@cache
def static_address(name: str) -> str:
    """Return the address of a file, which changes with its content, so that browsers may cache the file for ever."""
    return f"/static/{name}?v={hashlib.sha256(static_file(name)).hexdigest()[:12]}"


def page(request: Request, template: str, facts: Mapping[str, Any], status: int = 200) -> Response:
    session: Visit | None = request.state.session
    content = environment().get_template(template).render(session=session, path=request.url.path, **facts)
    return HTMLResponse(content.encode("utf-8", "replace"), status)


def framed_report(result: Result, marks: Marks) -> Response:
    """Return the staff page of a result for a frame beside the forms, without links to other pages and without the
    grade."""
    facts = report.parts_of(result, marks)
    notebooks = [replace(one, page="") for one in facts["notebooks"]]
    sheet = report.asset("page.css") + report.asset("submission.css")
    shell = {"style": sheet, "script": "", "policy": report.policy_of(sheet)}
    template = environment().get_template("framed.html")
    made = template.render(**{**facts, **shell, "notebooks": notebooks, "grade": None, "staff": True})
    headers = {"Content-Security-Policy": frame_policy(report.source_hash(sheet))}
    return HTMLResponse(made.encode("utf-8", "replace"), headers=headers)
