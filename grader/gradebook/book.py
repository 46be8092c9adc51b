"""The gradebook as a database: found or made, seen to be one of ours, and written in whole transactions.

    URL ─► open_gradebook ─► Gradebook ─► writing() / reading() ─► a connection, for the functions of this folder

A URL is the path of a SQLite file (made if it is not there), or postgresql://…, whose password no message holds. An
older one is brought up to date. One of a newer version, a file that is damaged, and somebody else's database are
refused in words, before anything is written. Whoever is killed in `writing` leaves the database as it was before:
SQLite keeps a journal beside the file and undoes the half transaction when it is opened next, PostgreSQL does the same.

A writer takes SQLite's lock when its transaction begins, so that what it read cannot change below it; others wait for
WAIT_S. The file is no write-ahead log's, so that a copy of the file alone, made while nobody writes, is a whole copy.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError

from grader.errors import GraderError, UsageError
from grader.gradebook.place import beside as beside
from grader.gradebook.tables import HEAD, VERSION_TABLE, metadata

WAIT_S: Final = 20
SQLITE_HEADER: Final = b"SQLite format 3\0"
POSTGRESQL: Final = "postgresql+psycopg"


class StaleEdit(GraderError):
    """Somebody changed what was to be changed after it was read: read it again, then decide. Nothing was written."""


class NotInGradebook(UsageError):
    """A name that the gradebook does not have: a student, a submission, an assignment, a part."""


class Gradebook:
    """An open gradebook. Threads may share one; each `reading` or `writing` has a connection of its own."""

    def __init__(self, engine: Engine, place: str) -> None:
        self.engine = engine
        self.place = place  # for messages: a path, or a URL without its password

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the database."""
        with in_words(self.place), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: all of the block is kept when it ends, or nothing of it."""
        with in_words(self.place), self.engine.execution_options(writes=True).begin() as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()

    def __enter__(self) -> Gradebook:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def open_gradebook(url: str | Path, *, make: bool = True) -> Gradebook:
    """Open a gradebook, and bring one of an older version up to date. make: make it, if there is none.

    Raises UsageError if there is none or it is not one of ours, GraderError if it is damaged or cannot be reached.
    """
    parsed = url_of(url)
    is_file = parsed.get_backend_name() == "sqlite"
    place = str(parsed.database) if is_file else parsed.render_as_string(hide_password=True)
    if is_file:
        see_file(Path(place), make=make)
    try:
        engine = create_engine(parsed, pool_pre_ping=not is_file)
    except ModuleNotFoundError as error:
        found = f"{place}: {error.name} is not installed, expected it for PostgreSQL"
        raise UsageError(f"{found}. Run pip install 'layergrader[postgresql]'.") from None
    if is_file:
        prepare_sqlite(engine)
    book = Gradebook(engine, place)
    try:
        see_version(book, make=make)
    except BaseException:
        book.close()
        raise
    return book


def url_of(url: str | Path) -> URL:
    """A path is a SQLite file's. Raises UsageError for another kind of database."""
    written = str(url)
    if "://" not in written:
        return URL.create("sqlite", database=os.path.abspath(written))
    try:
        parsed = make_url(written)
        backend = parsed.get_backend_name()
    except (ArgumentError, ValueError):
        backend, parsed = "", URL.create("none")
    if backend == "sqlite" and parsed.database:
        return parsed.set(drivername="sqlite")
    if backend in ("postgresql", "postgres"):
        return parsed.set(drivername=POSTGRESQL)
    kind = written.partition(":")[0]
    raise UsageError(f"--gradebook: a URL of {kind!r} was found, expected a path, sqlite:///PATH or postgresql://….")


def see_file(path: Path, *, make: bool) -> None:
    """Refuse a file that is none of SQLite's, and the lack of one that is not to be made."""
    try:
        with open(path, "rb") as file:
            start = file.read(len(SQLITE_HEADER))
    except FileNotFoundError:
        if not make:
            what = "there is no gradebook here, expected the one that grader grade makes beside its output folder"
            raise UsageError(f"{path}: {what}. Name it with --gradebook.") from None
        if not path.parent.is_dir():
            raise UsageError(f"{path}: its folder does not exist. Make it, or name another with --gradebook.") from None
        return
    except OSError as error:
        raise GraderError(f"{path}: cannot be read ({error.strerror}). Name another with --gradebook.") from error
    if start and start != SQLITE_HEADER:
        what = "is not a gradebook or is damaged at its start, expected a SQLite file"
        raise GraderError(f"{path}: {what}. Put back a copy of grader gradebook backup, or name another.")


