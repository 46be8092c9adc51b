"""Measures how long the gradebook takes for 10,000 students with five attempts each.

    python -m bench.gradebook [--students 10000]

Prints the times to enter a run, to compute all grades, to compute one grade and to open the gradebook, and the file's
size. The peer, in the same run, is SQLite alone: reading the same scores with one plain query.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from grader.decisions import FUNCTION, LatePolicy, Part, Person, Rules
from grader.gradebook.adjusting import adjust
from grader.gradebook.book import open_gradebook
from grader.gradebook.grades import grade_of, grades_of
from grader.gradebook.runs import record_run
from grader.gradebook.students import import_roster
from grader.graded_runs import GradedAssignment, HandIn, PointLayout

DUE = datetime(2026, 5, 1, tzinfo=UTC)
FUNCTIONS = {f"layers.f{number}": 100 / 28 for number in range(28)}
LAYOUT = PointLayout(tuple(FUNCTIONS.items()), tuple((f"layers.f{n // 6}.c{n}", 1.0) for n in range(160)))
COURSE = GradedAssignment("Nets", Rules("latest", LatePolicy(DUE, 10, free_days=1)), FUNCTIONS)
ATTEMPTS = 5


def handed_in(number: int, attempt: int, rng: random.Random) -> HandIn:
    name = f"student{number}_{number}"
    functions = tuple(round(rng.random() * 3, 2) for _ in FUNCTIONS)
    checks = tuple(round(rng.random(), 2) for _ in LAYOUT.checks)
    when = DUE + timedelta(hours=10 * attempt)
    content = f"{number:032d}{attempt:032d}"
    return HandIn(name, name, "class", content, "graded", sum(functions), 100.0, LAYOUT, functions, checks, {}, when)


def timed(what: str, do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    took = time.perf_counter() - began
    print(f"{what:50} {took:8.3f} s")
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=10_000)
    students = parser.parse_args().students
    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gradebook.sqlite3"
        with open_gradebook(path) as book:
            for attempt in range(ATTEMPTS):
                found = [handed_in(number, attempt, rng) for number in range(students)]
                facts = {"output": "/reports", "who": "bench", "began": DUE, "hashes": {}, "counts": {}}
                timed(f"a run enters {students} submissions", lambda: record_run(book, COURSE, found, **facts))  # noqa: B023
            timed("the same run again", lambda: record_run(book, COURSE, found, **facts))
            people = [Person("", f"Student {number}", ids={"canvas": str(number)}) for number in range(students)]
            timed("a roster of all", lambda: import_roster(book, people, "bench"))
            for number in range(200):
                part = Part(FUNCTION, "layers.f3")
                adjust(book, "Nets", 1, "Because.", who="bench", submission=f"student{number}_{number}", part=part)
            ours = min(timed("the grades of all", lambda: grades_of(book, "Nets")) for _ in range(3))
            timed("one grade", lambda: grade_of(book, "Nets", "student7_7"))
        timed("opening", lambda: open_gradebook(path).close())
        plain = "SELECT * FROM hand_ins JOIN attempts ON attempts.id = latest_id JOIN scores ON scores.id = score_id"
        peer = timed("SQLite alone, the scores of all", lambda: sqlite3.connect(path).execute(plain).fetchall())
        print(f"{ours / peer:.1f} times SQLite alone; {path.stat().st_size / 1e6:.0f} MB; {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
