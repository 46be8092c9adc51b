"""The data of the server: a gradebook, one assignment in it, and the output folder with the assignment's results.

Threads share the Site. The Site caches grades together with the gradebook's state, so that cached grades are never out
of date.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final

from grader.decisions import Grade
from grader.errors import UsageError
from grader.gradebook.book import Gradebook, NotInGradebook
from grader.gradebook.changes import changes
from grader.gradebook.grades import attempts_to_count, grade_of, grades_again, grades_of, state_of
from grader.gradebook.naming import assignment_named
from grader.gradebook.runs import runs_of
from grader.graded_runs import GradedAssignment
from grader.records import Mark, Result
from grader.report.notebooks.marked_answers import Marks
from grader.running.answers_csv import NAME, Marking
from grader.running.output_folder import stored
from grader.web.class_view import Snapshot
from grader.web.lost_points import LostPoints

FEW_CHANGES: Final = 50
# Kinds of changes that change the grades of one submission only, and kinds that change no grade. "time" is neither:
# it may make another attempt the latest, whose lost points are not read yet.
OF_SUBMISSION: Final = ("adjustment", "comment", "request", "late days", "extension")
OF_NO_GRADE: Final = ("saved comment", "publishing")


class Site:
    """title: the assignment's title. out: its output folder."""

    def __init__(self, book: Gradebook, title: str, out: Path) -> None:
        self.book, self.title, self.out = book, title, out
        self._lock = Lock()
        self._kept: tuple[tuple[int, int], Snapshot] | None = None
        self.checks: Mapping[str, Sequence[str]] = {}  # by function; from the last reading of lost points
        self._marks: tuple[object, Mapping[str, Marks]] = (None, {})

    def assignment(self) -> GradedAssignment:
        return assignment_named(self.book, self.title)

    def snapshot(self) -> Snapshot:
        """Return all current grades."""
        with self._lock:  # other threads wait for the computation
            state = state_of(self.book)
            if self._kept is None or self._kept[0] != state:
                fresh = self._renew(state)
                self._kept = state, fresh or Snapshot(grades_of(self.book, self.title), self._read_lost_points)
            return self._kept[1]

    def warm(self) -> None:
        """Compute what the class page shows, so that requests do not wait for it."""
        self.snapshot().prepare()

    def _renew(self, state: tuple[int, int]) -> Snapshot | None:
        """Return the updated snapshot if the changes are only a few decisions about submissions; otherwise None."""
        if self._kept is None or self._kept[0][1] != state[1] or state[0] - self._kept[0][0] > FEW_CHANGES:
            return None
        known, before = self._kept
        lines = [one for one in changes(self.book, last=state[0] - known[0]) if one.number > known[0]]
        own = [one for one in lines if one.assignment in (self.title, "") and one.what not in OF_NO_GRADE]
        if any(not one.submission or one.what not in OF_SUBMISSION for one in own):
            return None
        about = dict.fromkeys(one.submission for one in own)
        return before.renewed([grade for name in about for grade in grades_again(self.book, self.title, name)])

    def grade(self, submission: str) -> Grade:
        """Return the grade that a submission's pages show. Raises NotInGradebook."""
        return grade_of(self.book, self.title, submission)

    def student_grade(self, key: str) -> Grade:
        """Return the grade of a student without a submission. Raises NotInGradebook."""
        for grade in self.snapshot().grades:
            if grade.student and grade.student.key == key and not grade.submission:
                return grade
        raise NotInGradebook(f"{self.book.place}: there is no student {key!r} without a submission.")

    def result(self, submission: str) -> Result | None:
        """Return the result of a submission in the gradebook, or None if the output folder lacks it."""
        if Path(submission).name != submission:  # grader makes no such id, but somebody may have edited the gradebook
            return None
        return stored(self.out, submission)

    def marks(self, grade: Grade, result: Result) -> Marks:
        """Return the current points for answers, and the comments of answers.csv."""
        given = self._answers_csv().get(grade.submission, {})
        marks: dict[tuple[str, str], Mark] = {}
        for notebook in result.notebooks:
            for answer in notebook.answers:
                key = notebook.handed_out, answer.question
                points, _ = grade.questions.get(answer.question, (None, 0.0))
                marks[key] = Mark(points, given.get(key, Mark()).comment)
        return marks

    def _answers_csv(self) -> Mapping[str, Marks]:
        with self._lock, suppress(OSError):
            there = (self.out / NAME).stat()
            state = there.st_mtime_ns, there.st_size
            if self._marks[0] != state:
                found: Mapping[str, Marks] = {}
                with suppress(UsageError):  # somebody may be editing the file; grader grade reports errors
                    found = Marking(self.out, (), self.assignment().questions).marks
                self._marks = state, found
            return self._marks[1]
        return {}

    def _read_lost_points(self) -> LostPoints:
        read = LostPoints(attempts_to_count(self.book, self.title, checks=True))
        self.checks = read.checks
        return read


def find_title(book: Gradebook, title: str, out: Path) -> str:
    """Return the title of the named assignment, or of the one that was last graded into the output folder.

    Raises NotInGradebook.
    """
    if title:
        return assignment_named(book, title).title
    here = [run for run in runs_of(book) if Path(run.output) == out.absolute()]
    return here[-1].assignment if here else assignment_named(book).title