def prepare_sqlite(engine: Engine) -> None:
    """Every connection: transactions that begin when we say so, links between tables that hold, deleted data wiped."""

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, record: object) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself
        for pragma in (f"busy_timeout = {WAIT_S * 1000}", "foreign_keys = ON", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def see_version(book: Gradebook, *, make: bool) -> None:
    """Make the tables of an empty database, bring up to date an older one, refuse any other that is not ours."""
    with book.reading() as connection:
        version = version_of(connection, book.place)
    if version == HEAD:
        return
    if version is None and not make:
        raise UsageError(f"{book.place}: is empty, expected a gradebook. Name it with --gradebook.")
    with book.writing() as connection:
        version = version_of(connection, book.place)  # another process may have been faster
        if version is None:
            metadata.create_all(connection)
            connection.execute(text(f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
            connection.execute(text(f"INSERT INTO {VERSION_TABLE} VALUES (:head)"), {"head": HEAD})
        elif version != HEAD:
            from grader.gradebook.upgrade import upgrade  # imports alembic, which few need

            upgrade(connection, version, book.place)


def version_of(connection: Connection, place: str) -> str | None:
    """The version that the database says it is of, None for an empty one. Raises UsageError for somebody else's."""
    tables = inspect(connection).get_table_names()
    if VERSION_TABLE in tables:
        version = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
        if version is None:
            raise GraderError(f"{place}: does not say which version it is of, so it is damaged. Put back a copy.")
        if version == HEAD and (lost := sorted({*metadata.tables} - {*tables})):
            raise GraderError(f"{place}: the tables {', '.join(lost)} are missing. Put back a copy.")
        return str(version)
    if tables:
        what = f"is a database of something else (tables {', '.join(sorted(tables)[:3])}), expected a gradebook"
        raise UsageError(f"{place}: {what} or an empty one. Name another with --gradebook.")
    return None


@contextmanager
def in_words(place: str) -> Iterator[None]:
    """Say what the database reports as an error of ours, without its statements and values."""
    try:
        yield
    except IntegrityError as error:  # two wrote the same at once: the other one was faster
        raise StaleEdit(f"{place}: somebody else changed the same meanwhile. Read it again, then decide.") from error
    except DBAPIError as error:
        raise GraderError(f"{place}: {describe(error)}") from error
    except SQLAlchemyError as error:
        raise GraderError(
            f"{place}: cannot be used ({type(error).__name__}). Look at the file or the server."
        ) from error


def describe(error: DBAPIError) -> str:
    said = " ".join(str(error.orig).split())
    if "locked" in said:
        return f"another program holds it for more than {WAIT_S} s. Try again when that has ended."
    if "malformed" in said or "not a database" in said or "no such" in said or "does not exist" in said:
        return f"is damaged ({said}). Put back a copy that grader gradebook backup made."
    if "readonly" in said or "unable to open" in said:
        return f"cannot be written ({said}). Correct its rights, or name another with --gradebook."
    if "full" in said:
        return f"the disk is full ({said}). What was written before is whole."
    return f"the database reports: {said}. Nothing of this change was written."


def back_up(book: Gradebook, to: Path) -> None:
    """Write a whole copy of a SQLite gradebook, also while others write, and see that the copy is sound.

    Raises UsageError for PostgreSQL and for a file that is there already; GraderError if the copy is not sound.
    """
    if book.engine.dialect.name != "sqlite":
        raise UsageError(f"{book.place}: is a server's, which makes its own backups. Use pg_dump.")
    if to.exists():
        raise UsageError(f"{to}: exists, and a backup replaces nothing. Name another file.")
    partial = to.with_name(f"{to.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        source, copy = sqlite3.connect(book.place), sqlite3.connect(partial)
        try:
            source.backup(copy)
            sound = copy.execute("PRAGMA integrity_check").fetchone()[0]
        finally:
            source.close()
            copy.close()
        if sound != "ok":
            raise GraderError(f"{book.place}: is damaged ({sound}). Put back an older copy. No backup was written.")
        with open(partial, "rb") as file:
            os.fsync(file.fileno())
        os.replace(partial, to)
    except (sqlite3.Error, OSError) as error:
        raise GraderError(f"{to}: the backup could not be written ({error}).") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
