"""Builds a class from the class of 29 (class_of_29.py), and runs `grader grade` on it the way a user does.

Every submission of a class differs from all others in a comment, so that no cache by content has a hit; every run
writes into a fresh folder. Submissions of the 29 that reach a limit are left out, because they take as long as the
limit. Notebooks are left out: the benchmarks measure grading, and pages of notebooks are made in parallel to it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.class_of_29 import write_class_of_29
from grader.assignment.load import load_assignment
from grader.intake.collect import find, read

ROOT = Path(__file__).resolve().parents[1]
COMPLETE = "complete"
SLOW = "complete-seven-loops"  # the slowest right example
AGAINST_LIMITS = frozenset(["exits", "loops-forever", "prints-a-megabyte", "spies"])
# The fields that may differ when the same submission is graded again.
TIMES = ("duration_s", "spent_s")


@dataclass(frozen=True)
class Run:
    """One run of the command. wall_s: its whole time; grading_s: without its start, from its own log.

    log: its `result` events, in order. results: the JSON of each submission, by id.
    """

    wall_s: float
    grading_s: float
    log: tuple[dict[str, Any], ...]
    results: Mapping[str, dict[str, Any]]

    @property
    def marks(self) -> dict[str, float]:
        return {name: result["score"] for name, result in self.results.items()}


def examples() -> dict[str, Mapping[str, bytes]]:
    """Return the files of those of the 29 submissions that reach no limit: name → path below the package → content."""
    assignment = load_assignment(ROOT / "assignment")
    with tempfile.TemporaryDirectory(prefix="bench-class-") as folder:
        found = find([write_class_of_29(Path(folder))], assignment)
        return {one.id: read(one, assignment).files for one in found if one.id not in AGAINST_LIMITS}


def write_class(folder: Path, count: int, names: Sequence[str] = ()) -> Path:
    """Write `count` submissions into folder/class, made from these examples in turn; no names means all."""
    known, package = examples(), load_assignment(ROOT / "assignment").package
    chosen = names or list(known)
    for number in range(count):
        for name, content in known[chosen[number % len(chosen)]].items():
            path = folder / "class" / f"s{number:03}" / package / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content + b"\n# handed in as number %d\n" % number)
    return folder / "class"


def grade_class(submissions: Path, out: Path, *words: str) -> Run:
    """Grade with the project's assignment into a fresh folder. Exits if that fails."""
    command = command_for(submissions, out, *words)
    began = time.perf_counter()
    with subprocess.Popen(command, **as_user()) as running:
        printed, said = running.communicate()
    return run_of(out, time.perf_counter() - began, running.returncode, printed, said)


def command_for(submissions: Path, out: Path, *words: str) -> list[str]:
    """The command. Raises ValueError if `out` already exists."""
    if out.exists():
        raise ValueError(f"{out} already exists, expected a new folder: its results would be reused")
    paths = [str(submissions), "--assignment", str(ROOT / "assignment"), "--out", str(out)]
    return [sys.executable, "-m", "grader.cli.main", "grade", *paths, "--force", "--log-format", "json", *words]


def as_user() -> dict[str, Any]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return {"cwd": ROOT, "env": env, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}


def run_of(out: Path, wall_s: float, code: int, printed: str, said: str) -> Run:
    """Return the results of a command that has ended. Exits if the command failed, or did not grade a submission."""
    if code:
        sys.exit(f"bench: grader grade ended with {code}, expected 0: {said[-2000:]}")
    events = [json.loads(line) for line in printed.splitlines()]
    results = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (out / "results").glob("*.json")}
    ungraded = [name for name, result in results.items() if result["status"] != "graded"]
    if ungraded:
        sys.exit(f"bench: {', '.join(ungraded[:3])} could not be graded, so the times mean nothing.")
    log = tuple(event for event in events if event["event"] == "result")
    return Run(wall_s, events[-1]["elapsed_s"], log, results)


def without_times(record: Any) -> Any:
    """Return a result, or a part of it, without the fields that may differ between runs."""
    if isinstance(record, dict):
        return {name: without_times(value) for name, value in record.items() if name not in TIMES}
    return [without_times(value) for value in record] if isinstance(record, list) else record


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Return the submissions whose results differ (except for times), or that only one of the two runs has."""
    return [
        name
        for name in sorted(one.keys() | other.keys())
        if name not in one or name not in other or without_times(one[name]) != without_times(other[name])
    ]
