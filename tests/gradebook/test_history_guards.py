"""The database itself refuses to change or delete a line of history, in a new gradebook and in an upgraded one."""

from __future__ import annotations

import pytest
from book_sample import TITLE, enter, handed_in
from sqlalchemy import text

from grader.errors import GraderError
from grader.gradebook.adjusting import adjust
from grader.gradebook.book import open_gradebook
from grader.gradebook.changes import changes
from grader.gradebook.deleting import DELETED, delete_student
from grader.gradebook.tables import VERSION_TABLE, metadata
from grader.gradebook.upgrade import upgrade

FORBIDDEN = [
    "DELETE FROM history",
    "DELETE FROM history WHERE id = 1",
    "UPDATE history SET who = 'Eve'",
    "UPDATE history SET after = '{}'",
    "UPDATE history SET made_at = 0",
    "UPDATE history SET id = id + 100",
    "UPDATE history SET action = 'changed', student = '(deleted)'",
    "UPDATE history SET who = 'Eve', before = '{}', after = '{}', student = '(deleted)', submission = '(deleted)'",
    "UPDATE history SET after = '[\"(deleted)\"]'",
]


@pytest.fixture(params=["new", "brought up to date"])
def guarded(request, book):
    if request.param != "new":
        with book.writing() as connection:
            metadata.drop_all(connection)
            connection.execute(text(f"DROP TABLE {VERSION_TABLE}"))
            upgrade(connection, None)
    enter(book, handed_in("ann"))
    adjust(book, TITLE, 2, "The check was wrong.", who="Ada", submission="ann")
    return book


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_a_line_of_history_can_be_neither_changed_nor_deleted(guarded, statement):
    before = changes(guarded)
    with pytest.raises(GraderError, match="the history is only added to"), guarded.writing() as connection:
        connection.execute(text(statement))
    assert changes(guarded) == before and len(before) == 2


def test_only_a_deleted_students_lines_are_emptied(guarded):
    before = changes(guarded)
    delete_student(guarded, "ann", who="Ada")
    rules, adjustment, deleted = changes(guarded)
    assert rules == before[0]
    assert (adjustment.who, adjustment.when, adjustment.action) == ("Ada", before[1].when, "made")
    assert (adjustment.submission, adjustment.after) == (DELETED, {}) and deleted.action == "deleted"


@pytest.mark.process
def test_a_server_refuses_to_truncate_it(server_url):
    with open_gradebook(server_url) as book:
        enter(book, handed_in("ann"))
        with pytest.raises(GraderError, match="the history is only added to"), book.writing() as connection:
            connection.execute(text("TRUNCATE history"))
        assert len(changes(book)) == 1


def test_a_reopened_gradebook_is_guarded(url):
    with open_gradebook(url) as book:
        enter(book, handed_in("ann"))
    with open_gradebook(url) as book, pytest.raises(GraderError, match="only added"), book.writing() as connection:
        connection.execute(text("DELETE FROM history"))
