"""Loads and verifies what grading needs, once per process: assignment, fixtures, interpreter, isolation, limits."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from grader.assignment.fixtures import Fixtures, load_fixtures
from grader.assignment.handouts import Handouts, load_handouts
from grader.assignment.load import Assignment, load_assignment
from grader.errors import AssignmentError
from grader.records import OWN_HANDOUT
from grader.sandbox.host.box import Launch
from grader.sandbox.host.interpreter import Interpreter, find_interpreter
from grader.sandbox.host.isolation import Isolation, check_access, isolation_of_process
from grader.sandbox.host.limits import Limits, limits_from
from grader.version import grader_version


@dataclass(frozen=True)
class Settings:
    """The options of a run.

    The options are small and plain, because the grader sends them to its job processes. reference: the folder of the
    reference's files, if not that of assignment.toml. scratch: the folder for work trees, if not the system's /tmp.
    """

    assignment: str
    python: str
    sandbox: str
    handout: str = OWN_HANDOUT
    reference: str | None = None
    scratch: str | None = None


@dataclass(frozen=True)
class Ground:
    """What a sandbox needs to start. handed_out: path below the package → content."""

    assignment: Assignment
    interpreter: Interpreter
    isolation: Isolation
    handed_out: Mapping[str, bytes]


@dataclass(frozen=True)
class Context(Ground):
    """Everything that the grader needs to grade one submission.

    reference_files: path below the package → content; None without a reference, and then there are no stubs.
    """

    fixtures: Fixtures
    limits: Limits
    reference_files: Mapping[str, bytes] | None
    handouts: Handouts
    scratch: str | None = None

    def launch(self, work: Path) -> Launch:
        return self.isolation.launch(self.interpreter, work, self.assignment.package, self.limits.at_start())

    def only(self, checks: Collection[str]) -> Context:
        """Return the same context with only these checks. The caller decides the marks of the other checks."""
        # A copy, because all submissions of a process share the context.
        kept = tuple(check for check in self.assignment.checks if check.id in checks)
        return replace(self, assignment=replace(self.assignment, checks=kept))

    def with_needed_sets(self) -> Context:
        """Return the same context with only the module sets that its checks need, and the sets that those import."""
        sets = self.assignment.sets
        needed = {check.file for check in self.assignment.checks}
        while more := {file for one in sets if needed & set(one.files) for file in one.on} - needed:
            needed |= more
        kept = tuple(one for one in sets if needed & set(one.files))
        return replace(self, assignment=replace(self.assignment, sets=kept))

    @property
    def assignment_sha256(self) -> str:
        """Return a hash of everything that decides marks: the assignment's folder, handed-out files, the reference."""
        digest = hashlib.sha256(self.assignment.sha256.encode())
        for files in (self.handed_out, self.reference_files or {}):
            # A zero byte ends each name, and contents are hashed one by one, so that other files give another hash.
            for name, content in sorted(files.items()):
                digest.update(f"\0{name}\0".encode() + hashlib.sha256(content).digest())
        return digest.hexdigest()

    @property
    def environment(self) -> dict[str, str]:
        where = {"sandbox": self.isolation.kind, "python": self.interpreter.python, "numpy": self.interpreter.numpy}
        return {**where, "grader": grader_version()}


@cache
def prepare(settings: Settings) -> Context:
    """Load and verify everything, and test the sandbox. Raises GraderError before anything is graded."""
    ground = prepare_ground(settings)
    assignment = ground.assignment
    try:
        reference = {name: (assignment.reference / name).read_bytes() for name in assignment.student_files}
    except OSError:  # a student's copy of the assignment has no reference
        # Without stubs, a mistake also costs the functions that call the wrong function.
        reference = None
    return Context(
        **vars(ground),
        fixtures=load_fixtures(assignment),
        limits=limits_from(assignment.limits, f"{assignment.folder / 'assignment.toml'}"),
        reference_files=reference,
        handouts=load_handouts(assignment, settings.handout),
        scratch=settings.scratch,
    )


@cache
def prepare_ground(settings: Settings) -> Ground:
    """Do the first, faster half of `prepare`. Raises GraderError."""
    assignment = load_assignment(Path(settings.assignment))
    if settings.reference is not None:
        assignment = replace(assignment, reference=Path(settings.reference))
    # Students have no reference, but their own folder contains the handed-out files.
    listed = assignment.handed_out if assignment.reference.is_dir() else ()
    handed_out = {}
    for name in listed:
        try:
            handed_out[name] = (assignment.reference / name).read_bytes()
        except OSError as error:
            raise AssignmentError(f"assignment.toml: handed-out file {name} cannot be read ({error}).") from error
    # The zygote compiles these files once, because they are the same in every work tree (zygote.py).
    given = tuple((f"{assignment.package}/{name}", str(assignment.reference.resolve() / name)) for name in handed_out)
    interpreter = find_interpreter(settings.python)
    # If the sandbox does not work, this raises before any submission is graded.
    isolation = replace(isolation_of_process(settings.sandbox), given=given)
    check_access(isolation, interpreter)  # so that a bad --python stops the run before it begins
    return Ground(assignment, interpreter, isolation, handed_out)
