"""When checks that wait for a date become visible."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from book_sample import DUE, LATE, NETS, TITLE, enter, handed_in

from grader.decisions import Rules
from grader.errors import UsageError
from grader.gradebook.book import StaleEdit
from grader.gradebook.changes import changes
from grader.gradebook.grades import grade_of
from grader.gradebook.lateness import extend
from grader.gradebook.publishing import opened_at, publish, publishing_of, withdraw_publishing

SOON = datetime.now(UTC) + timedelta(days=1)


def test_marks_are_published_from_the_time_that_was_set(book):
    enter(book, handed_in("ann"))
    assert grade_of(book, TITLE, "ann").opened == ("after_due_date",)
    made = publish(book, TITLE, SOON, who="ada", seen=0)
    assert grade_of(book, TITLE, "ann").opened == ("after_due_date",)
    publish(book, TITLE, DUE, who="ada", seen=made.revision)
    assert grade_of(book, TITLE, "ann").opened == ("after_due_date", "after_published")
    assert withdraw_publishing(book, TITLE, who="bob")
    assert publishing_of(book, TITLE) is None
    told = [(one.who, one.action) for one in changes(book) if one.what == "publishing"]
    assert told == [("ada", "made"), ("ada", "changed"), ("bob", "withdrawn")]


def test_two_who_set_another_time_do_not_overwrite_each_other(book):
    enter(book, handed_in("ann"))
    publish(book, TITLE, SOON, who="ada", seen=0)
    with pytest.raises(StaleEdit, match="by ada"):
        publish(book, TITLE, DUE, who="bob", seen=0)
    with pytest.raises(UsageError, match="time zone"):
        publish(book, TITLE, datetime(2026, 5, 1), who="bob", seen=None)


def test_an_extension_keeps_after_due_date_closed_for_its_student_alone(book):
    later = replace(NETS, rules=Rules("latest", replace(LATE, due=datetime.now(UTC) - timedelta(days=1))))
    enter(book, handed_in("ann"), handed_in("ben"), nets=later)
    extend(book, TITLE, 3, "ill", who="ada", submission="ann")
    assert grade_of(book, TITLE, "ann").opened == ()
    assert grade_of(book, TITLE, "ben").opened == ("after_due_date",)


def test_without_a_due_date_nothing_opens_by_itself():
    assert opened_at(SOON, None, Rules(), []) == ()
