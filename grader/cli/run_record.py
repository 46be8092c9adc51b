"""A grading run and its gradebook: what people decided is read before the run, and the run is entered when it ends.

SQLAlchemy takes a sixth of a second to import, so a run imports it when there is a gradebook to read, or else at its
end. A run whose gradebook cannot be written keeps its results; only the entry is missing, and the same command makes up
for it.
"""

from __future__ import annotations

import getpass
import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from grader.decisions import Grade, GradedAssignment
from grader.errors import GraderError, UsageError
from grader.gradebook.place import beside
from grader.grading.context import Context
from grader.pausing_gc import importing
from grader.running.class_run import Batch

INSTALL = "Run pip install 'layergrader[gradebook]'"


class RunRecord:
    """One run's way to the gradebook.

    place: for people; "" where the run was not entered. said: lines for standard error. faults: why a gradebook that
    was there has no entry of it.
    """

    def __init__(self, url: str | None, out: Path, context: Context) -> None:
        """url: as --gradebook has it; the file beside the output folder, if not given."""
        self.url = url or str(beside(out))
        self.place = url.rpartition("@")[2] if url else self.url  # without a password
        self.known = 0  # submissions that another output folder had first
        self.said: list[str] = []
        self.faults: list[str] = []
        self._named = url is not None
        self._out, self._context = out, context
        self._began = datetime.now(UTC)
        self._before: Mapping[str, Grade] = {}

    def decisions(self) -> Mapping[str, Grade]:
        """What people decided so far, by submission. Raises GraderError if there is a gradebook that cannot be read."""
        if not self._named and not Path(self.url).exists():
            return {}
        try:
            with importing():
                from grader.gradebook.book import NotInGradebook, open_gradebook
                from grader.gradebook.grades import pages_of
        except ModuleNotFoundError as error:
            raise UsageError(f"{self.place}: {error.name} is not installed, so it cannot be read. {INSTALL}.") from None
        with open_gradebook(self.url) as book:
            self.place = book.place if self._named else self.place
            with suppress(NotInGradebook):  # the first run of this assignment
                self._before = pages_of(book, self._context.assignment.title)
        return self._before

    def enter(self, batch: Batch) -> Mapping[str, Grade]:
        """Enter the run. Returns the grades as they are then, by submission."""
        existed = self._named or Path(self.url).exists()
        try:
            with importing():
                from grader.gradebook.book import open_gradebook
                from grader.gradebook.grades import pages_of
                from grader.gradebook.runs import record_run

            assignment = self._context.assignment
            graded = GradedAssignment(
                assignment.title, assignment.rules, {**assignment.functions}, {**assignment.questions}
            )
            with open_gradebook(self.url) as book:
                run = record_run(
                    book,
                    graded,
                    batch.hand_ins.all(batch.marking.by_question()),
                    output=os.path.abspath(self._out),
                    who=user(),
                    began=self._began,
                    hashes=hashes_of(self._context),
                    counts=dict(batch.counts),
                )
                self.known = run.counts.get("known", 0)
                return pages_of(book, assignment.title)
        except ModuleNotFoundError as error:
            self.said.append(f"{error.name} is not installed, so this run is in no gradebook. {INSTALL}.")
            self.place = ""
        except GraderError as error:
            said = f"This run is not in the gradebook, its results are whole: {error}"
            (self.faults if existed else self.said).append(said)
            self.place = ""
        return self._before


def hashes_of(context: Context) -> dict[str, str]:
    """What decided over the marks of a run, by name: all of the assignment in one, its files one by one, the tools."""
    folder = context.assignment.folder
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in (".toml", ".py", ".json") and path.is_file()]
    parts = ("checks", "misconceptions", "fixtures", "handouts", "assignment.toml")
    one_by_one = {
        f"file {name}": hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if (name := path.relative_to(folder).as_posix()).partition("/")[0] in parts and "__pycache__" not in name
    }
    return {"assignment": context.assignment_sha256, **context.environment, **one_by_one}


def user() -> str:
    """Who runs the command, as the history has it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name
        return f"user {os.getuid()}"
