"""The pages in a real browser: they send nothing, run only our code, and are usable and readable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from sample import HOSTILE_ID, class_of, roster_of

from grader.report.pages import class_page
from grader.report.text import page_name

pytestmark = pytest.mark.browser

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
ADDRESSES = {
    "class": "index.html",
    "staff": "grace_hopper.html",
    "feedback": "feedback/grace_hopper.html",
    "unreadable": "feedback/late_upload.html",
    "hostile": page_name(HOSTILE_ID),
    "hostile feedback": "feedback/" + page_name(HOSTILE_ID),
}


def opened(browser: Any, pages: Path, name: str, viewport: dict[str, int] = DESK, **options: Any) -> Any:
    return opened_file(browser, pages / unquote(ADDRESSES[name]), viewport, **options)


@contextmanager
def opened_file(browser: Any, file: Path, viewport: dict[str, int] = DESK, **options: Any) -> Iterator[Any]:
    """One page that records its requests, console messages, errors and dialogs in `page.events`."""
    context = browser.new_context(viewport=viewport, **options)
    page = context.new_page()
    page.events = []
    page.on("request", lambda request: page.events.append(("request", request.url)))
    page.on("console", lambda message: page.events.append(("console", message.text)))
    page.on("pageerror", lambda error: page.events.append(("error", str(error))))
    page.on("dialog", lambda dialog: (page.events.append(("dialog", dialog.message)), dialog.dismiss()))
    page.goto(file.as_uri())
    try:
        yield page
    finally:
        context.close()


@pytest.mark.parametrize("name", ADDRESSES)
def test_nothing_leaves_the_page_and_nothing_of_a_submission_runs(browser: Any, pages: Path, name: str) -> None:
    with opened(browser, pages, name) as page:
        page.evaluate("document.querySelectorAll('details').forEach(item => { item.open = true; })")
        page.wait_for_timeout(100)
        assert [event for event in page.events if event != ("request", page.url)] == []
        assert page.title() != "owned"
        assert page.locator("iframe, img, script[src], svg[onload]").count() == 0


def test_a_script_injected_into_a_page_does_not_run(browser: Any, pages: Path, tmp_path: Path) -> None:
    for name in ("class", "staff", "feedback"):
        text = (pages / ADDRESSES[name]).read_text(encoding="utf-8")
        hole = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
        broken = tmp_path / ADDRESSES[name]
        broken.parent.mkdir(exist_ok=True)
        broken.write_text(text.replace("</main>", hole + "</main>"), encoding="utf-8")
        with opened(browser, tmp_path, name) as page:
            assert page.title() != "owned"
            assert [event for event in page.events if event[0] == "console"]


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_phone_scrolls_only_down(browser: Any, pages: Path, name: str) -> None:
    with opened(browser, pages, name, PHONE) as page:
        for folded in (True, False):
            if not folded:
                page.evaluate("document.querySelectorAll('details').forEach(item => { item.open = true; })")
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def ids(page: Any) -> list[str]:
    return page.locator("#roster tbody tr:visible th").all_inner_texts()


def scores(page: Any) -> list[float]:
    keys = page.locator("#roster tbody tr td:nth-child(3)")
    return [float(key) for key in keys.evaluate_all("cells => cells.map(cell => cell.dataset.sort)")]


def test_a_click_sorts_and_a_second_click_reverses(browser: Any, pages: Path) -> None:
    with opened(browser, pages, "class") as page:
        before = ids(page)
        heading = page.get_by_role("columnheader", name="Score")
        page.get_by_role("button", name="Score").click()
        assert heading.get_attribute("aria-sort") == "ascending"
        assert scores(page) == sorted(scores(page))
        assert ids(page) != before
        page.get_by_role("button", name="Score").click()
        assert heading.get_attribute("aria-sort") == "descending"
        assert scores(page) == sorted(scores(page), reverse=True)
        assert page.locator("[aria-sort=ascending], [aria-sort=descending]").count() == 1
        assert page.locator("#sorted").inner_text() == "Sorted by Score, descending."
        page.get_by_role("button", name="Submission").click()
        assert ids(page) == before


def test_the_keyboard_reaches_and_uses_every_heading(browser: Any, pages: Path) -> None:
    with opened(browser, pages, "class") as page:
        page.locator("#filter").focus()
        for _ in range(10):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.textContent") == "Score":
                break
        page.keyboard.press("Enter")
        assert scores(page) == sorted(scores(page))
        page.keyboard.press("Space")
        assert scores(page) == sorted(scores(page), reverse=True)


def test_the_filter_finds_ids_statuses_and_functions_that_did_not_pass(browser: Any, pages: Path) -> None:
    with opened(browser, pages, "class") as page:
        every = len(ids(page))
        page.locator("#filter").fill("GRACE")
        assert ids(page) == ["grace_hopper"]
        assert page.locator("#shown").inner_text() == f"1 of {every}"
        page.locator("#filter").fill("unreadable")
        assert ids(page) == ["late_upload"]
        page.locator("#filter").fill("max_pool_backward_naive")
        assert "grace_hopper" in ids(page)
        assert "ada_lovelace" not in ids(page)
        page.locator("#filter").fill("")
        assert len(ids(page)) == every


def test_without_javascript_the_table_is_whole_and_offers_nothing_that_does_not_work(browser: Any, pages: Path) -> None:
    with opened(browser, pages, "class", java_script_enabled=False) as page:
        assert page.locator("#roster tbody tr").count() == 35
        assert page.locator("#roster button").count() == 0
        assert not page.locator("#filter").is_visible()


def test_links_lead_to_the_pages_even_of_a_hostile_id(browser: Any, pages: Path) -> None:
    with opened(browser, pages, "class") as page:
        row = page.locator("#roster tbody tr", has_text="mallory")
        row.locator("th a").click()
        assert "mallory" in page.locator("h1").inner_text()
        page.get_by_role("link", name="What the student sees").click()
        assert "mallory" in page.locator("h1").inner_text()
        assert page.locator("h2", has_text="What to fix first").count() == 1


def test_staff_and_student_pages_hold_no_script(browser: Any, pages: Path) -> None:
    for name in ("staff", "feedback"):
        with opened(browser, pages, name) as page:
            assert page.locator("script").count() == 0


# Every visible text with its colour and the nearest background painted behind it (WCAG 2.2, 1.4.3).
CONTRASTS = """() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = (c) => { const [r, g, b] = c.map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92
    : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const poor = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.getClientRects().length || element.closest(".unseen, .skip, title"))
      continue;
    const style = getComputedStyle(element);
    const ink = rgb(element.namespaceURI.endsWith("svg") ? style.fill : style.color).slice(0, 3);
    let behind = element, paper = null;
    while (behind && !paper) {
      const colour = rgb(getComputedStyle(behind).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) paper = colour.slice(0, 3);
      behind = behind.parentElement;
    }
    const [high, low] = [light(ink), light(paper)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < 4.5) poor.add(`${element.className || element.tagName} ${ratio.toFixed(2)}`);
  }
  return [...poor];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["class", "staff", "feedback", "unreadable", "hostile"])
