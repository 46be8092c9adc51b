"""`python -m bench.jobs`: submissions per second with 1, 2, 3 and 4 jobs.

Grades one class, in which all submissions differ, in rounds: each round runs every number of jobs once, into fresh
folders. More jobs than cores gain nothing; the benchmark shows that they do no harm either.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import machine
from bench.row import Options, Part, Row, run_alone
from bench.run_class import Run, differing, grade_class, write_class

BARRED, BAR = 2, 1.7


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--submissions", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--jobs", type=int, nargs="+", default=[1, 2, 3, 4], help="the others are compared with the first"
    )


def rows(options: Options) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="bench-jobs-") as name:
        folder = Path(name)
        submissions = write_class(folder, options.submissions)
        rounds = [run_round(submissions, folder / f"round{k}", options.jobs) for k in range(options.rounds)]
    yield from rates(rounds, options.jobs, options.submissions)


def run_round(submissions: Path, out: Path, numbers: list[int]) -> dict[int, Run]:
    """Run the class once with each number of jobs. Exits if the results depend on the number."""
    runs = {jobs: grade_class(submissions, out / str(jobs), "--jobs", str(jobs)) for jobs in numbers}
    for jobs, run in runs.items():
        if differ := differing(runs[numbers[0]].results, run.results):
            sys.exit(f"bench: {differ[0]} got another result with {jobs} jobs than with {numbers[0]}.")
    return runs


def rates(rounds: list[dict[int, Run]], numbers: list[int], count: int) -> Iterator[Row]:
    """Return rows with the medians of ratios within a round. The bar is for two jobs, on at least two cores."""
    first = numbers[0]
    yield Row(f"submissions per second with {named(first)}", median_rate(rounds, first, count), "")
    for jobs in numbers[1:]:
        ratio = statistics.median(runs[first].grading_s / runs[jobs].grading_s for runs in rounds)
        with_start = statistics.median(runs[first].wall_s / runs[jobs].wall_s for runs in rounds)
        bar = BAR if jobs == BARRED and machine.cores() >= BARRED else None
        said = f"{median_rate(rounds, jobs, count):.2f} per second; {with_start:.2f}x with the start of the command"
        yield Row(f"submissions per second, {named(jobs)} to {named(first)}", ratio, "x", bar, of=said)


def median_rate(rounds: list[dict[int, Run]], jobs: int, count: int) -> float:
    return statistics.median(count / runs[jobs].grading_s for runs in rounds)


def named(jobs: int) -> str:
    return f"{jobs} job{'s' if jobs > 1 else ''}"


PART = Part(
    "jobs",
    "Jobs",
    "One class of example submissions, all different, graded with each number of jobs in interleaved rounds: "
    "submissions per second, and the median of the rounds' ratios to 1 job. The time includes the start of the jobs; "
    "it includes the start of the command only where the row says so.",
    rows,
    add_options,
)

if __name__ == "__main__":
    sys.exit(run_alone(PART))
