"""The gradebook's database: opens or creates it, checks its version, and runs transactions.

    URL ─► open_gradebook ─► Gradebook ─► writing() / reading() ─► a connection, for the functions of this folder

A URL is the path of a SQLite file (created if missing), or postgresql://…, whose password no message shows.
open_gradebook upgrades an older version. For a newer version, a damaged file or another program's database, it raises
an error before it writes anything. If a process is killed during `writing`, the database stays as it was: SQLite (with
a journal beside the file) and PostgreSQL undo the unfinished transaction when the database is opened again.

A writer takes SQLite's lock at the beginning of its transaction, so that its data cannot change meanwhile; other
writers wait up to WAIT_S. SQLite uses no write-ahead log, so a copy of the file is complete if nobody writes
meanwhile.
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
    """Somebody else changed the record after it was read. Nothing was written: read it again, then decide."""


class NotInGradebook(UsageError):
    """The gradebook has no student, submission, assignment or part of this name."""


class Gradebook:
    """An open gradebook. Threads may share it, because each `reading` or `writing` uses a separate connection."""

    def __init__(self, engine: Engine, place: str) -> None:
        self.engine = engine
        self.place = place  # for messages: a path, or a URL without its password

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection that reads one unchanging state of the database."""
        with in_words(self.place), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield the connection of a transaction, which writes everything at its end, or nothing after an exception."""
        with in_words(self.place), self.engine.execution_options(writes=True).begin() as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()

    def __enter__(self) -> Gradebook:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def open_gradebook(url: str | Path, *, make: bool = True) -> Gradebook:
    """Open a gradebook, and upgrade an older version.

    make: create the gradebook if it does not exist. Raises UsageError if it does not exist or is no gradebook,
    GraderError if it is damaged or cannot be reached.
    """
    parsed = url_of(url)
    is_file = parsed.get_backend_name() == "sqlite"
    place = str(parsed.database) if is_file else parsed.render_as_string(hide_password=True)
    if is_file:
        check_file(Path(place), make=make)
    try:
        engine = create_engine(parsed, pool_pre_ping=not is_file)
    except ModuleNotFoundError as error:
        found = f"{place}: {error.name} is not installed, expected it for PostgreSQL"
        raise UsageError(f"{found}. Run pip install 'layergrader[postgresql]'.") from None
    if is_file:
        prepare_sqlite(engine)
    book = Gradebook(engine, place)
    try:
        check_version(book, make=make)
    except BaseException:
        book.close()
        raise
    return book


def url_of(url: str | Path) -> URL:
    """Return the URL of a database; a path means a SQLite file. Raises UsageError for another kind of database."""
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


def check_file(path: Path, *, make: bool) -> None:
    """Raise an error if the file is not SQLite's, or if it is missing and must not be created."""
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
    """Set up each connection: explicit transactions, foreign keys enforced, deleted data overwritten."""

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, record: object) -> None:
        connection.isolation_level = None  # the driver begins no transactions by itself
        for pragma in (f"busy_timeout = {WAIT_S * 1000}", "foreign_keys = ON", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def check_version(book: Gradebook, *, make: bool) -> None:
    """Create the tables of an empty database, upgrade an older version, and raise an error for any other database."""
    with book.reading() as connection:
        version = version_of(connection, book.place)
    if version == HEAD:
        return
    if version is None and not make:
        raise UsageError(f"{book.place}: is empty, expected a gradebook. Name it with --gradebook.")
    with book.writing() as connection:
        version = version_of(connection, book.place)  # read again, as another process may have created the tables
        if version is None:
            metadata.create_all(connection)
            connection.execute(text(f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
            connection.execute(text(f"INSERT INTO {VERSION_TABLE} VALUES (:head)"), {"head": HEAD})
        elif version != HEAD:
            from grader.gradebook.upgrade import upgrade  # imports alembic, which is rarely needed

            upgrade(connection, version, book.place)


def version_of(connection: Connection, place: str) -> str | None:
    """Return the version that the database names, or None if it is empty. Raises UsageError for another program's
    database."""
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
    """Raise GraderError in place of the database's errors, without SQL statements and values in the text."""
    try:
        yield
    except IntegrityError as error:  # another writer wrote the same record first
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
    """Write a complete copy of a SQLite gradebook, even while others write, and check its integrity.

    Raises UsageError for PostgreSQL or an existing file; GraderError if the copy is damaged.
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
