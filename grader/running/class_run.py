"""One run over a class: what is new is graded and kept, what is known is taken as it is, and the class page is made.

    found ─► current? ─yes─► earlier result ────────────────► pages, if they are not its own ─► roster
                └─no──► graded (an executor) ─► stored ─────► pages ─────────────────────────► roster

The result is stored before anything is made of it, so a run that is killed anywhere has lost what it was just grading
and nothing else. Memory holds a window of submissions and a small row of each result. Whoever runs this holds the
output folder (output_folder.py).
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
from grader.report.pages import class_page, feedback_page, staff_page
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


@dataclass
class Batch:
    """One run, as it goes. show: called with each row of the run, and whether it is of an earlier one.

    only: grade these ids; all if empty. force: also what is current. failed: also what failed.
    marking: what staff gave for answers. grades: what people decided, by submission. record: enters the run in the
    gradebook, and returns the grades as they are then. render: sees that a submission's notebooks have their pages.
    spent_s: of what was graded in this run, as results have it; and "reports", of this process.
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

    def run(self, executor: Executor, *, window: int | Callable[[], int]) -> None:
        """Grade what is to be graded; every result is stored and has its pages when this returns.

        Raises GraderError where going on is of no use: nothing can be written, or the processes that grade are gone.
        """
        sweep_temporary(self.out)
        sweep_work_folders()
        try:
            for result in grade_all(self.left_to_grade(), self.settings, executor, window=window):
                self.keep(result)
        except BrokenExecutor as error:
            sweep_work_folders()  # of the process that was killed, and what waits in its half-started sandbox
            raise GraderError(
                f"a process that graded was killed ({error}). What was graded is kept: the same command goes on. "
                "If memory is short, take fewer --jobs."
            ) from error

    def finish(self) -> list[str]:
        """Write the class page and the tables of marks, of this run and of what was not chosen but is known.

        Returns what is to be said about answers.csv. Raises UsageError if staff saved one meanwhile that is none.
        """
        for one in self.found:
            if one.id not in self.rows and (earlier := stored(self.out, one.id)) is not None:
                self.enter(earlier)
        said = self.marking.finish()
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
        write_text(self.out / "index.html", class_page(self.roster, title=title, points=points, grades=self.grades))
        write_text(self.out / "grades.csv", grades_csv(rows, points, self.grades))
        return said

    def left_to_grade(self) -> Iterator[Submission]:
        """What has to be graded, one by one; what has not is taken in on the way."""
        for one in self.chosen:
            submission = self.read(one)
            if submission is None:
                continue
            earlier, fresh = stored(self.out, one.id), blank_result(submission, self.context, 0.0)
            again = self.force or (self.failed and earlier is not None and has_failed(earlier))
            if earlier is not None and not again and is_current(earlier, fresh):
                if earlier.submission != fresh.submission:  # it lies elsewhere now
                    earlier = replace(earlier, submission=fresh.submission)
                    store(self.out, earlier)
                self.counts["reused"] += 1
                self.take(earlier, reused=True)
            else:
                yield submission

    def read(self, one: Found) -> Submission | None:
        """The submission; None, and a fault of ours on record, if the machine could not read it."""
        try:
            submission = read(one, self.context.assignment, notebooks=lambda: self.handed_out)
        except AssignmentError:  # nobody's answers can be read
            raise
        except GraderError as error:
            blank = blank_result(Submission(one.id, one.source, {}), self.context, 0.0)
            self.keep(replace(blank, status=GRADER_ERROR, reason=error.reason or as_written(str(error))))
            return None
        self.render(submission)
        return submission

    def keep(self, result: Result) -> None:
        """Store a fresh result. The mark that there was stays where the grader failed."""
        began = time.perf_counter()
        if result.status == GRADER_ERROR:
            self.faults.append(f"{result.id}: {said(result.reason)}")
        store(self.out, result)
        self.counts["graded"] += 1
        self.take((stored(self.out, result.id) or result) if result.status == GRADER_ERROR else result, reused=False)
        for name, seconds in {**result.spent_s, "reports": time.perf_counter() - began}.items():
            self.spent_s[name] = self.spent_s.get(name, 0.0) + seconds

    def take(self, result: Result, *, reused: bool) -> None:
        self.write_pages(result)
        self.show(self.enter(result), reused)

    def write_pages(self, result: Result) -> None:
        marks, grade = self.marking.of(result.id), self.grades.get(result.id)
        self.faults += write_pages(self.out, self.marking.completed(result), marks, grade)

    def enter(self, result: Result) -> Result:
        self.marking.add(result)
        self.hand_ins.add(result)
        row = self.rows[result.id] = self.roster.add(result)
        return row


def has_failed(result: Result) -> bool:
    """Whether something in it may be the machine's doing: not graded, or a check with no verdict on its values."""
    return result.status != GRADED or any(check.status in (ERROR, TIMEOUT, CRASHED) for check in result.checks)


def decided(grade: Grade | None) -> Grade | None:
    """The grade, if people had a part in it: only then has a page more to show than the result."""
    return replace(grade, opened=()) if grade and grade.is_decided else None


def opened(grade: Grade | None) -> tuple[str, ...]:
    """The visibilities of checks that have become visible by now."""
    return grade.opened if grade else ()


def write_pages(out: Path, result: Result, marks: Marks, grade: Grade | None = None) -> list[str]:
    """Write a stored result's two pages, unless they are there and would be the same.

    A page that cannot be made is a fault of ours: returned, and the rest goes on. The staff page comes last, since its
    stamp stands for both.
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
        return [f"{result.id}: its page could not be made ({type(error).__name__}: {error})"]
    for path, page in zip((feedback, staff), pages, strict=True):
        write_text(path, page, durable=False)
    return []
