"""`python -m bench.serve`: times the class page of `grader serve`, for 10,000 students with 5 attempts each.

The benchmark makes a gradebook like five runs, in which every student has a new attempt, with decisions about one
student in twenty. Then a real server answers requests over the loopback:

    start      the first request; the server computes all grades before it prints its address
    decided    the request after a decision: the grades that it changes are computed
    later      the same page again, while nothing changes
    filtered   below half, sorted by grade; another page each time
    lost       who lost points in a function or a check
    a run      a request in the moment when a run ends computes all grades; later, the server has computed them
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from bench.row import Options, Part, Row, run_alone

if TYPE_CHECKING:
    from grader.gradebook.book import Gradebook

STUDENTS: Final = 10_000
ATTEMPTS: Final = 5
FUNCTIONS: Final = tuple((f"layers.function_{number}", 5.0) for number in range(20))
BAR_MS: Final = 300
REPEATS: Final = 9
SOON_S: Final = 3
DUE: Final = datetime(2026, 5, 1, 12, tzinfo=UTC)
TITLE: Final = "A large class"


def fill(url: Path, output: Path, students: int) -> None:
    """Make a gradebook with runs and decisions."""
    from grader.decisions import FUNCTION, Part, Person
    from grader.gradebook.adjusting import adjust
    from grader.gradebook.book import open_gradebook
    from grader.gradebook.students import import_roster

    with open_gradebook(url) as book:
        people = [Person(f"s{number}", f"Student {number}", f"s{number}@uni.example") for number in range(students)]
        import_roster(book, people, "bench")
        for attempt in range(ATTEMPTS):
            enter_run(book, output, students, attempt)
        for number in range(0, students, 20):
            about = {"submission": f"s{number}", "part": Part(FUNCTION, FUNCTIONS[number % 20][0])}
            adjust(book, TITLE, 2.0, "The check was wrong.", who="bench", **about)  # type: ignore[arg-type]


def enter_run(book: Gradebook, output: Path, students: int, attempt: int, seed: int = 231) -> None:
    """Enter a run over the whole class. seed: another seed gives other scores."""
    from grader.decisions import GradedAssignment, HandIn, LatePolicy, PointLayout, Rules
    from grader.gradebook.runs import record_run

    draw = random.Random(seed + attempt)
    checks = tuple((f"{name}.{check}", 2.5) for name, _ in FUNCTIONS for check in "ab")
    layout = PointLayout(FUNCTIONS, checks)
    assignment = GradedAssignment(TITLE, Rules("latest", LatePolicy(DUE, 10.0)), dict(FUNCTIONS), {"why": 5.0})
    found = []
    for number in range(students):
        points = tuple(draw.choice((0.0, 2.5, 5.0)) for _ in FUNCTIONS)
        halves = tuple(one / 2 for one in points for _ in "ab")
        name, at = f"s{number}", DUE + timedelta(hours=draw.randrange(-100, 40))
        answers = {"why": (draw.choice((None, 2.0, 5.0)), 5.0)}
        digest = f"{number:032d}{attempt:032d}"
        score = sum(points)
        found.append(HandIn(name, name, name, digest, "graded", score, 100.0, layout, points, halves, answers, at))
    facts = {"output": str(output), "who": "bench", "began": DUE, "hashes": {}, "counts": {}}
    record_run(book, assignment, found, **facts)  # type: ignore[arg-type]


@contextmanager
def serving(url: Path, output: Path) -> Iterator[tuple[http.client.HTTPConnection, dict[str, str]]]:
    """Start a real server, and yield a connection with a session."""
    command = [sys.executable, "-m", "grader.cli.main", "serve", str(output), "--gradebook", str(url), "--port", "0"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        link = urlsplit(process.stdout.readline().strip().partition(": ")[2])
        connection = http.client.HTTPConnection(link.hostname or "", link.port, timeout=120)
        connection.request("GET", f"{link.path}?{link.query}")
        answer = connection.getresponse()
        answer.read()
        yield connection, {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def ask_ms(connection: http.client.HTTPConnection, headers: dict[str, str], path: str) -> float:
    connection.close()  # else the server may have closed it: nobody asked for a while
    began = time.perf_counter()
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    content = answer.read()
    took = 1000 * (time.perf_counter() - began)
    assert answer.status == 200 and b"desk-roster" in content, (answer.status, path)
    return took


def measure(options: Options) -> Iterator[Row]:
    from grader.gradebook.adjusting import adjust
    from grader.gradebook.book import open_gradebook

    of = f"{options.students:,} students, {ATTEMPTS} attempts each, median of {REPEATS}"
    bar = BAR_MS if options.students >= STUDENTS else None
    with tempfile.TemporaryDirectory() as folder:
        url, output = Path(folder) / "gradebook.sqlite3", Path(folder) / "reports"
        output.mkdir()
        fill(url, output, options.students)
        with serving(url, output) as (connection, headers), open_gradebook(url) as book:
            start = ask_ms(connection, headers, "/")
            yield Row("class page, first after the start", start, "ms", bar, True, "")
            first = []
            for number in range(REPEATS):
                adjust(book, TITLE, 1.0, "so", who="bench", submission=f"s{number + 1}")
                first.append(ask_ms(connection, headers, "/"))
            yield Row("class page after a decision", statistics.median(first), "ms", bar, True, of)
            later = [ask_ms(connection, headers, "/") for _ in range(REPEATS)]
            yield Row("class page again", statistics.median(later), "ms", bar, True, of)
            turned = [
                ask_ms(connection, headers, f"/?below=50&sort=-grade&page={page}") for page in range(1, REPEATS + 1)
            ]
            yield Row("class page below half, by grade", statistics.median(turned), "ms", bar, True, of)
            lost = ask_ms(connection, headers, f"/?lost={FUNCTIONS[0][0]}")
            yield Row("class page of a function", lost, "ms", bar, True, "the first time")
            enter_run(book, output, options.students, ATTEMPTS - 1, seed=18)
            at_once = ask_ms(connection, headers, "/")
            yield Row("class page, at the end of a run", at_once, "ms", None, True, "the same moment")
            enter_run(book, output, options.students, ATTEMPTS - 1, seed=81)
            time.sleep(SOON_S)
            soon = ask_ms(connection, headers, "/")
            yield Row("class page, first after a run", soon, "ms", bar, True, f"{SOON_S} s after its end")
            lost = ask_ms(connection, headers, f"/?lost={FUNCTIONS[0][0]}.a")
            yield Row("class page of a check", lost, "ms", bar, True, "the first time after this run")


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--students", type=int, default=STUDENTS)


def lacks(options: Options) -> str:
    missing = [name for name in ("starlette", "uvicorn", "sqlalchemy") if find_spec(name) is None]
    return f"{', '.join(missing)} missing; pip install -e '.[serve]'" if missing else ""


PART = Part(
    name="serve",
    title="The class page of grader serve",
    how="A real server over the loopback; the time from the request to the last byte of the page.",
    rows=measure,
    add_options=add_options,
    lacks=lacks,
)

if __name__ == "__main__":
    raise SystemExit(run_alone(PART))
