"""`grader grade`: submissions in, marks and reports out."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from grader.cli.commands import FOLDER, assignment_option
from grader.pausing_gc import importing
from grader.records import OWN_HANDOUT
from grader.running.notebook_renderer import Renderer, have_notebooks
from grader.sandbox.host.isolation import KINDS
from grader.sandbox.host.mounts import ONE_THREAD


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@assignment_option
@click.option("--out", default="reports", show_default=True, type=FOLDER, help="Where to write.")
@click.option("--jobs", default=0, type=click.IntRange(0), help="Submissions at once; as many as there are cores if 0.")
@click.option("--only", multiple=True, metavar="ID", help="Grade this submission only. May be given more than once.")
@click.option("--force", is_flag=True, help="Grade again what an earlier run has graded already.")
@click.option(
    "--failed",
    is_flag=True,
    help="Grade again what an earlier run could not grade, and where a check ended in error, timeout or crashed.",
)
@click.option("--python", metavar="EXE", help="The Python, with its NumPy, to run submissions; this one by default.")
@click.option(
    "--sandbox", default="auto", show_default=True, type=click.Choice(KINDS), help="auto refuses without isolation."
)
@click.option(
    "--handout",
    default=OWN_HANDOUT,
    show_default=True,
    metavar="NAME",
    help="The handout that was handed out, of those in ASSIGNMENT/handouts; auto goes by marks of each submission.",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Grade on the workers of this Dask scheduler: tcp://HOST:PORT, or the file that it wrote.",
)
@click.option(
    "--log-format",
    default="text",
    show_default=True,
    type=click.Choice(["text", "json"]),
    help="json: one line an event on standard output, and nothing else there.",
)
@click.option(
    "--gradebook",
    metavar="URL",
    envvar="GRADER_GRADEBOOK",
    help="Where decisions are kept: a file or postgresql://…; gradebook.sqlite3 beside OUT by default.",
)
@click.option("--profile", is_flag=True, help="Say at the end where the time went.")
def grade(
    paths: tuple[Path, ...],
    assignment: Path,
    out: Path,
    python: str | None,
    sandbox: str,
    handout: str,
    scheduler: str | None,
    **options: Any,
) -> int:
    """Grade folders, archives or single files; write OUT/index.html, a report and a feedback page each, and marks.

    A PATH that directly holds a student file or the package folder is one submission; otherwise every child of it is.
    An unpacked bulk download of Canvas, Moodle, Blackboard or Gradescope gives a submission a student.
    What was graded with the same submission, assignment, Python, NumPy, sandbox and grader is not graded again: a run
    that was stopped goes on with the same command.
    """
    for name, count in ONE_THREAD.items():  # of this and its jobs; starting more takes as long as importing NumPy
        os.environ.setdefault(name, count)
    renderer = Renderer(out)
    try:
        if have_notebooks(paths):
            renderer.start()
        with importing():  # takes a while; a process that renders notebooks starts beside it
            from grader.grading.context import Settings, prepare_ground

        settings = Settings(str(assignment.resolve()), python or sys.executable, sandbox, handout)
        if scheduler is None:  # sandboxes are wanted here; what they need takes its time beside the other imports
            ground = prepare_ground(settings)
            ground.isolation.prepare(ground.interpreter)
        with importing():
            from grader.cli.grade_class import run_class

        return run_class(renderer, settings, paths=paths, out=out, python=python, scheduler=scheduler, **options)
    finally:
        renderer.end()
