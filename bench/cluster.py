"""`python -m bench.cluster`: grades the same class with local jobs and on a Dask cluster with as many workers.

    grader grade --jobs 2            beside            grader grade --scheduler tcp://…   (2 worker processes)

Runs the whole command both ways in turns. All results must be equal except for times. In a last run on the cluster, the
benchmark kills one worker; the results must still be equal, and the log must report each submission once.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench.row import Options, Part, Row, run_alone
from bench.run_class import Run, as_user, command_for, differing, grade_class, run_of, write_class

PATIENCE_S = 300.0
# The share of the class that is graded when the worker is killed.
KILLED_AFTER = 1 / 4


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--submissions", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)


def rows(options: Options) -> Iterator[Row]:
    from distributed import LocalCluster

    with tempfile.TemporaryDirectory(prefix="bench-cluster-") as name:
        folder = Path(name)
        submissions = write_class(folder, options.submissions)
        with LocalCluster(
            n_workers=options.workers,
            threads_per_worker=1,
            dashboard_address=None,
            silence_logs=logging.ERROR,  # otherwise Dask logs that it restarts the killed worker
            local_directory=str(folder / "scratch"),
        ) as cluster:
            there = ("--scheduler", cluster.scheduler_address)
            pairs = [
                (
                    grade_class(submissions, folder / f"here{number}", "--jobs", str(options.workers)),
                    grade_class(submissions, folder / f"there{number}", *there),
                )
                for number in range(options.rounds)
            ]
            yield from compare_runs(pairs, options)
            victim = next(iter(cluster.workers.values()))
            survived = grade_and_kill_worker(submissions, folder / "killed", there, victim.pid)
        yield Row(
            "after one worker is killed: results lost, stored twice or different",
            len(differing(pairs[0][0].results, survived.results)) + len(stored_twice(survived)),
            "",
            bar=0,
            at_most=True,
            of=f"{len(survived.results)} submissions",
        )


def compare_runs(pairs: list[tuple[Run, Run]], options: Options) -> Iterator[Row]:
    ratio = statistics.median(there.wall_s / here.wall_s for here, there in pairs)
    here_s, there_s = (statistics.median(run.wall_s for run in side) for side in zip(*pairs, strict=True))
    said = f"{there_s:.1f} s on {options.workers} workers, {here_s:.1f} s with {options.workers} jobs"
    yield Row("whole command: time on the cluster to time with local jobs", ratio, "x", of=said)
    differ = {name for here, there in pairs for name in differing(here.results, there.results)}
    said = f"{options.submissions} submissions, {options.rounds} rounds"
    yield Row("submissions whose result on the cluster differs", len(differ), "", bar=0, at_most=True, of=said)


def grade_and_kill_worker(submissions: Path, out: Path, words: tuple[str, ...], victim: int) -> Run:
    """Grade, and kill the worker process `victim` when a part of the class is graded. Exits if the run takes too
    long."""
    command, wanted = command_for(submissions, out, *words), KILLED_AFTER * len(list(submissions.iterdir()))
    began = time.perf_counter()
    with subprocess.Popen(command, **as_user()) as running:
        while len(list(out.glob("results/*.json"))) < wanted and running.poll() is None:
            if time.perf_counter() - began > PATIENCE_S:
                running.kill()
                sys.exit(f"bench: nothing was graded on the cluster in {PATIENCE_S:.0f} s.")
            time.sleep(0.05)
        if running.poll() is None:
            os.kill(victim, signal.SIGKILL)
        else:
            sys.exit("bench: the class was graded before the worker could be killed. Use more --submissions.")
        printed, said = running.communicate()
    return run_of(out, time.perf_counter() - began, running.returncode, printed, said)


def stored_twice(run: Run) -> list[str]:
    """Return the submissions that the log reports more than once."""
    return [name for name, times in Counter(event["id"] for event in run.log).items() if times > 1]


def lacks(options: Options) -> str:
    return "" if find_spec("distributed") else "distributed is not installed. Run pip install 'layergrader[cluster]'."


def versions(options: Options) -> Mapping[str, Any]:
    return {"distributed": version("distributed")}


PART = Part(
    "cluster",
    "A cluster",
    "One class, graded by the whole command in turns: with local jobs, and with as many worker processes of a Dask "
    "LocalCluster (--scheduler). The ratio is the median of the rounds' ratios. Then once more on the cluster, with "
    "one worker killed in the middle.",
    rows,
    add_options,
    lacks,
    versions,
)

if __name__ == "__main__":
    sys.exit(run_alone(PART))
