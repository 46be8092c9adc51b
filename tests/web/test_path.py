"""Pages in a real browser against a real server: people at work at the same time, and what everybody can read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from site_sample import CONV, TITLE

from grader.decisions import ANSWER, FUNCTION, Part
from grader.gradebook.adjusting import adjust
from grader.gradebook.book import open_gradebook
from grader.gradebook.changes import changes
from grader.gradebook.grades import grade_of
from grader.gradebook.place import beside

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe-core (pip install -e '.[dev]')")
pytestmark = pytest.mark.browser
PAGES = {
    "class": "/",
    "filtered": "/?below=50&sort=-grade",
    "submission": "/submission?submission=ben",
    "absent student": "/submission?student=s9",
    "questions": "/questions",
    "question": "/question?name=why",
    "publishing": "/publishing",
    "history": "/history",
    "not there": "/submission?submission=nobody",
}


@contextmanager
def entered(browser: Any, link: str, **options: Any) -> Iterator[Any]:
    """A page of somebody who has come in. Its errors are kept in `page.events`."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
    page = context.new_page()
    page.events = []
    page.on("console", lambda message: page.events.append(message.text))
    page.on("pageerror", lambda error: page.events.append(str(error)))
    page.on("dialog", lambda dialog: (page.events.append(dialog.message), dialog.dismiss()))
    page.home = link.split("/enter")[0]
    page.goto(link)
    page.wait_for_url(page.home + "/")
    try:
        yield page
    finally:
        context.close()


def row(page: Any, name: str) -> list[str]:
    return page.locator("tr", has=page.get_by_role("rowheader", name=name)).locator("td").all_inner_texts()


def kept(page: Any, button: str) -> None:
    """Press a button, and wait until what the server says stands on the page."""
    page.evaluate("document.getElementById('desk').dataset.old = 'old'")
    page.get_by_role("button", name=button, exact=True).click()
    page.wait_for_selector("#desk:not([data-old])")
    assert page.get_by_role("alert").count() == 0


def test_an_edit_over_one_that_was_not_seen_is_refused_and_both_are_shown(
    browser: Any, links: dict[str, str], out: Path
) -> None:
    with entered(browser, links["ada"]) as ada, entered(browser, links["bob"]) as bob:
        for page, points, reason in ((ada, "2", "Ada's reason"), (bob, "5", "Bob's reason")):
            page.goto(page.home + "/submission?submission=ben")
            page.get_by_label("Points").fill(points)
            page.get_by_label("Reason, for the student").first.fill(reason)
        kept(ada, "Adjust")
        ada.get_by_text("0 became 2.").wait_for()
        bob.get_by_role("button", name="Adjust", exact=True).click()
        alert = bob.get_by_role("alert").first
        alert.wait_for()
        said = alert.inner_text()
        assert "Nothing was kept." in said and "by ada" in said
        assert "+2 points. Ada's reason" in said and "Bob's reason" in said
        with open_gradebook(beside(out)) as book:
            assert grade_of(book, TITLE, "ben").total == 42.0
            bob.get_by_role("button", name="Put mine in its place").click()
            bob.get_by_text("0 became 5.").wait_for()
            assert grade_of(book, TITLE, "ben").total == 45.0
            assert [one.who for one in changes(book, submission="ben")] == ["ada", "bob"]


def test_two_who_mark_the_same_answer_lose_nothing(browser: Any, links: dict[str, str], out: Path) -> None:
    with entered(browser, links["ada"]) as page, open_gradebook(beside(out)) as book:
        page.goto(page.home + "/question?name=why")
        adjust(book, TITLE, 1.0, "by command", who="bob", submission="ann", part=Part(ANSWER, "why"), mode="set")
        page.keyboard.type("4")
        page.keyboard.press("Enter")
        alert = page.locator(".card").first.get_by_role("alert")
        alert.wait_for()
        assert "1 points instead. by command" in alert.inner_text() and "points 4" in alert.inner_text()
        assert grade_of(book, TITLE, "ann").questions["why"] == (1.0, 5.0)


def test_comments_late_days_extensions_and_requests(browser: Any, links: dict[str, str], out: Path) -> None:
    with entered(browser, links["bob"]) as page:
        page.goto(page.home + "/submission?submission=dia")
        comments = page.locator("section", has=page.get_by_role("heading", name="Comments"))
        comments.get_by_label("About").select_option(f"function:{CONV}")
        comments.get_by_label("Comment, for the student").fill("See the lecture.")
        page.get_by_label("Keep it for use again").check()
        kept(page, "Add")
        page.get_by_label("Days late").fill("2")
        page.locator("section", has=page.get_by_role("heading", name="Late days")).get_by_label("Reason").fill("mail")
        kept(page, "Enter")
        page.get_by_text("2 days late").wait_for()
        page.get_by_text("Enter a request").click()
        page.locator("details", has_text="What the student asks").get_by_label("About").select_option("answer:why")
        page.get_by_label("What the student asks").fill("Why only 30?")
        page.locator("details", has_text="What the student asks").get_by_role("button").click()
        page.locator(".request textarea").fill("The edges are wrong.")
        kept(page, "Answer")
        page.goto(page.home + "/submission?submission=cem")
        page.get_by_label("Use a saved comment").select_option("See the lecture.")
        assert page.get_by_label("Comment, for the student").input_value() == "See the lecture."
        assert page.events == []
    with open_gradebook(beside(out)) as book:
        grade = grade_of(book, TITLE, "dia")
        assert (grade.comments[0].part, grade.comments[0].text) == (Part(FUNCTION, CONV), "See the lecture.")
        assert (grade.late.days, grade.total) == (2, 49.0)  # 70 less 20 percent of 105
        assert (grade.requests[0].part, grade.requests[0].answer) == (Part(ANSWER, "why"), "The edges are wrong.")


def test_without_scripts_everything_works_as_well(browser: Any, links: dict[str, str], out: Path) -> None:
    with entered(browser, links["ada"], java_script_enabled=False) as page:
        page.goto(page.home + "/submission?submission=ben&below=50")
        page.get_by_label("Points").fill("3")
        page.get_by_label("Reason, for the student").first.fill("so")
        page.get_by_role("button", name="Adjust", exact=True).click()
        assert page.url.endswith("/submission?submission=ben&below=50")
        page.goto(page.home + "/question?name=why")
        page.get_by_label("Points, of 5").first.fill("2")
        page.get_by_role("button", name="Give").first.click()
    with open_gradebook(beside(out)) as book:
        assert (grade_of(book, TITLE, "ben").total, grade_of(book, TITLE, "ann").total) == (43.0, 102.0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_and_a_phone_scrolls_only_down(
    browser: Any, links: dict[str, str], out: Path, width: int, scheme: str
) -> None:
    with open_gradebook(beside(out)) as book:
        adjust(book, TITLE, 2.0, "so", who="ada", submission="ben", part=Part(FUNCTION, CONV))
    view = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    with entered(browser, links["ada"], **view) as page:
        for name, path in PAGES.items():
            page.goto(page.home + path)
            found = axe.Axe().run(page).response["violations"]
            assert [(name, one["id"], one["nodes"][0]["html"]) for one in found] == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
