"""The page of a student's notebook: OUT/notebooks/<submission>/<notebook>.html, with the notebook in a frame.

    cells ─► HTML of known parts (cell_html.py) ─► nh3 ─► a document of ours ─► srcdoc of <iframe sandbox>

A browser runs nothing of the notebook, for three reasons, each of which alone would be enough. nh3 removes all but
known tags and attributes (`clean`). The content security policy of the document forbids scripts, requests and forms,
and so does the page's policy, which the frame inherits. The frame is sandboxed without any permission. Formulas stay
LaTeX source, because converting them in the browser would need a script.

Needs the extra `notebooks`. The caller has checked that mistune and nh3 are installed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from markupsafe import Markup

from grader.intake.notebooks.cells import Cell, UnreadableNotebook, cells_of
from grader.messages.say import said
from grader.records import Reason
from grader.report import text
from grader.report.notebooks.cell_html import TOKEN, Shown, clean, html_of_cell
from grader.report.pages import asset, environment, policy_of, render


def notebook_page(content: bytes, *, name: str, submission: str) -> str:
    """Return the page. For an unreadable notebook, the page shows the reason. Raises GraderError without nbformat."""
    try:
        body = body_of(cells_of(content))
        problem = None
    except UnreadableNotebook as error:
        body, problem = "", Reason.of("not_shown", why=error.reason)
    return framed(body, problem, name=name, submission=submission)


def framed(body: str, problem: Reason | None, *, name: str, submission: str) -> str:
    """Return the page around a converted notebook, or around the reason why the notebook cannot be shown."""
    sheet = asset("page.css") + asset("notebook.css")
    frame = environment().get_template("notebook_frame.html")
    document = frame.render(style=sheet, policy=policy_of(sheet), body=Markup(body or "<p>It has no cells.</p>"))
    facts = {"name": name, "submission": submission, "problem": said(problem), "document": document}
    return render("notebook.html", facts, style="notebook.css")


def body_of(cells: Iterable[Cell]) -> str:
    """Return the content of the frame: HTML that has only allowed tags and attributes."""
    shown = Shown()
    made = "\n".join(html_of_cell(cell, shown) for cell in cells)

    def picture(token: re.Match[str]) -> str:
        number = int(token[1])  # may be any number, if the student typed a token
        return shown.pictures[number] if number < len(shown.pictures) else ""

    return TOKEN.sub(picture, text.visible(clean(made)))
