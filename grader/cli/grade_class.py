"""One run of `grader grade`: chooses the executor, shows progress and results, and handles interruption."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from grader.cli.run_record import RunRecord
from grader.cli.screen.progress import JsonLog, Progress, class_table, parts_of, show_profile, terminal_safe
from grader.errors import GraderError, UsageError
from grader.grading.context import Settings, prepare
from grader.intake.collect import Found, find
from grader.intake.names import MOST_FEW, few, listed
from grader.messages.say import say
from grader.report import regraded_lines
from grader.running.answers_csv import Marking
from grader.running.class_run import Batch
from grader.running.early_process import EarlyProcess
from grader.running.hand_ins import HandIns
from grader.running.identities import assign_ids, save_ids
from grader.running.job_pool import JobPool, make_executor
from grader.running.notebook_renderer import Renderer
from grader.running.output_folder import locked, stored_ids

INTERRUPTED: Final = 130  # by the convention of shells, 128 + SIGINT (2)


def run_class(
    renderer: Renderer,
    bookkeeper: EarlyProcess,
    settings: Settings,
    *,
    paths: tuple[Path, ...],
    out: Path,
    jobs: int,
    only: tuple[str, ...],
    force: bool,
    failed: bool,
    dry_run: bool,
    python: str | None,
    scheduler: str | None,
    log_format: str,
    profile: bool,
    gradebook: str | None,
) -> int:
    """Grade all submissions that have no current result, and return the exit code.

    Waits until `renderer` has rendered all notebooks. The other arguments are the options of the command. Raises
    GraderError if a submission could not be graded or reported.
    """
    context = prepare(settings)
    found = find(paths, context.assignment)
    if log_format == "text":
        for line in dict.fromkeys(one.folder for one in found if one.folder):
            click.echo(line)
    with nullcontext("") if dry_run and not out.exists() else locked(out) as warning:
        if warning:
            click.echo(f"grader: {warning}", err=True)
        found, persons = assign_ids(found, out)
        require_known(found, only)
        progress = JsonLog() if log_format == "json" else Progress()
        marking = Marking(out, [one.id for one in found], context.assignment.questions, persons)
        if not dry_run:
            save_ids(found, out)
        record = RunRecord(gradebook, out, context, bookkeeper)
        batch = Batch(
            found,
            settings,
            context,
            out,
            progress.advance,
            marking,
            renderer.request,
            HandIns(found, persons),
            record.enter,
            {} if dry_run else record.decisions(),
            only,
            force=force,
            failed=failed,
            dry_run=dry_run,
        )
        total = len(batch.chosen)
        try:
            with (
                open_executor(scheduler, jobs, total, batch, python) as (executor, window),
                renderer,
                progress.begin(total),
                stop_on_exception(executor),
            ):
                began = time.perf_counter()
                batch.run(executor, window=window)
                wall_s = time.perf_counter() - began
                if isinstance(progress, JsonLog):
                    log_moves(batch, progress)
                at_work = (window() if callable(window) else window) // 2
        except (KeyboardInterrupt, SystemExit) as stop:
            code = stop.code if isinstance(stop, SystemExit) and isinstance(stop.code, int) else INTERRUPTED
            again = "the same command without --force" if force else "the same command"
            stored = f"{out} holds the results of {len(batch.rows)} of {total} submissions"
            click.echo(f"stopped: {stored}. To continue, run {again}.", err=True)
            raise click.exceptions.Exit(code) from None
        batch.faults += renderer.faults
        warnings = [*batch.finish(), *record.warnings]
        if log_format == "text":
            show_class(batch, out, record)
        if profile:
            graded, parts = batch.counts["graded"], parts_of(batch.spent_s, wall_s=wall_s, jobs=at_work)
            if isinstance(progress, JsonLog):
                spent = {name: round(seconds, 3) for name, seconds in parts.items()}
                progress.write("profile", graded=graded, wall_s=round(wall_s, 3), jobs=at_work, spent_s=spent)
            else:
                show_profile(Console(highlight=False), parts, graded=graded, wall_s=wall_s, jobs=at_work)
        for line in warnings:
            Console(stderr=True, highlight=False).print(f"grader: {terminal_safe(line)}", soft_wrap=True)
    if batch.faults:
        count = f"{len(batch.faults)} of {total}"
        raise GraderError(
            f"{count} could not be graded or reported: {'; '.join(group_by_fault(batch.faults)[:MOST_FEW])}"
        )
    if record.faults:
        raise GraderError(" ".join(record.faults))
    return 0


def group_by_fault(faults: Sequence[str]) -> list[str]:
    """List each fault once, with all submissions that it stopped. A full disk, for example, stops many submissions."""
    stopped: dict[str, list[str]] = {}
    for fault in faults:
        submission, _, text = fault.partition(": ")
        stopped.setdefault(text, []).append(submission)
    return [f"{say(few(ids))}: {text}" for text, ids in stopped.items()]


@contextmanager
def open_executor(
    scheduler: str | None, jobs: int, total: int, batch: Batch, python: str | None
) -> Iterator[tuple[Executor, int | Callable[[], int]]]:
    """Yield the executor that grades, and its window: how many submissions the executor may hold at once.

    The window is two submissions for each job.
    """
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
def stop_on_exception(executor: Executor) -> Iterator[None]:
    """If the `with` block raises an exception, stop the jobs, then let the exception propagate."""
    try:
        yield
    except BaseException:
        if isinstance(executor, JobPool):
            executor.stop()
        raise


def require_known(found: Sequence[Found], only: tuple[str, ...]) -> None:
    known = {one.id for one in found}
    for name in only:
        if name not in known:
            names = ", ".join(sorted(known)[:20])
            raise UsageError(f"--only {name}: no submission has this id, expected one of: {names}. Correct the id.")


def show_class(batch: Batch, out: Path, record: RunRecord) -> None:
    console = Console(highlight=False)
    class_table(console, [batch.rows[one.id] for one in batch.chosen if one.id in batch.rows])
    others = len(batch.rows) - len(batch.chosen)
    if others > 0:
        console.print(f"The class page shows {others} more, from an earlier run.")
    known = {one.id for one in batch.found}
    if gone := [name for name in stored_ids(out) if name not in known]:
        names = terminal_safe(say(listed(gone, MOST_FEW)))
        console.print(
            f"{out} holds results of submissions that are not in this run ({len(gone)}): {names}. Their files stay; "
            "the class page and grades.csv leave them out.",
            soft_wrap=True,
        )
    show_moves(batch, out, console)
    if batch.dry_run:
        console.print(f"Nothing was written to {out} (--dry-run).", soft_wrap=True)
        return
    if record.known:
        console.print(
            f"{record.known} of these submissions have ids that another output folder had first: they count as "
            "attempts of the same students. If they are other people, name another gradebook with --gradebook.",
            soft_wrap=True,
        )
    if record.place:
        console.print(f"Gradebook: {terminal_safe(record.place)}", soft_wrap=True)
    console.print(f"Reports: {out / 'index.html'}", soft_wrap=True)


def log_moves(batch: Batch, log: JsonLog) -> None:
    moved = batch.regrading.moved
    if moved.both:
        counts = {"gained": len(moved.gained), "lost": len(moved.lost), "same": moved.same + len(moved.shifted)}
        log.write("regraded", **counts, partly=len(batch.regrading.partly), dry_run=batch.dry_run)


def show_moves(batch: Batch, out: Path, console: Console) -> None:
    """Print what a regrade changed: one line that names compare.html, or every change if a dry run writes no page."""
    regrading = batch.regrading
    if regrading.partly:
        count = len(regrading.partly)
        console.print(
            f"For {count} submissions, only the checks that a change of the assignment affects ran again.",
            soft_wrap=True,
        )
    if not regrading.moved.both:
        return
    if batch.dry_run:
        for line in regraded_lines.lines_of(regrading.moved):
            console.print(line, soft_wrap=True, markup=False)
    else:
        more = f" For each submission and check, see {out / 'compare.html'}." if regrading.moved.moves else ""
        console.print(f"{regraded_lines.summary(regrading.moved)}{more}", soft_wrap=True, markup=False)
