"""collect → stage → run → judge → record, for one submission and for many.

`grade_submission` is the whole of one submission: files in memory to Result. `grade_all` hands submissions to an
executor (serial, processes, a cluster: any of concurrent.futures), never more at once than a window, and yields results
as they come. A submission's failure is in its Result; a fault of ours is a GraderError and becomes status grader_error,
which takes the place of no earlier result.
"""

from __future__ import annotations

import re
import tempfile
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from grader import VERSION
from grader.assignment import Assignment, file_of, load_assignment, module_of
from grader.errors import AssignmentError, GraderError
from grader.fixtures import Fixtures, load_fixtures
from grader.handouts import Handouts, load_handouts
from grader.intake.stage import stage
from grader.judging.adapt import Handout
from grader.judging.student import Failure
from grader.judging.verdict import Trial, settle, sum_up
from grader.records import (
    GRADED,
    GRADER_ERROR,
    MISSING,
    NOT_APPLICABLE,
    OWN_HANDOUT,
    UNREADABLE,
    VISIBLE,
    Check,
    CheckResult,
    Result,
    Submission,
)
from grader.sandbox.box import Launch
from grader.sandbox.interpreter import Interpreter, find_interpreter
from grader.sandbox.isolation import Isolation, choose_isolation
from grader.sandbox.session import Limits, Plan, Session
from grader.trial import run_check


@dataclass(frozen=True)
class Settings:
    """What a run was asked for; small and plain, so that it travels to other processes."""

    assignment: str
    python: str
    sandbox: str
    handout: str = OWN_HANDOUT


@dataclass(frozen=True)
class Context:
    """All that grading one submission needs, loaded and verified once a process."""

    assignment: Assignment
    fixtures: Fixtures
    interpreter: Interpreter
    isolation: Isolation
    limits: Limits
    handed_out: Mapping[str, bytes]
    handouts: Handouts

    @property
    def environment(self) -> dict[str, str]:
        return {
            "sandbox": self.isolation.kind,
            "python": self.interpreter.python,
            "numpy": self.interpreter.numpy,
            "grader": VERSION,
        }


@cache
def prepare(settings: Settings) -> Context:
    """Load everything, verify it, and see that the sandbox works. Raises GraderError before anything is graded."""
    assignment = load_assignment(Path(settings.assignment))
    handed_out = {}
    for name in assignment.handed_out:
        try:
            handed_out[name] = (assignment.reference / name).read_bytes()
        except OSError as error:
            raise AssignmentError(f"assignment.toml: handed-out file {name} cannot be read ({error}).") from error
    return Context(
        assignment=assignment,
        fixtures=load_fixtures(assignment),
        interpreter=find_interpreter(settings.python),
        isolation=choose_isolation(settings.sandbox),
        limits=limits_from(assignment),
        handed_out=handed_out,
        handouts=load_handouts(assignment, settings.handout),
    )


def limits_from(assignment: Assignment) -> Limits:
    try:
        given: dict[str, Any] = {
            name: value if name.endswith("wall_s") else int(value) for name, value in assignment.limits.items()
        }
        return Limits(**given)
    except TypeError as error:
        names = ", ".join(Limits.__dataclass_fields__)
        raise AssignmentError(f"assignment.toml: [limits] must hold exactly {names} ({error}).") from None


def grade_all(
    submissions: Iterable[Submission], settings: Settings, executor: Executor, *, window: int
) -> Iterator[Result]:
    """Grade with at most `window` submissions handed out at once; results come in the order in which they are done."""
    running: dict[Future[Result], Submission] = {}
    waiting = iter(submissions)
    exhausted = False
    while running or not exhausted:
        while not exhausted and len(running) < window:
            submission = next(waiting, None)
            if submission is None:
                exhausted = True
            else:
                running[executor.submit(grade_safely, submission, settings)] = submission
        if running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                del running[future]
                yield future.result()


def grade_safely(submission: Submission, settings: Settings) -> Result:
    """grade_submission, with a fault of ours as a Result of status grader_error: the rest of the class is graded."""
    started = time.monotonic()
    context = prepare(settings)
    try:
        return grade_submission(submission, context)
    except GraderError as error:
        message = str(error)
    except Exception:
        message = f"the grader failed: {traceback.format_exc(limit=-3)}"
    return replace(blank_result(submission, context, started), status=GRADER_ERROR, message=message)


