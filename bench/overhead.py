"""`python -m bench.overhead`: the grader's overhead per submission of a class, and the parts of the wall time.

    wall time of the command / submissions  =  functions + start + protocol + judge + rest

The first four are recorded in each result (spent_s), here divided by the number of jobs. The rest is the remaining wall
time: the start of the command, reading, storing, pages.

The overhead is the wall time minus 1.15 x the time inside the student's functions. The bar is for a ratio, which is
comparable between fast and slow machines: the overhead, divided by the time that the checks of the complete submission
take in one process (isolation_cost.py), measured in the same round.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import machine
from bench.isolation_cost import in_process, our_context
from bench.jobs import named
from bench.row import Options, Part, Row, run_alone
from bench.run_class import COMPLETE, SLOW, Run, examples, grade_class, write_class

ALLOWED = 1.15  # wall time above this multiple of the time inside functions is overhead
BARS = {"complete": 0.6, "examples": 1.0}  # largest ratio of overhead to one submission in process
OWN = "functions"
PARTS = {
    "start": "starting sandboxes and importing",
    "protocol": "processes and messages",
    "judge": "inputs, comparisons, the reference",
}
CALLS = 5  # how often the complete submission runs in process, per round


@dataclass(frozen=True)
class Spent:
    """Milliseconds per submission: wall time, time inside the student's functions, and the other parts."""

    wall: float
    functions: float
    parts: dict[str, float]

    @property
    def rest(self) -> float:
        return self.wall - self.functions - sum(self.parts.values())

    @property
    def beyond(self) -> float:
        """Return the overhead: the wall time above ALLOWED x functions."""
        return self.wall - ALLOWED * self.functions


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--submissions", type=int, default=30, help="number in a class")
    parser.add_argument("--rounds", type=int, default=3)


def rows(options: Options) -> Iterator[Row]:
    everything = list(examples())
    classes = [
        ("complete", options.submissions, [COMPLETE]),
        ("examples", max(options.submissions, len(everything)), everything),
        ("seven loops", options.submissions, [SLOW]),
    ]
    context = our_context()
    for title, count, names in classes:
        with tempfile.TemporaryDirectory(prefix="bench-overhead-") as folder:
            submissions = write_class(Path(folder), count, names)
            yield from rows_of(title, submissions, options.rounds, lambda: in_process(context))


def rows_of(title: str, submissions: Path, rounds: int, called: Callable[[], float]) -> Iterator[Row]:
    """Return the rows of one class. called: measures the seconds of one submission in this process."""
    numbers = sorted({1, machine.cores()})
    runs: dict[int, list[Spent]] = {jobs: [] for jobs in numbers}
    unit_ms: list[float] = []
    for number in range(rounds):
        unit_ms.append(1000 * statistics.median(called() for _ in range(CALLS)))
        for jobs in numbers:
            out = submissions.parent / f"out-{number}-{jobs}"
            runs[jobs].append(spent(grade_class(submissions, out, "--jobs", str(jobs)), jobs))
    for jobs in numbers:
        at = f"{title}, {named(jobs)}"
        wall, functions, beyond = (
            statistics.median(getattr(one, name) for one in runs[jobs]) for name in ("wall", OWN, "beyond")
        )
        ratio = statistics.median(one.beyond / unit for one, unit in zip(runs[jobs], unit_ms, strict=True))
        said = f"{beyond:.0f} ms / {statistics.median(unit_ms):.0f} ms"
        bar = BARS.get(title) if jobs == machine.cores() else None  # the command's default: one job per core
        figure = "grader overhead per submission"
        yield Row(f"{at}: {figure}, to one submission in process", ratio, "x", bar, at_most=True, of=said)
        said = f"{wall:.0f} ms of wall time, {functions:.0f} ms of student time"
        yield Row(f"{at}: {figure} (wall time minus 1.15 x student time)", beyond, "ms", of=said)
        for name, work in PARTS.items():
            part_ms = statistics.median(one.parts[name] for one in runs[jobs])
            yield Row(f"{at}: wall time per submission for {work}", part_ms, "ms")
        rest = statistics.median(one.rest for one in runs[jobs])
        yield Row(f"{at}: wall time per submission for the command, files and pages", rest, "ms")


def spent(run: Run, jobs: int) -> Spent:
    """Return the wall time of the run per submission, and the mean time of each part, divided by the number of jobs."""
    times = [result["spent_s"] for result in run.results.values()]

    def mean_ms(name: str) -> float:
        return 1000 * statistics.fmean(one.get(name, 0.0) for one in times) / jobs

    return Spent(1000 * run.wall_s / len(times), mean_ms(OWN), {name: mean_ms(name) for name in PARTS})


PART = Part(
    "overhead",
    "Grader overhead",
    f"All checks on three classes, in which all submissions differ: {COMPLETE}; the examples of 0.1 (those of the 29 "
    "that reach no limit); and complete with seven loops. Student time is the time inside the student's functions, as "
    "the sandbox measures it. Grader overhead per submission: the wall time of the whole command minus 1.15 x student "
    "time; with several jobs, student time is divided by their number. The ratio is to the time that the checks of "
    f"{COMPLETE} take in one process without a sandbox, measured in the same round (medians of rounds).",
    rows,
    add_options,
)

if __name__ == "__main__":
    sys.exit(run_alone(PART))
