"""One run of `grader grade`: who is graded where, what is shown meanwhile and in the end, how it is stopped."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from grader.cli.run_record import RunRecord
from grader.cli.screen.progress import JsonLog, Progress, class_table, literal, parts_of, show_profile
from grader.errors import GraderError, UsageError
from grader.grading.context import Settings, prepare
from grader.intake.collect import Found, find
from grader.intake.names import MOST_FEW, few, listed
from grader.messages.say import say
from grader.running.answers_csv import Marking
from grader.running.class_run import Batch
from grader.running.hand_ins import HandIns
from grader.running.identities import keep_ids, settle_ids
from grader.running.job_pool import JobPool, make_executor
from grader.running.notebook_renderer import Renderer
from grader.running.output_folder import held, stored_ids

INTERRUPTED: Final = 130  # 128 + SIGINT, as shells have it


def run_class(
    renderer: Renderer,
    settings: Settings,
    *,
    paths: tuple[Path, ...],
    out: Path,
    jobs: int,
    only: tuple[str, ...],
    force: bool,
    failed: bool,
    python: str | None,
    scheduler: str | None,
    log_format: str,
    profile: bool,
    gradebook: str | None,
) -> int:
    """Grade what is to be graded, and return the exit code. renderer: of notebooks into `out`; its end is awaited.

    The others are the options of the command. Raises GraderError if a submission could not be graded or reported.
    """
    context = prepare(settings)
    found = find(paths, context.assignment)
    if log_format == "text":
        for line in dict.fromkeys(one.folder for one in found if one.folder):
            click.echo(line)
    with held(out) as warning:
        if warning:
            click.echo(f"grader: {warning}", err=True)
        found, persons = settle_ids(found, out)
        see_known(found, only)
        progress = JsonLog() if log_format == "json" else Progress()
        marking = Marking(out, [one.id for one in found], context.assignment.questions, persons)
        keep_ids(found, out)
        record = RunRecord(gradebook, out, context)
        batch = Batch(
            found,
            settings,
            context,
            out,
            progress.advance,
            marking,
            renderer.want,
            HandIns(found, persons),
            record.enter,
            record.decisions(),
            only,
            force=force,
            failed=failed,
        )
        total = len(batch.chosen)
        try:
            with (
                open_executor(scheduler, jobs, total, batch, python) as (executor, window),
                renderer,
                progress.begin(total),
                stopping(executor),
            ):
                began = time.perf_counter()
                batch.run(executor, window=window)
                wall_s = time.perf_counter() - began
                at_work = (window() if callable(window) else window) // 2
        except (KeyboardInterrupt, SystemExit) as stop:
            code = stop.code if isinstance(stop, SystemExit) and isinstance(stop.code, int) else INTERRUPTED
            again = "The same command without --force" if force else "The same command"
            there = f"{len(batch.rows)} of {total} submissions have their results in {out}"
            click.echo(f"stopped: {there}. {again} goes on from there.", err=True)
            raise click.exceptions.Exit(code) from None
        batch.faults += renderer.faults
        said = [*batch.finish(), *record.said]
        if log_format == "text":
            show_class(batch, out, record.place)
        if profile:
            graded, parts = batch.counts["graded"], parts_of(batch.spent_s, wall_s=wall_s, jobs=at_work)
            if isinstance(progress, JsonLog):
                spent = {name: round(seconds, 3) for name, seconds in parts.items()}
                progress.write("profile", graded=graded, wall_s=round(wall_s, 3), jobs=at_work, spent_s=spent)
            else:
                show_profile(Console(highlight=False), parts, graded=graded, wall_s=wall_s, jobs=at_work)
        for line in said:
            click.echo(f"grader: {literal(line)}", err=True)
    if batch.faults:
        count = f"{len(batch.faults)} of {total}"
        raise GraderError(f"{count} could not be graded or reported: {'; '.join(told_once(batch.faults)[:MOST_FEW])}")
    if record.faults:
        raise GraderError(" ".join(record.faults))
    return 0


def told_once(faults: Sequence[str]) -> list[str]:
    """Each fault with all the submissions that it stopped: a full disk stops them all for one reason."""
    stopped: dict[str, list[str]] = {}
    for fault in faults:
        submission, _, text = fault.partition(": ")
        stopped.setdefault(text, []).append(submission)
    return [f"{say(few(ids))}: {text}" for text, ids in stopped.items()]


@contextmanager
def open_executor(
    scheduler: str | None, jobs: int, total: int, batch: Batch, python: str | None
) -> Iterator[tuple[Executor, int | Callable[[], int]]]:
    """Where submissions are graded, and how many may be there at once: two for each that can be at work."""
    if scheduler is None:
        jobs = min(jobs or os.cpu_count() or 1, total)
        with make_executor(jobs) as local:
            yield local, 2 * jobs
        return
    try:
        from grader.running.dask_cluster import ClusterExecutor
    except ImportError as error:
        text = f"--scheduler: {error.name} is not installed. Run pip install 'layergrader[cluster]'."
        raise UsageError(text) from None
    with ClusterExecutor(scheduler, batch.settings, batch.context, python=python) as cluster:
        yield cluster, cluster.window


@contextmanager
def stopping(executor: Executor) -> Iterator[None]:
    """End what is being graded before anything else, if the block is left by an exception."""
    try:
        yield
    except BaseException:
        if isinstance(executor, JobPool):
            executor.stop()
        raise


def see_known(found: Sequence[Found], only: tuple[str, ...]) -> None:
    known = {one.id for one in found}
    for name in only:
        if name not in known:
            raise UsageError(f"--only {name}: no such submission. There are: {', '.join(sorted(known)[:20])}.")


def show_class(batch: Batch, out: Path, gradebook: str) -> None:
    console = Console(highlight=False)
    class_table(console, [batch.rows[one.id] for one in batch.chosen if one.id in batch.rows])
    others = len(batch.rows) - len(batch.chosen)
    if others > 0:
        console.print(f"The class page has {others} more, as they were graded earlier.")
    known = {one.id for one in batch.found}
    if gone := [name for name in stored_ids(out) if name not in known]:
        names = literal(say(listed(gone, MOST_FEW)))
        console.print(
            f"{out} has results of {len(gone)} that are not among the submissions now: {names}. Their files stay; "
            "the class page and grades.csv are without them.",
            soft_wrap=True,
        )
    console.print(f"Reports: {out / 'index.html'}", soft_wrap=True)
    if gradebook:
        console.print(f"Gradebook: {literal(gradebook)}", soft_wrap=True)
