"""Shows all students' answers to one question on one page, where staff enter points by keyboard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from grader.decisions import ANSWER, Adjustment, Grade, Part
from grader.gradebook.adjusting import adjustments_of
from grader.gradebook.book import NotInGradebook
from grader.gradebook.commenting import saved_comments_of
from grader.records import Answer
from grader.web.rendering import page
from grader.web.site import Site
from grader.web.written import html_of_answer, html_of_markdown

CARDS: Final = 25  # a page has few cards, because each reads its submission's result file


@dataclass(frozen=True)
class Card:
    """One submission's answer. answer: None if the result has none. adjustment: the points that staff set."""

    grade: Grade
    answer: Answer | None
    written: Markup
    points: float | None
    max_points: float
    adjustment: Adjustment | None

    @property
    def revision(self) -> int:
        return self.adjustment.revision if self.adjustment else 0


def questions_page(site: Site, request: Request) -> Response:
    """Show all questions, and how many answers have points."""
    asked = [{**grade.questions} for grade in in_order(site)]
    counts = {
        name: (sum(one[name][0] is not None for one in asked if name in one), sum(name in one for one in asked))
        for name in site.assignment().questions
    }
    return page(request, "questions.html", {"assignment": site.assignment(), "counts": counts})


def question_page(site: Site, request: Request, more: dict[str, Any] | None = None, status: int = 200) -> Response:
    """Show the answers to one question, or only those without points."""
    question, unmarked = request.query_params.get("name", ""), request.query_params.get("show") == "unmarked"
    check_question(site, question)
    asked = [grade for grade in in_order(site) if question in grade.questions]
    found = [grade for grade in asked if grade.questions[question][0] is None] if unmarked else asked
    written = request.query_params.get("page", "1")
    last = max(1, -(-len(found) // CARDS))
    shown = min(int(written), last) if written.isascii() and written.isdigit() and 0 < len(written) < 7 else 1
    given = adjustments_by_submission(site, question)
    cards = [card_of(site, grade, question, given) for grade in found[(max(shown, 1) - 1) * CARDS :][:CARDS]]
    facts = {
        **shared_facts(site, question, cards),
        "count": len(found),
        "unmarked": unmarked,
        "shown": max(shown, 1),
        "last": last,
        "address": lambda **changes: urlencode({"name": question, "show": "unmarked" if unmarked else "", **changes}),
    }
    return page(request, "question.html", {**facts, **(more or {})}, status)


def one_card(site: Site, request: Request, form: dict[str, str], more: dict[str, Any], status: int) -> Response:
    """Show the card of one submission, after a decision about it."""
    question = form.get("part", "").partition(":")[2]
    check_question(site, question)
    card = card_of(site, site.grade(form.get("submission", "")), question, adjustments_by_submission(site, question))
    return page(request, "card.html", {**shared_facts(site, question, [card]), "card": card, **more}, status)


def shared_facts(site: Site, question: str, cards: list[Card]) -> dict[str, Any]:
    asked = [grade.questions[question] for grade in in_order(site) if question in grade.questions]
    return {
        "assignment": site.assignment(),
        "question": question,
        "cards": cards,
        "asks": html_of_markdown(next((card.answer.asks for card in cards if card.answer), "")),
        "marked": sum(points is not None for points, _ in asked),
        "asked": len(asked),
        "saved": saved_comments_of(site.book, site.title),
        "problem": "",
        "draft": {},
        "now": None,
    }


def in_order(site: Site) -> list[Grade]:
    """Return one grade for each submission, sorted by name; a group has one."""
    return list({grade.submission: grade for grade in site.snapshot().ordered("name") if grade.submission}.values())


def check_question(site: Site, question: str) -> None:
    known = site.assignment().questions
    if question not in known:
        raise NotInGradebook(f"{site.title}: has no question {question!r}. There are: {', '.join(known) or 'none'}.")


def adjustments_by_submission(site: Site, question: str) -> dict[str, Adjustment]:
    part = Part(ANSWER, question)
    return {one.submission: one for one in adjustments_of(site.book, site.title) if one.part == part}


def card_of(site: Site, grade: Grade, question: str, given: dict[str, Adjustment]) -> Card:
    result = site.result(grade.submission)
    answers = (answer for notebook in result.notebooks for answer in notebook.answers) if result else ()
    answer = next((one for one in answers if one.question == question), None)
    written = html_of_answer(answer) if answer and answer.text else Markup()
    points, most = grade.questions.get(question, (None, 0.0))
    return Card(grade, answer, written, points, most, given.get(grade.submission))
