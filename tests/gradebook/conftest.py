"""Every test of the gradebook runs on SQLite and on a PostgreSQL of its own, which the tests start and end.

The server is Debian's, listens on a socket in a temporary folder and nowhere else, and runs as an ordinary user, since
it refuses root. Where it is not installed, its half of the tests is skipped.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sqlalchemy", reason="no SQLAlchemy (pip install -e '.[gradebook]')")

from grader.gradebook.book import Gradebook, open_gradebook

NOBODY = 65534
PATIENCE_S = 60


def find_server() -> Path | None:
    """The folder of initdb and postgres: on the PATH, or where Debian keeps it."""
    there = shutil.which("initdb")
    found = [Path(there).resolve().parent] if there else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((folder for folder in reversed(found) if (folder / "initdb").exists()), None)


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[str]:
    """A running PostgreSQL: its address without a database."""
    binaries = find_server()
    if binaries is None:
        pytest.skip("no PostgreSQL (Debian: apt install postgresql)")
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("no psycopg (pip install -e '.[postgresql]')")
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as name:  # a socket's path may have 107 letters
        folder = Path(name)
        who: dict[str, Any] = {"user": NOBODY, "group": NOBODY} if os.getuid() == 0 else {}
        if who:
            os.chown(folder, NOBODY, NOBODY)
        run: dict[str, Any] = {**who, "cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        initdb = [binaries / "initdb", "--no-sync", "--auth=trust", "--username=grader", "--encoding=UTF8"]
        subprocess.run([*initdb, "--locale=C", "-D", folder / "data"], check=True, **run)
        options = ["listen_addresses=", f"unix_socket_directories={folder}", "fsync=off", "max_connections=20"]
        settings = [part for option in options for part in ("-c", option)]
        process = subprocess.Popen([binaries / "postgres", "-D", folder / "data", *settings], **run)
        try:
            wait_for(folder, process)
            yield f"host={folder}&user=grader"
        finally:
            process.send_signal(signal.SIGQUIT)  # at once, with its children
            process.wait()


def wait_for(folder: Path, process: subprocess.Popen[bytes]) -> None:
    """Until the server answers. Raises if it ended, or took too long."""
    import psycopg

    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            psycopg.connect(host=str(folder), user="grader", dbname="postgres").close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def new_database(server: str) -> str:
    """The URL of the server's database, emptied: a test has one at a time."""
    import psycopg

    host, user = (part.partition("=")[2] for part in server.split("&"))
    with psycopg.connect(host=host, user=user, dbname="postgres", autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return f"postgresql:///postgres?{server}"


BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.process)]


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An address where no gradebook is yet."""
    if request.param == "sqlite":
        return str(tmp_path / "gradebook.sqlite3")
    return new_database(request.getfixturevalue("server"))


@pytest.fixture
def book(url: str) -> Iterator[Gradebook]:
    with open_gradebook(url) as opened:
        yield opened
