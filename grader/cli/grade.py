"""`grader grade`: reads submissions; writes marks, reports and feedback pages."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click

from grader.cli.commands import FOLDER, assignment_option
from grader.gradebook import run_entry
from grader.pausing_gc import importing
from grader.records import OWN_HANDOUT
from grader.running.early_process import EarlyProcess
from grader.running.notebook_renderer import Renderer, have_notebooks
from grader.sandbox.host.isolation import KINDS, begin_early
from grader.sandbox.host.mounts import ONE_THREAD


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@assignment_option
@click.option("--out", default="reports", show_default=True, type=FOLDER, help="Output folder.")
@click.option("--jobs", default=0, type=click.IntRange(0), help="Number of parallel jobs; 0: one per core.")
@click.option("--only", multiple=True, metavar="ID", help="Grade only this submission. Repeatable.")
@click.option("--force", is_flag=True, help="Regrade submissions that an earlier run already graded.")
@click.option(
    "--failed",
    is_flag=True,
    help="Regrade submissions that could not be graded, or with a check of status error, timeout or crashed.",
)
@click.option("--dry-run", is_flag=True, help="Show what a regrade would change, and write nothing.")
@click.option("--python", metavar="EXE", help="Python (with NumPy) that runs submissions. Default: the grader's own.")
@click.option(
    "--sandbox",
    default="auto",
    show_default=True,
    type=click.Choice(KINDS),
    help="Kind of isolation; auto takes the best one that works and stops if none does.",
)
@click.option(
    "--handout",
    default=OWN_HANDOUT,
    show_default=True,
    metavar="NAME",
    help="The handout that students got, from ASSIGNMENT/handouts; auto guesses it for each submission from its files.",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Grade on the workers of this Dask scheduler: tcp://HOST:PORT, or its scheduler file.",
)
@click.option(
    "--log-format",
    default="text",
    show_default=True,
    type=click.Choice(["text", "json"]),
    help="json: standard output holds one JSON line per event and nothing else.",
)
@click.option(
    "--gradebook",
    metavar="URL",
    envvar="GRADER_GRADEBOOK",
    help="The gradebook: a file or postgresql://…. Default: gradebook.sqlite3 beside OUT.",
)
@click.option("--profile", is_flag=True, help="At the end, show where the time went.")
def grade(
    paths: tuple[Path, ...],
    assignment: Path,
    out: Path,
    python: str | None,
    sandbox: str,
    handout: str,
    scheduler: str | None,
    dry_run: bool,
    **options: Any,
) -> int:
    """Grade folders, archives or single files. Writes OUT/index.html, OUT/grades.csv, and for each submission a report
    and a feedback page.

    A PATH that directly holds a student file or the package folder is one submission; otherwise each of its children
    is one. An unpacked bulk download from Canvas, Moodle, Blackboard or Gradescope gives one submission per student.
    A submission is not graded again as long as its files, the assignment, Python, NumPy, sandbox and grader stay the
    same. So the same command continues a run that was stopped.
    """
    # One BLAS thread, in this process and in its jobs: starting more threads takes as long as importing NumPy.
    for name, count in ONE_THREAD.items():
        os.environ.setdefault(name, count)
    renderer, bookkeeper = Renderer(out), EarlyProcess(run_entry.load)
    try:
        if not dry_run and run_entry.is_installed():
            bookkeeper.start()
        with importing():
            import grader.report.pages  # noqa: F401  # before the renderer is forked, which then need not import it
        if have_notebooks(paths):
            renderer.start()
        python_inside = python or sys.executable
        # This import is slow. The two processes import in parallel to it, and the sandbox is tried out.
        with ThreadPoolExecutor(1) as beside, importing():
            beside.submit(begin_early, sandbox, python_inside)
            from grader.grading.context import Settings, prepare_ground

        settings = Settings(str(assignment.resolve()), python_inside, sandbox, handout)
        if scheduler is None:  # sandboxes run on this machine: prepare them in parallel to the next imports
            ground = prepare_ground(settings)
            ground.isolation.prepare(ground.interpreter)
        with importing():
            from grader.cli.grade_class import run_class

        options |= {"paths": paths, "out": out, "python": python, "scheduler": scheduler, "dry_run": dry_run}
        return run_class(renderer, bookkeeper, settings, **options)
    finally:
        bookkeeper.end()
        renderer.end()
