"""A teaching assistant's whole way in a real browser, over a class that is really graded, twice.

tests/cli/test_path_by_commands.py goes the same way with commands and tables alone.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from site_sample import serving
from small_course import ADA, ED, FUNCTION, HINT, JANE, ease, grade, grades, in_canvas, make_course, moved, run, table
from test_path import entered, kept, row

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def adjust(page: Any, points: str, reason: str) -> None:
    """Give points for the function that lost some: it is the one that the form offers first."""
    form = page.get_by_role("region", name="Adjustments")
    assert form.locator("select[name=part]").input_value() == f"function:{FUNCTION}"
    page.get_by_label("Points").fill(points)
    page.get_by_label("Reason, for the student").first.fill(reason)
    kept(page, "Adjust")


def test_the_whole_path_in_a_browser(browser: Any, tmp_path: Path) -> None:
    course = make_course(tmp_path)
    grade(course)
    run(course, "gradebook", "roster", "canvas.csv")
    with serving(course / "reports", ["ada"]) as links, entered(browser, links["ada"]) as page:
        page.get_by_role("link", name="Below half").click()
        page.wait_for_url("**/?below=50")
        assert page.locator(".counted").inner_text() == "2 of 3"
        page.get_by_role("link", name="Doe, Jane").click()
        assert HINT in page.frame_locator("iframe").locator(".hint").first.inner_text()
        adjust(page, "2", "The handout did not say which axis.")
        page.get_by_text("0 became 2.").wait_for()
        page.get_by_role("link", name="Next").click()
        page.get_by_role("heading", level=1, name="Poe, Ed").wait_for()
        adjust(page, "1", "Nearly.")

        page.get_by_role("link", name="Questions").click()
        page.get_by_role("link", name="why").click()
        assert page.locator(".card math mfrac").first.is_visible()
        for points in ("4", "3", "2,5"):  # of Doe, Lovelace and Poe
            page.keyboard.type(points)
            page.keyboard.press("Enter")
        page.get_by_text("3 of 3 have points").wait_for()

        page.get_by_role("link", name="Class").click()
        assert row(page, "Doe, Jane")[2:7] == ["0 / 10", "–", "+6", "–", "6 / 14"]
        assert row(page, "Poe, Ed")[6] == "6.83 / 14"
        shown = table(page.request.get(page.home + "/grades.csv").text())
        assert {name: one["grade"] for name, one in shown.items()} == {JANE: "6", ADA: "13", ED: "6.83"}
        grade(course)  # writes the pages and the tables anew
        assert grades(course) == shown
        assert "The handout did not say which axis." in (course / f"reports/feedback/{JANE}.html").read_text("utf-8")
        assert in_canvas(course) == {1003: "6", 1001: "13", 1002: "6.83"}

        shutil.copytree(course / "reports", course / "before")
        ease(course)
        assert f"1 gained 6.67 ({ED}), 2 stayed the same. Through {FUNCTION}.many_rows (check changed)." in grade(
            course
        )
        page.reload()
        assert row(page, "Doe, Jane")[4:7] == ["+6", "–", "6 / 14"]
        assert row(page, "Poe, Ed")[2:] == ["10 / 10", "–", "+2.5", "–", "12.5 / 14", "look again"]
        page.get_by_label("Lost points in").select_option(f"{FUNCTION}.many_rows")
        page.wait_for_url(f"**/?lost={FUNCTION}.many_rows")
        assert page.locator(".counted").inner_text() == "1 of 3"
        assert page.events == []
    assert moved(course, "before") == [(ED, "3.33", "10", f"{FUNCTION}.many_rows")]
    assert in_canvas(course) == {1003: "6", 1001: "13", 1002: "12.5"}
    assert "ada" in run(course, "gradebook", "history")
