"""`grader grade`: submissions in, marks and reports out."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from grader.answers import Marking
from grader.authoring.handed_out import handed_out
from grader.cli.progress import Progress, class_table, literal
from grader.cli.render import Renderer
from grader.context import Context, Settings, prepare
from grader.errors import GraderError, UsageError
from grader.intake.collect import Found, find, read
from grader.pipeline import blank_result, grade_all
from grader.records import GRADER_ERROR, OWN_HANDOUT, Result, Submission
from grader.report.answers import Marks
from grader.report.pages import class_page, feedback_page, staff_page
from grader.results import grades_csv, is_current, store, stored, write_text
from grader.sandbox.isolation import KINDS


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--assignment", default="assignment", show_default=True, type=click.Path(path_type=Path), help="Assignment folder."
)
@click.option(
    "--out",
    default="reports",
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to write.",
)
@click.option("--jobs", default=0, type=click.IntRange(0), help="Submissions at once; as many as there are cores if 0.")
@click.option("--only", multiple=True, metavar="ID", help="Grade this submission only. May be given more than once.")
@click.option("--force", is_flag=True, help="Grade again what an earlier run has graded already.")
@click.option("--python", default=sys.executable, metavar="EXE", help="The Python, with its NumPy, to run submissions.")
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
def grade(
    paths: tuple[Path, ...],
    assignment: Path,
    out: Path,
    jobs: int,
    only: tuple[str, ...],
    force: bool,
    python: str,
    sandbox: str,
    handout: str,
) -> int:
    """Grade folders, archives or single files; write OUT/index.html, a report and a feedback page each, and marks.

    A PATH that directly holds a student file or the package folder is one submission; otherwise every child of it is.
    """
    console = Console()
    settings = Settings(str(assignment.resolve()), python, sandbox, handout)
    context = prepare(settings)
    found = find(paths, student_files=context.assignment.student_files, package=context.assignment.package)
    known = [one.id for one in found]
    if only:
        found = select(found, only)
    jobs = min(jobs or os.cpu_count() or 1, len(found))
    marking = Marking(out, known, context.assignment.questions)
    with Renderer(out) as renderer:
        batch = Batch(found, context, out, force, renderer)
        with Progress(len(found)) as progress, make_executor(jobs) as executor:
            for result in batch.results(settings, executor, window=2 * jobs):
                batch.faults += write_pages(out, result, marking.of(result.id))
                progress.advance(result)
        batch.faults += renderer.close()
    results = [batch.done[one.id] for one in found]
    said = finish_marking(out, results, marking, batch.faults)
    write_text(out / "index.html", class_page(results, title=context.assignment.title))
    write_text(out / "grades.csv", grades_csv(results, marking.points()))
    class_table(console, results)
    for line in said:
        console.print(literal(line), soft_wrap=True, highlight=False)
    console.print(f"Reports: {out / 'index.html'}", soft_wrap=True, highlight=False)
    if batch.faults:
        count = f"{len(batch.faults)} of {len(results)}"
        raise GraderError(f"{count} could not be graded or reported: {'; '.join(batch.faults[:5])}")
    return 0


@dataclass
class Batch:
    """One run: which submissions, what is known of them already, and the results so far."""

    found: Sequence[Found]
    context: Context
    out: Path
    force: bool
    renderer: Renderer
    done: dict[str, Result] = field(default_factory=dict)
    reused: list[Result] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def results(self, settings: Settings, executor: Executor, *, window: int) -> Iterator[Result]:
        """Every result, the fresh ones stored, those of an earlier run as they are found."""
        for result in grade_all(self.left_to_grade(), settings, executor, window=window):
            yield from self.take_reused()
            if result.status == GRADER_ERROR:
                self.faults.append(f"{result.id}: {result.message}")
                result = stored(self.out, result.id) or result  # the mark that there was stays
            store(self.out, result)
            self.done[result.id] = result
            yield result
        yield from self.take_reused()

    def left_to_grade(self) -> Iterator[Submission]:
        assignment = self.context.assignment
        for one in self.found:
            submission = read(
                one,
                student_files=assignment.student_files,
                handed_out=assignment.handed_out,
                package=assignment.package,
                notebooks=lambda: handed_out(assignment),
            )
            self.renderer.want(submission)
            earlier = None if self.force else stored(self.out, submission.id)
            if earlier is not None and is_current(earlier, blank_result(submission, self.context, 0.0)):
                self.reused.append(earlier)
            else:
                yield submission

    def take_reused(self) -> Iterator[Result]:
        while self.reused:
            result = self.reused.pop(0)
            self.done[result.id] = result
            yield result


def select(found: list[Found], only: tuple[str, ...]) -> list[Found]:
    known = {one.id for one in found}
    unknown = [name for name in only if name not in known]
    if unknown:
        raise UsageError(f"--only {unknown[0]}: no such submission. There are: {', '.join(sorted(known)[:20])}.")
    return [one for one in found if one.id in only]


def finish_marking(out: Path, results: Sequence[Result], marking: Marking, faults: list[str]) -> list[str]:
    """Write answers.csv, and anew the pages of those whose marks staff saved meanwhile. What is to be said, by line."""
    before = dict(marking.marks)
    for result in results:
        marking.add(result)
    said = marking.finish()
    for result in results:
        if marking.of(result.id) != {key[1:]: mark for key, mark in before.items() if key[0] == result.id}:
            faults += write_pages(out, result, marking.of(result.id))
    return said


def write_pages(out: Path, result: Result, marks: Marks) -> list[str]:
    """Write a result's two pages. A page that cannot be made is a fault of ours: returned, and the rest goes on."""
    faults = []
    staff, feedback = out / f"{result.id}.html", out / "feedback" / f"{result.id}.html"
    for path, make in ((staff, staff_page), (feedback, feedback_page)):
        try:
            page = make(result, marks)
        except Exception as error:
            faults.append(f"{result.id}: its page could not be made ({type(error).__name__}: {error})")
        else:
            write_text(path, page)
    return faults


def make_executor(jobs: int) -> Executor:
    """Processes, since judging takes a core of its own; this process itself where one job is all."""
    if jobs <= 1:
        return SerialExecutor()
    # spawn: forking a process that has threads (the progress bar's) may hang
    return ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"))


class SerialExecutor(Executor):
    """Runs each task when it is submitted."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future
