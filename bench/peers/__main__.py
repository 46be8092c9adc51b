"""`python -m bench.peers`: one submission and a class of 30, graded by this grader and by its peers, in turns.

The peers have an environment of their own (make bench-peers), since they pin much. Each round runs every grader once on
the same submissions; ratios are medians over rounds. A class has right and wrong submissions; every grader must find
the same marks, or the comparison is void.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.peers import cells
from bench.peers.courses import HERE, Course, Gradescope, Nbgrader, Otter, Ours, write_submission
from grader.assignment import load_assignment
from grader.authoring.fixtures import make_fixtures, write_fixtures

ROOT = Path(__file__).resolve().parents[2]
BARS_ONE = {"otter run": 8.0, "nbgrader autograde": 5.0}
BARS_CLASS = {"otter run": 25.0, "nbgrader autograde": 8.0, "gradescope-utils": 1 / 1.3}
# One in three of the class has this in place of the right one.
WRONG = b"\n\ndef relu_backward(dout, cache):\n    return dout\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, default=ROOT / ".venv-peers" / "bin", help="where otter and nbgrader are")
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    if not (options.peers / "otter").exists():
        sys.exit(f"bench: {options.peers} has no otter. Run make bench-peers.")
    with tempfile.TemporaryDirectory(prefix="bench-peers-") as name:
        course = make_course(Path(name), options.students, options.peers.resolve())
        graders = [Ours(course, sys.executable, options.jobs), Otter(course), Nbgrader(course), Gradescope(course)]
        students = list(course.submissions)
        one = measure(graders, students[:1], options.rounds)
        many = measure(graders, students, options.rounds)
    print(f"nine checks, median of {options.rounds} rounds; the peers' time divided by ours")
    missed = [*table("one submission", one, BARS_ONE), *table(f"a class of {len(students)}", many, BARS_CLASS)]
    print(versions(options.peers))
    sys.exit(1 if missed else 0)


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
    """What cells.py compares forwards with, out of this grader's fixtures."""
    found = {}
    for path in (assignment / "fixtures").rglob("*.npz"):
        with np.load(path) as arrays:
            for key in arrays.files:
                for name in ("loss", "normalized", "convolved"):
                    if key.endswith(name):
                        found[name] = arrays[key]
    return found


def measure(graders: list, students: list[str], rounds: int) -> dict[str, list[float]]:
    """Seconds by grader, a number a round. Exits if two graders disagree about a mark."""
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
                sys.exit(
                    f"bench: {grader.name} gave other marks than the submissions deserve ({', '.join(wrong[:3])})."
                )
    return seconds


def table(title: str, seconds: dict[str, list[float]], bars: dict[str, float]) -> Iterator[str]:
    """Print the ratios; yield the names of bars that were missed."""
    ours, *peers = seconds
    for name in peers:
        ratio = statistics.median(b / a for a, b in zip(seconds[ours], seconds[name], strict=True))
        bar = bars.get(name)
        said = "" if bar is None else f"  (at least {bar:.2f})" + ("" if ratio >= bar else "  MISSED")
        print(f"{title:16} {name:20} {ratio:7.2f}x{said}")
        if bar is not None and ratio < bar:
            yield name


def versions(peers: Path) -> str:
    packages = ("otter-grader", "nbgrader", "gradescope-utils", "numpy")
    code = f"import importlib.metadata as m; print(', '.join(n + ' ' + m.version(n) for n in {packages!r}))"
    found = subprocess.run([peers / "python", "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    return f"on Python {platform.python_version()}, {found}; {platform.machine()}, {platform.system()}"


if __name__ == "__main__":
    main()