def grade_submission(submission: Submission, context: Context) -> Result:
    """Stage, run and judge one submission. Raises GraderError for a fault of ours only."""
    started = time.monotonic()
    blank = blank_result(submission, context, started)
    if submission.problem is not None:
        return replace(blank, status=UNREADABLE, message=submission.problem)
    handout, grounds = context.handouts.of(submission)
    notes = [*submission.notes, *filter(None, [grounds])]
    trials: list[Trial] = []
    until = started + context.limits.submission_wall_s
    with tempfile.TemporaryDirectory(prefix="grader-") as folder:
        work = Path(folder) / "work"
        work.mkdir(mode=0o755)
        package = context.assignment.package
        notes += stage(submission.files, context.handed_out, work, package=package, only=None)
        for file in context.assignment.student_files:
            checks = [check for check in context.assignment.checks if check.file == file and handout.has(check)]
            if not checks:
                continue
            if file not in submission.files:
                trials += [Trial(check, Failure(MISSING, "", f"{file} was not handed in.")) for check in checks]
            else:
                found, said = run_module(submission, context, work, file, checks, until, handout)
                trials += found
                notes += said
    results = in_order(context.assignment, settle(trials) + settle(left_out(context.assignment, handout)))
    functions = sum_up(results, needs_of(context.assignment), lines_of(context.assignment, submission))
    return replace(
        blank,
        score=round(sum(result.points for result in results), 2),
        checks=tuple(results),
        functions=tuple(functions),
        notes=tuple(notes),
        duration_s=round(time.monotonic() - started, 4),
    )


def run_module(
    submission: Submission,
    context: Context,
    work: Path,
    file: str,
    checks: list[Check],
    until: float,
    handout: Handout,
) -> tuple[list[Trial], list[str]]:
    """All checks of one student file, and what is to be said about its import.

    Visible checks first, in a sandbox that no hidden input has ever entered: what they print and raise is shown to the
    student. Then the others, in another one. Trials come in the order of the checks.
    """
    plan = Plan((module_of(file),), frozenset(context.assignment.functions), submission.files)
    launch = context.isolation.launch
    trials: dict[str, Trial] = {}

    def start() -> Launch:
        return launch(context.interpreter, work, context.assignment.package, context.limits.at_start())

    shown = [check for check in checks if check.visibility == VISIBLE]
    rest = [check for check in checks if check.visibility != VISIBLE]
    with (
        Session(start, plan, context.limits, until=until) as first,
        Session(start, plan, context.limits, until=until) as second,
    ):
        if shown and rest:
            second.warm()  # its Python starts while the first is at work
        for session, chosen in ((first, shown), (second, rest)):
            for check in chosen:
                trials[check.id] = run_check(session, check, context.assignment, context.fixtures, handout)
        notes = import_notes(first if shown else second, file)
    return [trials[check.id] for check in checks], notes


def left_out(assignment: Assignment, handout: Handout) -> list[Trial]:
    """What the handout did not ask for: worth nothing, whatever was handed in."""
    failure = Failure(NOT_APPLICABLE, "", f"Handout {handout.name} ({handout.years}) does not ask for this.")
    checks = (check for check in assignment.checks if not handout.has(check))
    return [Trial(replace(check, max_points=0.0), failure) for check in checks]


def in_order(assignment: Assignment, results: list[CheckResult]) -> list[CheckResult]:
    """By student file, then as the assignment has them."""
    order = {check.id: index for index, check in enumerate(assignment.checks)}
    files = assignment.student_files
    return sorted(results, key=lambda result: (files.index(result.file), order[result.id]))


def import_notes(session: Session, file: str) -> list[str]:
    notes = []
    if session.absent:
        names = ", ".join(session.absent)
        notes.append(f"{file} imports what is not in the sandbox: {names}. Only its use raises.")
    if session.import_prints:
        first, *more = session.import_prints.strip().splitlines() or [""]
        notes.append(f"{file} prints while it is imported: {first[:100]}{' …' if more else ''}")
    return notes


def lines_of(assignment: Assignment, submission: Submission) -> dict[str, int]:
    """The line at which a student's file defines each function; the last one counts, as in Python."""
    lines = {}
    for function in assignment.functions:
        source = submission.files.get(file_of(function), b"")
        name = re.escape(function.rpartition(".")[2].encode())
        matches = list(re.finditer(rb"^(?:def|class)[ \t]+" + name + rb"\b", source, re.MULTILINE))
        if matches:
            lines[function] = source.count(b"\n", 0, matches[-1].start()) + 1
    return lines


def needs_of(assignment: Assignment) -> dict[str, list[str]]:
    needs: dict[str, list[str]] = {}
    for check in assignment.checks:
        if check.needs and check.needs not in needs.setdefault(check.function, []):
            needs[check.function].append(check.needs)
    return needs


def blank_result(submission: Submission, context: Context, started: float) -> Result:
    assignment = context.assignment
    handout, grounds = context.handouts.of(submission)
    graded_for = {"handout": handout.name, **({"grounds": grounds} if grounds else {})}
    lost = sum(check.max_points for check in assignment.checks if not handout.has(check))
    return Result(
        submission={
            "id": submission.id,
            "source": submission.source,
            "sha256": submission.sha256,
            "files": submission.file_hashes,
        },
        assignment={"title": assignment.title, "sha256": assignment.sha256, **graded_for},
        environment=context.environment,
        status=GRADED,
        score=0.0,
        max_score=round(float(sum(assignment.functions.values())) - lost, 4),
        duration_s=round(time.monotonic() - started, 4),
        notes=submission.notes,
    )
