"""Filters, orders and what is kept between requests."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from site_sample import CLASS, CONV, DUE, NETS, RELU, TITLE, enter_class, hand_in_of, result_of, with_points

from grader.decisions import FUNCTION, WHOLE, Part
from grader.gradebook.adjusting import adjust, withdraw_adjustment
from grader.gradebook.book import Gradebook, open_gradebook
from grader.gradebook.commenting import add_comment, save_comment
from grader.gradebook.grades import grades_of
from grader.gradebook.lateness import enter_late_days, extend, set_times
from grader.gradebook.place import beside
from grader.gradebook.requests import answer, ask
from grader.gradebook.runs import record_run
from grader.gradebook.students import link_members
from grader.web.class_view import Filters, neighbours
from grader.web.site import Site, find_title
from grader.web.warming import kept_warm

HOUR = timedelta(hours=1)


@pytest.fixture
def site(out: Path):
    with open_gradebook(beside(out)) as book:
        yield Site(book, TITLE, out)


def found(site: Site, **query: str) -> list[str]:
    return [grade.submission or grade.names for grade in Filters.from_query(query).apply(site.snapshot())]


def test_what_the_url_says_is_what_is_shown(site: Site) -> None:
    adjust(site.book, TITLE, -1.0, "so", who="ada", submission="dia")
    ask(site.book, TITLE, "cem", "Why?", who="ada")
    assert found(site, below="50") == ["ben", "cem"]
    assert found(site, below="50", sort="-grade") == ["ben", "cem"]
    assert found(site, below="50", sort="grade") == ["cem", "ben"]
    assert found(site, text="ASHE") == ["ann"]
    assert found(site, status="absent", text="zick") == ["Zoe Zick"]
    assert found(site, show="adjusted") == ["dia"]
    assert found(site, show="requests") == ["cem"]
    assert found(site, show="unmarked", text="ben") == ["ben"]
    assert "dia" not in found(site, show="undecided") and "ben" in found(site, show="undecided")
    assert found(site, lost=CONV, text="e") == ["ben", "cem"]
    assert "cem" in found(site, lost=f"{RELU}.a") and "ben" not in found(site, lost=f"{RELU}.a")


def test_a_url_keeps_what_it_says_and_leaves_out_the_rest() -> None:
    filters = Filters.from_query({"below": "50", "sort": "-grade", "page": "3", "show": "nonsense", "x": "y"})
    assert filters.query() == "below=50&sort=-grade"
    assert filters.query(page=3) == "below=50&sort=-grade&page=3"
    assert filters.turned("grade") == "below=50&sort=grade"
    assert Filters.from_query({"below": "nan"}).is_set is False


def test_next_and_previous_go_through_what_is_shown(site: Site) -> None:
    below = Filters.from_query({"below": "50"}).apply(site.snapshot())
    assert neighbours(below, "ben") == ("", "cem", 1)
    assert neighbours(below, "cem") == ("ben", "", 2)
    assert neighbours(below, "ann") == ("", "ben", 0)


def decisions(book: Gradebook) -> list[object]:
    """Ways to change what a page of the class shows, each a step."""
    part = Part(FUNCTION, CONV)
    return [
        lambda: adjust(book, TITLE, 2.0, "so", who="ada", submission="ben", part=part),
        lambda: adjust(book, TITLE, 3.0, "so", who="ada", submission="ann"),
        lambda: adjust(book, TITLE, 4.0, "so", who="ada", student="s1"),
        lambda: adjust(book, TITLE, 5.0, "so", who="ada", student="s9", mode="set"),
        lambda: enter_late_days(book, TITLE, "dia", 2, "so", who="ada"),
        lambda: extend(book, TITLE, 3.0, "ill", who="ada", student="s1"),
        lambda: add_comment(book, TITLE, "cem", "Well.", who="ada"),
        lambda: save_comment(book, TITLE, "Well.", who="ada"),
        lambda: answer(book, ask(book, TITLE, "cem", "Why?", who="ada").number, "So.", who="ada", seen=None),
        lambda: link_members(book, TITLE, "ben", ["s9"], "ada"),
        lambda: withdraw_adjustment(book, TITLE, who="ada", submission="ben", part=part),
    ]


@pytest.mark.parametrize("at_once", [1, 3, 11])
def test_what_is_kept_is_what_would_be_computed(site: Site, at_once: int) -> None:
    steps = decisions(site.book)
    for sort in ("name", "grade"):
        found(site, sort=sort)
    for start in range(0, len(steps), at_once):
        for step in steps[start : start + at_once]:
            step()
        assert list(site.snapshot().grades) == grades_of(site.book, TITLE)
        fresh = Site(site.book, TITLE, site.out)
        for sort in ("name", "-grade", "status"):
            assert found(site, sort=sort) == found(fresh, sort=sort)
        assert found(site, text="zoe") == found(fresh, text="zoe")


def test_a_run_changes_what_is_kept(site: Site) -> None:
    assert "ben" in found(site, lost=CONV)
    enter_class(site.out, [with_points(one, CONV, 60.0) for one in CLASS[:2]])
    assert "ben" not in found(site, lost=CONV)
    assert list(site.snapshot().grades) == grades_of(site.book, TITLE)


def test_a_time_may_make_another_attempt_the_latest(site: Site) -> None:
    better = replace(hand_in_of(with_points(CLASS[1], CONV, 60.0)), sha256="cd" * 32, submitted_at=DUE + HOUR)
    facts = {"output": str(site.out), "who": "ada", "began": DUE, "hashes": {}, "counts": {}}
    record_run(site.book, NETS, [better], **facts)
    assert "ben" not in found(site, lost=CONV)
    set_times(site.book, TITLE, {"ben": DUE - HOUR}, who="ada")  # the first attempt is the latest again
    assert "ben" in found(site, lost=CONV)


def test_after_a_run_the_grades_are_computed_before_anybody_asks(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    computed = []
    monkeypatch.setattr("grader.web.site.grades_of", lambda *about: computed.append(1) or grades_of(*about))
    with kept_warm(site):
        assert len(computed) == 1
        enter_class(site.out, [with_points(CLASS[1], CONV, 60.0)])
        deadline = time.monotonic() + 20
        while len(computed) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(computed) == 2
        assert "ben" not in found(site, lost=CONV) and len(computed) == 2
        assert site.checks == {RELU: [f"{RELU}.a"], CONV: [f"{CONV}.a"]}


def test_while_nothing_changes_nothing_is_computed(site: Site) -> None:
    first = site.snapshot()
    assert site.snapshot() is first
    adjust(site.book, TITLE, 1.0, "so", who="ada", submission="ben", part=WHOLE)
    second = site.snapshot()
    kept = {id(grade) for grade in first.grades}
    assert [grade.submission for grade in second.grades if id(grade) not in kept] == ["ben"]


def test_the_assignment_is_the_one_of_the_output_folder(site: Site) -> None:
    assert find_title(site.book, "", site.out) == TITLE
    assert find_title(site.book, TITLE, site.out / "elsewhere") == TITLE


def test_a_result_is_looked_for_in_its_folder_only(site: Site) -> None:
    (site.out / "secret.json").write_text(result_of("secret", 1.0, 1.0).to_json())
    assert site.result("../secret") is None
    assert site.result("ben") is not None
