"""`python -m bench.hand_back 10000`: measures `grader export` of a class of this size, for each platform.

The benchmark grades a few example submissions, and makes a class from copies of their results and pages, with ids as
in downloads of Canvas and Moodle. A gradebook beside the output folder has a roster, five attempts of each student and
a few hundred adjustments. Each export runs the real command in a separate process. Pages are links to the few files.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.row import Options, Row, run_alone
from bench.row import Part as BenchPart
from bench.run_class import ROOT, as_user, grade_class, write_class
from grader.assignment.load import load_assignment
from grader.decisions import FUNCTION, Part, Person
from grader.gradebook.adjusting import adjust
from grader.gradebook.book import open_gradebook
from grader.gradebook.runs import record_run
from grader.gradebook.students import import_roster
from grader.graded_runs import GradedAssignment, HandIn, PointLayout
from grader.records import GRADED as GRADED_STATUS
from grader.records import PASSED

GRADED = 8
ATTEMPTS = 5
ADJUSTED = 300
BAR_SIZE, BAR_S = 10_000, 10
CANVAS = "Student,ID,SIS User ID,SIS Login ID,Section,Homework 2 (77),Quiz (78),Final Score\r\n"
MOODLE = "Identifier,Full name,Email address,Grade,Maximum grade,Last modified (grade),Feedback comments\n"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("size", nargs="?", type=int, default=BAR_SIZE)


def rows(options: Options) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="bench-hand-back-") as name:
        folder = Path(name)
        points = write_output(folder, options.size)
        write_gradebook(folder, options.size, points)
        write_platform_files(folder, options.size, points)
        canvas = ("--into", "canvas.csv", "--download", "download")
        exports = {"canvas": canvas, "moodle": ("--into", "moodle.csv"), "gradescope": (), "csv": (), "json": ()}
        bar = BAR_S if options.size == BAR_SIZE else None
        for platform, words in exports.items():
            if platform in ("canvas", "moodle", "csv"):
                took_s = export(folder, platform, *words, "--no-feedback")
                yield Row(f"grades of {options.size:,} to {platform}", took_s, "s", bar, True)
            took_s = export(folder, platform, *words)
            zips = sum(path.stat().st_size for path in (folder / "out/export").glob("*.zip")) / 2**20
            what = "grades and feedback" if platform != "gradescope" else "grades by function"
            yield Row(f"{what} of {options.size:,} to {platform}", took_s, "s", bar, True, f"{zips:.0f} MiB of zips")
            for path in (folder / "out/export").iterdir():
                path.unlink()


def write_output(folder: Path, size: int) -> float:
    """Make an output folder with this many submissions. Returns the maximum of points."""
    graded = grade_class(write_class(folder, GRADED), folder / "graded")
    results, pages = folder / "out/results", folder / "out/feedback"
    results.mkdir(parents=True)
    pages.mkdir()
    names = sorted(graded.results)
    texts = [(folder / "graded/results" / f"{name}.json").read_text(encoding="utf-8") for name in names]
    known = []
    for number in range(1, size + 1):
        name, text = names[number % len(names)], texts[number % len(names)]
        own = f"{name_of(number)}_{number}"
        (results / f"{own}.json").write_text(text.replace(f'"id": "{name}"', f'"id": "{own}"', 1), encoding="utf-8")
        os.link(folder / "graded/feedback" / f"{name}.html", pages / f"{own}.html")
        known.append({"id": own, "person": own, "source": own})
    (folder / "out/ids.json").write_text(json.dumps({"schema": 1, "ids": known}))
    most: float = graded.results[names[0]]["max_score"]
    return most


def write_gradebook(folder: Path, size: int, points: float) -> None:
    """Five runs, each with another attempt of everybody; the roster, and adjustments."""
    assignment = load_assignment(ROOT / "assignment")
    title = assignment.title
    graded = GradedAssignment(title, assignment.rules, {**assignment.functions}, {})
    layout = PointLayout(
        tuple(assignment.functions.items()), tuple((one.id, one.max_points) for one in assignment.checks)
    )
    earned = tuple(assignment.functions.values()), tuple(one.max_points for one in assignment.checks)
    statuses = (PASSED,) * len(assignment.checks)
    people = [(f"{name_of(number)}_{number}", number) for number in range(1, size + 1)]
    facts: dict[str, Any] = {
        "who": "bench",
        "began": datetime.now(UTC),
        "hashes": {},
        "counts": {},
        "output": str(folder / "out"),
    }
    book_path = folder / "gradebook.sqlite3"
    book_path.unlink(missing_ok=True)  # of the run that graded the examples
    with open_gradebook(book_path) as book:
        for attempt in range(ATTEMPTS):
            given = [f"{number:032d}{attempt:032d}" for _, number in people]
            found = [
                HandIn(own, own, own, sha256, GRADED_STATUS, points, points, layout, *earned, statuses=statuses)
                for (own, _), sha256 in zip(people, given, strict=True)
            ]
            record_run(book, graded, found, **facts)
        systems = "canvas", f"moodle:{title}", "gradescope"
        students = [Person(own, name_of(number), ids=dict.fromkeys(systems, str(number))) for own, number in people]
        import_roster(book, students, "bench")
        part = Part(FUNCTION, next(iter(assignment.functions)))
        for own, _ in people[:ADJUSTED]:
            adjust(book, title, -1, "Copied from a book.", who="bench", submission=own, part=part)


def write_platform_files(folder: Path, size: int, points: float) -> None:
    """Return Canvas' gradebook, the names of its download, and Moodle's worksheet."""
    people = [(number, name_of(number)) for number in range(1, size + 1)]
    canvas = [f"{name},{number},sis{number},login{number},A,,7.5,80\r\n" for number, name in people]
    (folder / "canvas.csv").write_text(CANVAS + f"    Points Possible,,,,,{points},10,\r\n" + "".join(canvas))
    moodle = [f'"Participant {number}",{name},{number}@x,,{points},-,\n' for number, name in people]
    (folder / "moodle.csv").write_text(MOODLE + "".join(moodle))
    (folder / "download").mkdir()
    for number, name in people:
        (folder / "download" / f"{name}_{number}_{500_000 + number}_layers.py").touch()


def name_of(number: int) -> str:
    """Return another name for each number, made of letters only."""
    return "person" + "".join("abcdefghij"[int(digit)] for digit in str(number))


def export(folder: Path, platform: str, *words: str) -> float:
    """Return the seconds that the command took. Exits if the command failed."""
    command = [sys.executable, "-m", "grader.cli.main", "export", "--to", platform, "--out", "out", "--no-answers"]
    command += ["--assignment", str(ROOT / "assignment"), *(("--column", "77") if platform == "canvas" else ()), *words]
    began = time.perf_counter()
    done = subprocess.run(command, check=False, **{**as_user(), "cwd": folder})
    if done.returncode:
        sys.exit(f"bench: {' '.join(command)} ended with {done.returncode}, expected 0: {done.stderr[-2000:]}")
    return time.perf_counter() - began


PART = BenchPart(
    "hand_back",
    "Hand back",
    "A class of 10,000, made of the results of a few example submissions, with a gradebook of five attempts each: the "
    "whole command `grader export` to each platform, with and without the zips of feedback pages.",
    rows,
    add_options,
)

if __name__ == "__main__":
    sys.exit(run_alone(PART))
