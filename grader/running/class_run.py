"""One run over a class: grades new submissions, reuses current results, and writes all pages.

    found ─► current? ─yes─► earlier result ────────────────► pages, if not current ─────────► roster
                └─no──► graded (an executor) ─► stored ─────► pages ─────────────────────────► roster
                        on all checks, or on those that a change of the assignment affects (partial_regrade.py)

Each result is stored before its pages are made. So if a run is killed, only the submissions that were just being graded
must be graded again. Memory holds a window of submissions and a small row for each result. The process that runs this
code must hold the lock of the output folder (output_folder.py). A dry run grades in the same way and writes nothing.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from grader.atomic_files import write_text
from grader.decisions import Grade
from grader.errors import AssignmentError, GraderError
from grader.grading.context import Context, Settings
from grader.grading.submission import blank_result
from grader.grading.work_folder import sweep_work_folders
from grader.intake.collect import Found, read
from grader.intake.notebooks.answers import HandedOut, handed_out
from grader.messages.say import said
from grader.records import (
    AFTER_DUE_DATE,
    AFTER_PUBLISHED,
    CRASHED,
    ERROR,
    GRADED,
    GRADER_ERROR,
    TIMEOUT,
    Result,
    Submission,
    as_written,
)
from grader.report.grades_csv import grades_csv
from grader.report.notebooks.marked_answers import Marks
from grader.report.pages import class_page, compare_page, feedback_page, staff_page
from grader.report.roster import Roster
from grader.running.answers_csv import Marking
from grader.running.hand_ins import HandIns
from grader.running.job_pool import grade_all
from grader.running.output_folder import (
    has_stamp,
    is_current,
    result_path,
    stamp_of,
    store,
    stored,
    sweep_temporary,
)
from grader.running.regrading import Regrading


@dataclass
class Batch:
    """The state of one run.

    show: a function that prints a row; its second argument is True if the result is from an earlier run. marking: the
    points that staff gave for answers. render: a function that puts the notebooks of a submission into the renderer's
    queue. hand_ins: collects the data for the gradebook. record: a function that enters the run in the gradebook and
    returns the new grades. grades: the grade of each submission, with people's decisions.
    only: grade these ids; empty means all. force: regrade current results, too. failed: regrade failed results, too.
    dry_run: write nothing. spent_s: sums of the spent_s of all results graded in this run, and "reports": the time of
    this process.
    """

    found: Sequence[Found]
    settings: Settings
    context: Context
    out: Path
    show: Callable[[Result, bool], None]
    marking: Marking
    render: Callable[[Submission], None]
    hand_ins: HandIns
    record: Callable[[Batch], Mapping[str, Grade]]
    grades: Mapping[str, Grade]
    only: Collection[str] = ()
    force: bool = False
    failed: bool = False
    dry_run: bool = False
    roster: Roster = field(default_factory=Roster)
    rows: dict[str, Result] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    spent_s: dict[str, float] = field(default_factory=dict)

    @property
    def chosen(self) -> list[Found]:
        return [one for one in self.found if not self.only or one.id in self.only]

    @cached_property
    def handed_out(self) -> HandedOut:
        return handed_out(self.context.assignment)

    @cached_property
    def regrading(self) -> Regrading:
        return Regrading(self.context)

    def run(self, executor: Executor, *, window: int | Callable[[], int]) -> None:
        """Grade all submissions that have no current result. When this returns, every result and its pages are stored.

        Raises GraderError if the run cannot continue, because a file cannot be written or a job was killed.
        """
        if not self.dry_run:
            sweep_temporary(self.out)
        sweep_work_folders()
        try:
            for waiting in (self.left_to_grade, self.left_to_grade_whole):
                for result in grade_all(waiting(), self.settings, executor, window=window, parts=self.regrading.checks):
                    self.store_fresh(result)
        except BrokenExecutor as error:
            sweep_work_folders()  # removes those of the killed job, and ends a sandbox that it was starting
            raise GraderError(
                f"a grading process was killed ({error}). All finished results are stored. Run the same command to "
                "continue, with fewer --jobs if memory is short."
            ) from error

    def finish(self) -> list[str]:
        """Write the class page and grades.csv, and return warnings about answers.csv.

        Both files contain the results of this run, and stored results of submissions that this run did not grade.
        Raises UsageError if staff saved an invalid answers.csv during the run.
        """
        for one in self.found:
            if one.id not in self.rows and (earlier := stored(self.out, one.id)) is not None:
                self.add_row(earlier)
        if self.dry_run:
            return []
        warnings = self.marking.finish()
        before, self.grades = self.grades, self.record(self)
        waits = any(check.visibility in (AFTER_DUE_DATE, AFTER_PUBLISHED) for check in self.context.assignment.checks)
        moved = [
            name
            for name in self.rows
            if decided(before.get(name)) != decided(self.grades.get(name))
            or (waits and opened(before.get(name)) != opened(self.grades.get(name)))
        ]
        for name in dict.fromkeys([*self.marking.changed, *moved]):
            if (result := stored(self.out, name)) is not None:
                self.write_pages(result)
        rows = [self.rows[one.id] for one in self.found if one.id in self.rows]
        points = self.marking.points()
        title = self.context.assignment.title
        page = class_page(self.roster, title=title, points=points, grades=self.grades)
        write_text(self.out / "index.html", page, durable=False)
        write_text(self.out / "grades.csv", grades_csv(rows, points, self.grades))
        if self.regrading.moved.both:
            page = compare_page(self.regrading.moved, title=title, between="Changes by the last regrade")
            write_text(self.out / "compare.html", page)
        return warnings

    def left_to_grade(self) -> Iterator[Submission]:
        """Yield the submissions without a current result. For all others, publish the current result instead."""
        for one in self.chosen:
            submission = self.read(one)
            if submission is None:
                continue
            earlier, fresh = stored(self.out, one.id), blank_result(submission, self.context, 0.0)
            again = self.force or (self.failed and earlier is not None and has_failed(earlier))
            if earlier is not None and not again and is_current(earlier, fresh):
                if earlier.submission != fresh.submission:  # the same files are now at another path
                    earlier = replace(earlier, submission=fresh.submission)
                    if not self.dry_run:
                        store(self.out, earlier)
                self.counts["reused"] += 1
                self.publish(earlier, reused=True)
            else:
                if earlier is not None:
                    self.regrading.begin(earlier, fresh, whole=again)
                yield submission

    def left_to_grade_whole(self) -> Iterator[Submission]:
        """Yield the submissions that must be graded on all checks, after the outcome of some checks has changed."""
        again = set(self.regrading.again)
        for one in self.chosen:
            submission = self.read(one, render=False) if one.id in again else None
            if submission is not None:
                yield submission

    def read(self, one: Found, *, render: bool = True) -> Submission | None:
        """Read a submission. If a fault of ours prevents reading, store a result with this fault and return None."""
        try:
            submission = read(one, self.context.assignment, notebooks=lambda: self.handed_out)
        except AssignmentError:  # an error in the assignment concerns all submissions
            raise
        except GraderError as error:
            blank = blank_result(Submission(one.id, one.source, {}), self.context, 0.0)
            self.store_fresh(replace(blank, status=GRADER_ERROR, reason=error.reason or as_written(str(error))))
            return None
        if render and not self.dry_run:
            self.render(submission)
        return submission

    def store_fresh(self, result: Result) -> None:
        """Store a new result and publish it. A result of status grader_error does not replace an earlier result."""
        began = time.perf_counter()
        whole = self.regrading.complete(result)
        if whole is None:
            return
        result = whole
        if result.status == GRADER_ERROR:
            self.faults.append(f"{result.id}: {said(result.reason)}")
        if not self.dry_run:
            store(self.out, result)
        self.counts["graded"] += 1
        self.publish((stored(self.out, result.id) or result) if result.status == GRADER_ERROR else result, reused=False)
        for name, seconds in {**result.spent_s, "reports": time.perf_counter() - began}.items():
            self.spent_s[name] = self.spent_s.get(name, 0.0) + seconds

    def publish(self, result: Result, *, reused: bool) -> None:
        if not self.dry_run:
            self.write_pages(result)
        self.show(self.add_row(result), reused)

    def write_pages(self, result: Result) -> None:
        marks, grade = self.marking.of(result.id), self.grades.get(result.id)
        self.faults += write_pages(self.out, self.marking.completed(result), marks, grade)

    def add_row(self, result: Result) -> Result:
        self.marking.add(result)
        self.hand_ins.add(result)
        row = self.rows[result.id] = self.roster.add(result)
        return row


def has_failed(result: Result) -> bool:
    """Return whether grading again may help, because the machine may have caused a failure.

    The machine may be the cause if the submission was not graded, or if a check has status error, timeout or crashed.
    """
    return result.status != GRADED or any(check.status in (ERROR, TIMEOUT, CRASHED) for check in result.checks)


def decided(grade: Grade | None) -> Grade | None:
    """Return the grade if people decided about it, else None: without decisions, a page shows only the result."""
    return replace(grade, opened=()) if grade and grade.is_decided else None


def opened(grade: Grade | None) -> tuple[str, ...]:
    """Return the visibilities (after_due_date, after_published) whose checks students may see now."""
    return grade.opened if grade else ()


def write_pages(out: Path, result: Result, marks: Marks, grade: Grade | None = None) -> list[str]:
    """Write the two pages of a stored result, unless both exist and are current.

    If a page cannot be made, returns the fault instead of raising it, so that the run continues. Writes the staff page
    last, because its stamp shows that both pages are current.
    """
    staff, feedback = out / f"{result.id}.html", out / "feedback" / f"{result.id}.html"
    stored_at = result_path(out, result.id)
    now_visible = [one for one in opened(grade) if any(check.visibility == one for check in result.checks)]
    grade = decided(grade)
    words = (repr(sorted(marks.items())), *([repr(grade)] if grade else ()), *now_visible)
    stamp = stamp_of(stored_at.read_bytes() if stored_at.is_file() else b"", *words)
    if has_stamp(staff, stamp) and feedback.is_file() and feedback.stat().st_size:
        return []
    try:
        pages = feedback_page(result, marks, grade, now_visible), staff_page(result, marks, grade) + stamp
    except Exception as error:
        return [f"{result.id}: its report could not be made ({type(error).__name__}: {error})"]
    for path, page in zip((feedback, staff), pages, strict=True):
        write_text(path, page, durable=False)
    return []
