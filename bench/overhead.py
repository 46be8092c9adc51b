"""`python -m bench.overhead`: the grader's overhead per submission of a class, and what it consists of.

    wall time of the command / submissions  =  functions + start + protocol + judge + rest

The first four are what each result says of itself (spent_s), divided by the number of jobs. The rest is what remains of
the wall time: the start of the command, reading, storing, pages.

The overhead is the wall time minus 1.15 x the time inside the student's functions. The bar is on its ratio to the time
that the checks of the complete submission take when they are called in one process (isolation_cost.py), measured in the
same round: a ratio says the same on a fast and on a slow machine.
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

ALLOWED = 1.15  # of the time inside functions; what is above it is overhead
BARS = {"complete": 0.6, "examples": 1.0}  # overhead to one submission in process, as many jobs as cores
OWN = "functions"
PARTS = ("start", "protocol", "judge")
CALLS = 5  # of the complete submission in process, a round


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
        """The overhead."""
        return self.wall - ALLOWED * self.functions


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--submissions", type=int, default=30, help="of a class")
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
    """called: seconds of one submission in process, measured now."""
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
        bar = BARS.get(title) if jobs == machine.cores() else None  # the command takes all cores, unless told otherwise
        yield Row(f"{at}: grader overhead, to one submission in process", ratio, "x", bar, at_most=True, of=said)
        said = f"{wall:.0f} ms of wall time, {functions:.0f} ms of student time"
        yield Row(f"{at}: grader overhead (wall time minus 1.15 x student time)", beyond, "ms", of=said)
        for name in PARTS:
            yield Row(f"{at}: of this, {name}", statistics.median(one.parts[name] for one in runs[jobs]), "ms")
        rest = statistics.median(one.rest for one in runs[jobs])
        yield Row(f"{at}: of this, the command, files and pages", rest, "ms")


def spent(run: Run, jobs: int) -> Spent:
    """The means over the class, shared out over the jobs."""
    times = [result["spent_s"] for result in run.results.values()]

    def mean_ms(name: str) -> float:
        return 1000 * statistics.fmean(one.get(name, 0.0) for one in times) / jobs

    return Spent(1000 * run.wall_s / len(times), mean_ms(OWN), {name: mean_ms(name) for name in PARTS})


PART = Part(
    "overhead",
    "Grader overhead",
    f"The whole rubric on three classes, in which no two submissions are the same: {COMPLETE}, the examples of 0.1 (of "
    "the 29, those that run into no limit), and complete with seven loops. Grader overhead per submission is the wall "
    "time of the whole command minus 1.15 x student time, which is the time inside the student's functions as the "
    "sandbox measures it; with several jobs, student time is divided by their number. The ratio is to the time that "
    f"the checks of {COMPLETE} take in one process without a sandbox, measured in the same round (medians of rounds).",
    rows,
    add_options,
)

if __name__ == "__main__":
    sys.exit(run_alone(PART))
