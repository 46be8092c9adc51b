"""`python -m bench.peers`: one submission and a class of 30, graded by this grader and by its peers, in turns.

The peers have their own environment (make bench-peers), since they pin many versions. Each round runs every grader once
on the same submissions; ratios are medians over rounds. A class has right and wrong submissions; if the graders do not
find the same marks, the benchmark fails.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from bench.peers import cells
from bench.peers.courses import HERE, Course, Gradescope, Nbgrader, Otter, Ours, write_submission
from bench.row import Options, Part, Row, run_alone
from grader.assignment.load import load_assignment
from grader.authoring.make_fixtures import make_fixtures, write_fixtures

ROOT = Path(__file__).resolve().parents[2]
# BARS: the least ratio of a peer's time to ours. AT_MOST: the largest ratio of our time to a peer's.
BARS_ONE = {"otter run": 8.0, "nbgrader autograde": 5.0}
BARS_CLASS = {"otter run": 139.0, "nbgrader autograde": 29.0}
AT_MOST_ONE = {"gradescope-utils": 1.0}
AT_MOST_CLASS = {"gradescope-utils": 1.3}
PACKAGES = ("otter-grader", "nbgrader", "gradescope-utils", "numpy")
# Every third submission of the class has this wrong function.
WRONG = b"\n\ndef relu_backward(dout, cache):\n    return dout\n"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--peers", type=Path, default=ROOT / ".venv-peers" / "bin", help="folder of otter and nbgrader")
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--class-rounds", type=int, default=2, help="rounds with the class; each takes minutes")
    parser.add_argument("--jobs", type=int, default=2)


def lacks(options: Options) -> str:
    found = (options.peers / "otter").exists()
    return "" if found else f"{options.peers}: otter-grader not found. Run make bench-peers, which installs it."


def rows(options: Options) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="bench-peers-") as name:
        course = make_course(Path(name), options.students, options.peers.resolve())
        graders = [Ours(course, sys.executable, options.jobs), Otter(course), Nbgrader(course), Gradescope(course)]
        students = list(course.submissions)
        yield from ratios("one submission", measure(graders, students[:1], options.rounds), BARS_ONE, AT_MOST_ONE)
        many = measure(graders, students, options.class_rounds)
        yield from ratios(f"a class of {len(students)}", many, BARS_CLASS, AT_MOST_CLASS)


def make_course(folder: Path, count: int, peers: Path) -> Course:
    shutil.copytree(HERE / "assignment", folder / "assignment")
    toml = folder / "assignment" / "assignment.toml"
    toml.write_text(toml.read_text().replace("../../../reference", str(ROOT / "reference")))
    assignment = load_assignment(folder / "assignment")
    write_fixtures(assignment, make_fixtures(assignment))
    shutil.copy(HERE / "cells.py", folder)
    np.savez(folder / "expected.npz", **expected_arrays(folder / "assignment"))
    package = {name: (ROOT / "reference" / name).read_bytes() for name in ("__init__.py", "layers.py", "expect.py")}
    wrong = {**package, "layers.py": package["layers.py"] + WRONG}
    submissions = {f"student{i:02}": folder / "submissions" / f"student{i:02}" for i in range(count)}
    for i, path in enumerate(submissions.values()):
        write_submission(path, wrong if i % 3 == 1 else package)
    return Course(folder, submissions, peers)


def expected_arrays(assignment: Path) -> dict[str, np.ndarray]:
    """Return the expected arrays for the forwards in cells.py, from this grader's fixtures."""
    found = {}
    for path in (assignment / "fixtures").rglob("*.npz"):
        with np.load(path) as arrays:
            for key in arrays.files:
                for name in ("loss", "normalized", "convolved"):
                    if key.endswith(name):
                        found[name] = arrays[key]
    return found


def measure(graders: list, students: list[str], rounds: int) -> dict[str, list[float]]:
    """Return grader → seconds, one number per round. Exits if a grader gives a wrong mark."""
    seconds: dict[str, list[float]] = {grader.name: [] for grader in graders}
    for number in range(rounds):
        for grader in graders:
            started = time.perf_counter()
            marks = grader.grade(students, number)
            seconds[grader.name].append(time.perf_counter() - started)
            right = {student: len(cells.NINE) - (int(student[-2:]) % 3 == 1) for student in students}
            if marks != right:
                wrong = [
                    f"{student}: {marks.get(student)}" for student in students if marks.get(student) != right[student]
                ]
                sys.exit(f"bench: {grader.name} gave wrong marks ({', '.join(wrong[:3])}).")
    return seconds


def ratios(
    title: str, seconds: Mapping[str, list[float]], at_least: Mapping[str, float], at_most: Mapping[str, float]
) -> Iterator[Row]:
    """Return rows with a peer's time divided by ours; for a peer in `at_most`, our time divided by the peer's.

    seconds: grader → one number per round; our grader is first.
    """
    ours, *peers = seconds
    for peer in peers:
        above, below = (ours, peer) if peer in at_most else (peer, ours)
        ratio = statistics.median(a / b for a, b in zip(seconds[above], seconds[below], strict=True))
        said = " / ".join(f"{statistics.median(seconds[name]):.2f} s" for name in (above, below))
        bar = at_most.get(peer, at_least.get(peer))
        yield Row(f"{title}: {above} to {below}", ratio, "x", bar, at_most=peer in at_most, of=said)


def versions(options: Options) -> dict[str, str]:
    """Return the versions of the peers, and of NumPy in their environment."""
    code = f"import importlib.metadata as m, json; print(json.dumps([m.version(name) for name in {PACKAGES!r}]))"
    done = subprocess.run([options.peers / "python", "-c", code], capture_output=True, text=True, check=True)
    found = dict(zip(PACKAGES, json.loads(done.stdout), strict=True))
    return {"NumPy of the peers" if name == "numpy" else name: version for name, version in found.items()}


PART = Part(
    "peers",
    "Against other graders",
    "The same nine checks on the same submissions, by whole commands in turns: this grader (one command, --jobs 2), "
    "otter run and gradescope-utils (one command per submission), nbgrader autograde (one command). gradescope-utils "
    "runs the student's code in its own process, without isolation. A submission is layers.py and a notebook; this "
    "grader makes a page of the notebook, too. In the class, one submission in three is wrong, and every grader must "
    "find the same marks. Each ratio is the median of the rounds' ratios.",
    rows,
    add_options,
    lacks,
    versions,
)

if __name__ == "__main__":
    sys.exit(run_alone(PART))
