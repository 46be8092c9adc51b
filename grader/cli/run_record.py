"""Reads people's decisions from the gradebook before a grading run, and enters the run there when it ends.

Another process does both (running/early_process.py): importing SQLAlchemy takes a sixth of a second, and that process
does it while the run grades. If the gradebook cannot be written, the results of the run are still stored; running the
same command again enters the run.
"""

from __future__ import annotations

import getpass
import hashlib
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from grader.decisions import Grade
from grader.errors import GraderError, UsageError
from grader.gradebook.place import beside
from grader.gradebook.run_entry import enter_run, make_gradebook, read_grades
from grader.graded_runs import GradedAssignment
from grader.grading.context import Context
from grader.running.class_run import Batch
from grader.running.early_process import EarlyProcess

INSTALL = "Run pip install 'layergrader[gradebook]'"


class RunRecord:
    """Enters one run in the gradebook.

    place: the gradebook's address without a password; "" if the run was not entered. warnings: for standard error.
    faults: why the run could not be entered in a gradebook that existed before.
    """

    def __init__(self, url: str | None, out: Path, context: Context, bookkeeper: EarlyProcess) -> None:
        """url: the value of --gradebook; None means the file beside the output folder."""
        self.url = url or str(beside(out))
        self.place = url.rpartition("@")[2] if url else self.url  # people see this, so remove the password
        self.known = 0  # number of submissions whose ids were first graded into another output folder
        self.warnings: list[str] = []
        self.faults: list[str] = []
        self._named = url is not None
        self._existed = True
        self._made: Callable[[], None] = lambda: None  # waits until it is made
        self._out, self._context, self._bookkeeper = out, context, bookkeeper
        self._began = datetime.now(UTC)
        self._before: Mapping[str, Grade] = {}

    def decisions(self) -> Mapping[str, Grade]:
        """Return the grade of each submission with people's decisions so far; empty if there is no gradebook.

        If there is none, this begins to make it, in parallel to grading. Raises GraderError if the gradebook cannot be
        read.
        """
        if not self._named and not Path(self.url).exists():
            self._existed = False
            self._made = self._bookkeeper.begin(make_gradebook, self.url)
            return {}
        try:
            place, self._before = self._bookkeeper.call(read_grades, self.url, self._context.assignment.title)
        except ModuleNotFoundError as error:
            raise UsageError(f"{self.place}: {error.name} is not installed, so it cannot be read. {INSTALL}.") from None
        self.place = place if self._named else self.place
        return self._before

    def enter(self, batch: Batch) -> Mapping[str, Grade]:
        """Enter the run in the gradebook, and return the grade of each submission after that."""
        try:
            self._made()
            assignment = self._context.assignment
            graded = GradedAssignment(
                assignment.title, assignment.rules, {**assignment.functions}, {**assignment.questions}
            )
            self.known, grades = self._bookkeeper.call(
                enter_run,
                self.url,
                graded,
                batch.hand_ins.all(batch.marking.by_question()),
                output=os.path.abspath(self._out),
                who=user(),
                began=self._began,
                hashes=hashes_of(self._context),
                counts=dict(batch.counts),
            )
            return grades
        except ModuleNotFoundError as error:
            self.warnings.append(f"{error.name} is not installed, so this run is in no gradebook. {INSTALL}.")
            self.place = ""
        except GraderError as error:
            said = f"This run is not in the gradebook, its results are whole: {error}"
            (self.faults if self._existed else self.warnings).append(said)
            self.place = ""
        return self._before


def hashes_of(context: Context) -> dict[str, str]:
    """Return the hashes and versions of everything that determines the marks of a run, by name.

    The hashes are one of the whole assignment and one of each of its files. The versions are those of Python, NumPy,
    sandbox and grader.
    """
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
    """Return the name that the gradebook's history stores for the person who runs the command."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # the system has no name for this user id
        return f"user {os.getuid()}"
