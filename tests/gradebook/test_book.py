"""Opening: what is made, what is brought up to date, and what is refused in words before anything is written."""

from __future__ import annotations

import sqlite3
import threading

import pytest
from book_sample import RELU, TITLE, enter, handed_in
from sqlalchemy import inspect, text

from grader.errors import GraderError, UsageError
from grader.gradebook.adjusting import adjust, adjustments_of
from grader.gradebook.book import back_up, beside, open_gradebook
from grader.gradebook.changes import changes
from grader.gradebook.tables import VERSION_TABLE, metadata


def test_a_new_gradebook_has_its_tables_and_is_opened_again(url):
    with open_gradebook(url) as first:
        enter(first, handed_in("ann"))
    with open_gradebook(url, make=False) as second:
        assert {*metadata.tables} < {*inspect(second.engine).get_table_names()}
        adjust(second, TITLE, 1, "Because.", who="ta", submission="ann")


def test_the_default_lies_beside_the_output_folder(tmp_path):
    assert beside(tmp_path / "reports") == tmp_path / "gradebook.sqlite3"


def test_none_is_made_where_one_is_expected(tmp_path):
    with pytest.raises(UsageError, match="there is no gradebook here"):
        open_gradebook(tmp_path / "gradebook.sqlite3", make=False)
    assert not (tmp_path / "gradebook.sqlite3").exists()


def test_a_database_of_something_else_is_refused_and_stays_as_it_is(url):
    with open_gradebook(url) as book, book.writing() as connection:
        metadata.drop_all(connection)
        connection.execute(text(f"DROP TABLE {VERSION_TABLE}"))
        connection.execute(text("CREATE TABLE customers (id INTEGER)"))
    with pytest.raises(UsageError, match=r"something else \(tables customers\)"):
        open_gradebook(url)


def test_one_of_a_newer_grader_is_refused(url):
    with open_gradebook(url) as book, book.writing() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '99'"))
    with pytest.raises(UsageError, match="version '99', expected one up to 1: a newer grader made it"):
        open_gradebook(url)


def test_one_that_lost_a_table_is_refused(url):
    with open_gradebook(url) as book, book.writing() as connection:
        connection.execute(text("DROP TABLE late_days"))
    with pytest.raises(GraderError, match="tables late_days are missing"):
        open_gradebook(url)


def test_a_file_that_is_no_database_is_refused_and_stays_as_it_is(tmp_path):
    path = tmp_path / "gradebook.sqlite3"
    path.write_text("submission,points\n")
    with pytest.raises(GraderError, match="not a gradebook or is damaged"):
        open_gradebook(path)
    assert path.read_text() == "submission,points\n"


def test_damage_within_the_file_is_said_in_words(tmp_path):
    path = tmp_path / "gradebook.sqlite3"
    with open_gradebook(path) as book:
        enter(book, *(handed_in(f"student_{number}") for number in range(200)))
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)
    said = r"gradebook\.sqlite3: is damaged .*Put back a copy"
    with pytest.raises(GraderError, match=said), open_gradebook(path) as book:
        enter(book, handed_in("ann"))


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(UsageError, match="its folder does not exist"):
        open_gradebook(tmp_path / "nowhere" / "gradebook.sqlite3")


@pytest.mark.parametrize("url", ["mysql://root@localhost/x", "://", "sqlite://", "ftp://x"])
def test_another_kind_of_database_is_refused(url):
    with pytest.raises(UsageError, match=r"expected a path, sqlite:///PATH or postgresql://"):
        open_gradebook(url)


@pytest.mark.process
def test_no_message_holds_the_password(server):
    with pytest.raises(GraderError) as raised:
        open_gradebook(f"postgresql://somebody:secret-word@/nowhere?{server.partition('&')[0]}")
    assert "secret-word" not in str(raised.value)
    assert "***" in str(raised.value)


def test_what_fails_in_a_transaction_leaves_nothing(book):
    with pytest.raises(RuntimeError), book.writing() as connection:
        connection.execute(text("INSERT INTO outputs (path) VALUES ('x')"))
        raise RuntimeError
    with book.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM outputs")).scalar() == 0


def test_many_writers_at_once_lose_nothing(url):
    names = [f"student_{number}" for number in range(8)]
    with open_gradebook(url) as book:
        enter(book, *map(handed_in, names))

    failures: list[BaseException] = []

    def give_points(name: str) -> None:
        try:
            with open_gradebook(url) as own:
                for points in range(1, 6):
                    adjust(own, TITLE, points, f"Round {points}.", who=name, submission=name, part=RELU, seen=None)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=give_points, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with open_gradebook(url) as book:
        assert {one.submission: one.points for one in adjustments_of(book, TITLE)} == dict.fromkeys(names, 5.0)
        assert len(changes(book)) == 1 + 5 * len(names)  # the rules of the run, and each of these


def test_a_backup_is_whole_and_replaces_nothing(tmp_path):
    with open_gradebook(tmp_path / "gradebook.sqlite3") as book:
        enter(book, handed_in("ann"))
        adjust(book, TITLE, 2, "Because.", who="ta", submission="ann")
        back_up(book, tmp_path / "copy.sqlite3")
        with pytest.raises(UsageError, match="a backup replaces nothing"):
            back_up(book, tmp_path / "copy.sqlite3")
    with open_gradebook(tmp_path / "copy.sqlite3", make=False) as copy:
        assert [one.points for one in adjustments_of(copy, TITLE)] == [2.0]
    assert sqlite3.connect(tmp_path / "copy.sqlite3").execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("url", [pytest.param("postgresql", marks=pytest.mark.process)], indirect=True)
def test_a_server_makes_its_own_backups(book, tmp_path):
    with pytest.raises(UsageError, match="pg_dump"):
        back_up(book, tmp_path / "copy")
