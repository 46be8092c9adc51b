"""What the server works on: a gradebook, one assignment in it, and the output folder with that assignment's results.

Threads share it. Whatever it keeps names the state that it was made from, so it is never older than the last change.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from threading import Lock

from grader.decisions import Grade, GradedAssignment
from grader.errors import UsageError
from grader.gradebook.book import Gradebook, NotInGradebook
from grader.gradebook.grades import grade_of, grades_of, state_of
from grader.gradebook.naming import assignment_named
from grader.gradebook.runs import attempts_of, runs_of
from grader.records import Mark, Result
from grader.report.notebooks.marked_answers import Marks
from grader.running.answers_csv import NAME, Marking
from grader.running.output_folder import stored
from grader.web.class_view import Snapshot


class Site:
    """title: of the assignment. out: its output folder."""

    def __init__(self, book: Gradebook, title: str, out: Path) -> None:
        self.book, self.title, self.out = book, title, out
        self._lock = Lock()
        self._kept: tuple[tuple[int, int], Snapshot] | None = None
        self._losers = lru_cache(8)(self._read_losers)
        self._marks: tuple[object, Mapping[str, Marks]] = (None, {})

    def assignment(self) -> GradedAssignment:
        return assignment_named(self.book, self.title)

    def snapshot(self) -> Snapshot:
        """The class as it is now."""
        with self._lock:  # who comes while it is computed waits for it
            state = state_of(self.book)
            if self._kept is None or self._kept[0] != state:
                grades = grades_of(self.book, self.title)
                self._kept = state, Snapshot(grades, lambda lost: self._losers(lost, state[1]))
            return self._kept[1]

    def grade(self, submission: str) -> Grade:
        """Of one submission, as its pages have it. Raises NotInGradebook."""
        return grade_of(self.book, self.title, submission)

    def student_grade(self, key: str) -> Grade:
        """Of a student without a submission. Raises NotInGradebook."""
        for grade in self.snapshot().grades:
            if grade.student and grade.student.key == key and not grade.submission:
                return grade
        raise NotInGradebook(f"{self.book.place}: there is no student {key!r} without a submission.")

    def result(self, submission: str) -> Result | None:
        """What the last run wrote about a submission that the gradebook has, or None if that is not there."""
        if Path(submission).name != submission:  # no id is, but a gradebook of somebody else could hold one
            return None
        return stored(self.out, submission)

    def marks(self, grade: Grade, result: Result) -> Marks:
        """Points for answers as they count now, and the comments of answers.csv."""
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
                with suppress(UsageError):  # somebody is at work in it; grader grade says what is wrong
                    found = Marking(self.out, (), self.assignment().questions).marks
                self._marks = state, found
            return self._marks[1]
        return {}

    def _read_losers(self, lost: str, run: int) -> frozenset[str]:
        """Submissions whose attempt that counts did not get all points in a function, or in a check; as of a run."""
        counting = {grade.submission: grade.attempt for grade in grades_of(self.book, self.title) if grade.submission}
        found = set()
        for one in attempts_of(self.book, self.title):
            got, most = one.functions.get(lost) or one.checks.get(lost) or (0.0, 0.0)
            if got < most and counting.get(one.submission) == one.number:
                found.add(one.submission)
        return frozenset(found)


def find_title(book: Gradebook, title: str, out: Path) -> str:
    """The assignment that is meant: the one named; else the one that was last graded into the output folder.

    Raises NotInGradebook.
    """
    if title:
        return assignment_named(book, title).title
    here = [run for run in runs_of(book) if Path(run.output) == out.absolute()]
    return here[-1].assignment if here else assignment_named(book).title
