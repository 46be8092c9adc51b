"""`python -m bench.overhead`: where a submission's time goes that is not spent in its functions.

    wall time of the command / submissions  =  functions + start + protocol + judge + rest

The first four are what each result says of itself (spent_s), the rest is the command's: its start, reading, storing,
pages. With several jobs the parts are shared out over as many, and the rest is what the clock of the wall has more.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import machine
from bench.jobs import named
from bench.row import Options, Part, Row, run_alone
from bench.run_class import COMPLETE, SLOW, Run, examples, grade_class, write_class

PERCENT, BAR_MS = 15, 250  # of the time inside functions, and what is allowed above it
OWN = "functions"
PARTS = ("start", "protocol", "judge")


@dataclass(frozen=True)
class Spent:
    """Milliseconds a submission: of the wall, of the student's functions, of the parts, and what is left."""

    wall: float
    functions: float
    parts: dict[str, float]

    @property
    def rest(self) -> float:
        return self.wall - self.functions - sum(self.parts.values())

    @property
    def beyond(self) -> float:
        """What is not spent in the student's functions, less the share that is allowed of them: held to the bar."""
        return self.wall - (1 + PERCENT / 100) * self.functions


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--submissions", type=int, default=30, help="of a class")
    parser.add_argument("--rounds", type=int, default=3)


def rows(options: Options) -> Iterator[Row]:
    everything = list(examples())
    classes = [
        ("complete", options.submissions, [COMPLETE]),
        ("the examples", max(options.submissions, len(everything)), everything),
        ("seven loops", options.submissions, [SLOW]),
    ]
    for title, count, names in classes:
        with tempfile.TemporaryDirectory(prefix="bench-overhead-") as folder:
            yield from rows_of(title, write_class(Path(folder), count, names), options.rounds)


def rows_of(title: str, submissions: Path, rounds: int) -> Iterator[Row]:
    numbers = sorted({1, machine.cores()})
    runs: dict[int, list[Spent]] = {jobs: [] for jobs in numbers}
    for number in range(rounds):
        for jobs in numbers:
            out = submissions.parent / f"out-{number}-{jobs}"
            runs[jobs].append(spent(grade_class(submissions, out, "--jobs", str(jobs)), jobs))
    for jobs in numbers:
        at = f"{title}, {named(jobs)}"
        wall, functions = (statistics.median(getattr(one, name) for one in runs[jobs]) for name in ("wall", OWN))
        beyond = statistics.median(one.beyond for one in runs[jobs])
        said = f"{wall:.0f} ms a submission, {functions:.0f} ms of it in its functions"
        bar = BAR_MS if jobs == machine.cores() else None  # as the command grades a class, unless told otherwise
        yield Row(f"{at}: not in the functions, less {PERCENT} % of theirs", beyond, "ms", bar, at_most=True, of=said)
        for name in PARTS:
            yield Row(f"{at}: of it {name}", statistics.median(one.parts[name] for one in runs[jobs]), "ms")
        rest = statistics.median(one.rest for one in runs[jobs])
        yield Row(f"{at}: of it the command, files and pages", rest, "ms")


def spent(run: Run, jobs: int) -> Spent:
    """The means over the class, shared out over the jobs."""
    times = [result["spent_s"] for result in run.results.values()]

    def mean_ms(name: str) -> float:
        return 1000 * statistics.fmean(one.get(name, 0.0) for one in times) / jobs

    return Spent(1000 * run.wall_s / len(times), mean_ms(OWN), {name: mean_ms(name) for name in PARTS})


PART = Part(
    "overhead",
    "Beside the student's functions",
    f"The whole rubric on classes of different submissions: wall time of the whole command a submission, less the time "
    f"inside the student's functions as the sandbox measured it and less {PERCENT} % of that again, so that the bar "
    f"is {BAR_MS} ms (medians of rounds). With several jobs, time inside functions is shared out over them. The bar is "
    f"for the command as it is, which takes all cores; with one job it is reported.",
    rows,
    add_options,
)

if __name__ == "__main__":
    sys.exit(run_alone(PART))