def test_every_text_has_contrast_in_light_and_dark(browser: Any, pages: Path, name: str, scheme: str) -> None:
    with opened(browser, pages, name, color_scheme=scheme) as page:
        page.evaluate("document.querySelectorAll('details').forEach(item => { item.open = true; })")
        red, green, blue = (
            int(part) for part in page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g)")
        )
        assert (red + green + blue > 384) == (scheme == "light")
        assert page.evaluate(CONTRASTS) == []


def test_only_what_failed_is_printed_with_its_checks(browser: Any, pages: Path) -> None:
    with opened(browser, pages, "staff") as page:
        page.emulate_media(media="print")
        assert not page.locator("details.function-block.s-passed .checks").first.is_visible()
        assert page.locator("details.function-block[open] .check.s-failed").first.is_visible()
        assert not page.locator("details.function-block[open] .check.s-passed").first.is_visible()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The class page of 1,200 submissions, more than the page lays out at first."""
    folder = tmp_path_factory.mktemp("large")
    results = class_of(40)
    roster = roster_of(
        replace(results[number % 40], submission={"id": f"student_{number}"}, duration_s=float(number % 7))
        for number in range(1200)
    )
    (folder / "index.html").write_text(class_page(roster, title="Large"), encoding="utf-8")
    return folder


def test_a_large_class_is_laid_out_in_part_until_the_user_shows_all(browser: Any, large: Path) -> None:
    with opened(browser, large, "class") as page:
        assert (len(ids(page)), ids(page)[0]) == (500, "student_0")
        assert page.locator("#rest-note span").inner_text() == "The first 500 of 1200; the filter finds all."
        page.get_by_role("button", name="Show all").click()
        assert [len(ids(page)), ids(page)[-1]] == [1200, "student_1199"]
        page.get_by_role("button", name="Submission").click()
        assert [len(ids(page)), ids(page)[0]] == [1200, "student_1199"]
        assert not page.locator("#rest-note").is_visible()
        assert [event for event in page.events if event[0] != "request"] == []


def test_the_filter_and_sorting_of_a_large_class_reach_every_row(browser: Any, large: Path) -> None:
    with opened(browser, large, "class") as page:
        page.locator("#filter").fill("student_1199")
        assert ids(page) == ["student_1199"]
        assert page.locator("#shown").inner_text() == "1 of 1200"
        page.locator("#filter").fill("student_1")
        assert page.locator("#shown").inner_text() == "311 of 1200"
        assert len(ids(page)) == 311
        page.locator("#filter").fill("")
        page.get_by_role("button", name="Submission").click()
        page.get_by_role("button", name="Submission").click()
        assert (len(ids(page)), ids(page)[0]) == (500, "student_0")
        page.get_by_role("button", name="Submission").click()
        assert (len(ids(page)), ids(page)[0]) == (500, "student_1199")


def test_a_large_class_is_whole_without_javascript(browser: Any, large: Path) -> None:
    with opened(browser, large, "class", java_script_enabled=False) as page:
        assert len(ids(page)) == 1200
        assert not page.locator("#rest-note").is_visible()
