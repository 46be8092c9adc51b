"""collect → stage → run → judge → record, for one submission and for many.

`grade_submission` is the whole of one submission: files in memory to Result. `grade_all` hands submissions to an executor
(serial, processes, a cluster: any of concurrent.futures), never more at once than a window, and yields results as they
come. A submission's failure is in its Result; a fault of ours is a GraderError and becomes status grader_error, which
takes the place of no earlier result.
"""

from __future__ import annotations

import tempfile
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from grader import VERSION
from grader.assignment import Assignment, load_assignment, module_of
from grader.errors import AssignmentError, GraderError
from grader.fixtures import Fixture, Fixtures, load_fixtures
from grader.intake.stage import stage
from grader.judging.checks import Answer, answer_from
from grader.judging.judge import Judgement, judge_values, matches
from grader.judging.numgrad import gradient_agrees, reach
from grader.judging.student import Call, CallFailed, Failure, Student
from grader.judging.verdict import Trial, reach_rng, settle, short, sum_up
from grader.records import (
    FAILED,
    GRADED,
    GRADER_ERROR,
    MISSING,
    PASSED,
    UNREADABLE,
    Check,
    Result,
    Submission,
)
from grader.sandbox.box import MAX_OUTPUT
from grader.sandbox.interpreter import Interpreter, find_interpreter
from grader.sandbox.isolation import Isolation, choose_isolation
from grader.sandbox.session import Limits, Plan, Session

GRADIENT_TIMES: Final = 5  # a numerical gradient asks the forward some forty times where a check asks once or twice


@dataclass(frozen=True)
class Settings:
    """What a run was asked for; small and plain, so that it travels to other processes."""

    assignment: str
    python: str
    sandbox: str


@dataclass(frozen=True)
class Context:
    """All that grading one submission needs, loaded and verified once a process."""

    assignment: Assignment
    fixtures: Fixtures
    interpreter: Interpreter
    isolation: Isolation
    limits: Limits
    handed_out: Mapping[str, bytes]

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
    notes = list(submission.notes)
    trials: list[Trial] = []
    with tempfile.TemporaryDirectory(prefix="grader-") as folder:
        work = Path(folder) / "work"
        work.mkdir(mode=0o755)
        package = context.assignment.package
        notes += stage(submission.files, context.handed_out, work, package=package, only=None)
        for file in context.assignment.student_files:
            checks = [check for check in context.assignment.checks if check.file == file]
            if file not in submission.files:
                trials += [Trial(check, Failure(MISSING, "", f"{file} was not handed in.")) for check in checks]
            else:
                run_module(submission, context, work, file, checks, trials, notes)
    results = settle(trials)
    functions = sum_up(results, needs_of(context.assignment))
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
    trials: list[Trial],
    notes: list[str],
) -> None:
    """All checks of one student file, in a sandbox of its own."""
    plan = Plan((module_of(file),), frozenset(context.assignment.functions), submission.files)
    launch = context.isolation.launch

    def start() -> Any:
        return launch(context.interpreter, work, context.assignment.package, context.limits.at_start())

    with Session(start, plan, context.limits) as session:
        trials += [run_check(session, check, context) for check in checks]
        if session.import_prints:
            first, *more = session.import_prints.strip().splitlines() or [""]
            notes.append(f"{file} prints while it is imported: {first[:100]}{' …' if more else ''}")


def run_check(session: Session, check: Check, context: Context) -> Trial:
    """One check on one submission, from inputs to judgements."""
    started = time.monotonic()
    fixture = context.fixtures.checks[check.id]
    fed: Failure | None = None
    answer, failure, output = ask(session, check, fixture, session.call)
    mutations = list(session.mutations)
    documented = context.assignment.definitions[check.id].cache
    if failure is not None and check.needs is not None and failure.function == check.needs and documented is not None:
        fed = failure

        def call(function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            return (
                (None, documented(*args, **kwargs)) if function == check.needs else session.call(function, args, kwargs)
            )

        answer, failure, output = ask(session, check, fixture, call)
        mutations = list(session.mutations)
    trial = Trial(check, failure, fed=fed, output=output, remarks=mutation_remarks(mutations, context.fixtures))
    if answer is not None:
        trial = judge(session, trial, answer, fixture, context)
    return replace(trial, duration_s=round(time.monotonic() - started, 4))


def ask(session: Session, check: Check, fixture: Fixture, call: Call) -> tuple[Answer | None, Failure | None, str]:
    """Run the check's function against the submission: an answer or a failure, and what was printed meanwhile."""
    answer, failure = None, None
    functions = session.plan.functions
    try:
        session.begin(check.seed, fixture.arities)
        answer = answer_from(check.run(Student(call, functions), np.random.RandomState(check.seed)))
    except CallFailed as failed:
        failure = failed.failure
    except GraderError:
        raise
    except Exception as error:  # the reference's values pass, so these are the student's
        text = f"{short(check.function)}: what it returned cannot be used ({type(error).__name__}: {error})."
        failure = Failure(FAILED, check.function, text)
    text, printed = session.end()
    left_out = f"\n[{printed - MAX_OUTPUT} more bytes were printed]" if printed > MAX_OUTPUT else ""
    return answer, failure, text + left_out


def judge(session: Session, trial: Trial, answer: Answer, fixture: Fixture, context: Context) -> Trial:
    """Values first; only where a gradient's value is wrong, the numerical gradient of the student's own forward."""
    check = trial.check
    claims = answer.gradients.claims if answer.gradients else {}
    judgements = judge_values(
        fixture.expected,
        answer.values,
        tolerance=check.tolerance,
        parts=check.parts,
        inputs={name.removeprefix("d"): np.asarray(point) for name, (_, point) in claims.items()},
    )
    failed = [j for j in judgements if j.comparison.status != PASSED]
    agreed: frozenset[str] = frozenset()
    if trial.fed is None and any(j.comparison.name in claims for j in failed):
        agreed = gradients_that_follow(session, check, answer, fixture, failed)
    hints = context.fixtures.hints.get(check.function, {})
    matched = [hints[name] for name, arrays in fixture.variants.items() if matches(arrays, judgements, check.tolerance)]
    return replace(trial, judgements=tuple(judgements), agreed=agreed, matched=tuple(matched) if failed else ())


def gradients_that_follow(
    session: Session, check: Check, answer: Answer, fixture: Fixture, failed: list[Judgement]
) -> frozenset[str]:
    """Names of failed gradients that belong to the student's own forward, whose inputs reach what they should."""
    assert answer.gradients is not None
    forward, claims = answer.gradients.forward, answer.gradients.claims
    points = [np.asarray(point, dtype=np.float64) for _, point in claims.values()]
    arrays = {j.comparison.name: j.actual for j in failed}
    agreed = set()
    try:
        session.begin(check.seed, times=GRADIENT_TIMES)
        for index, name in enumerate(claims):
            array, rng = arrays.get(name), reach_rng(check, index)
            if array is None:
                continue
            pattern = reach(forward, points, index, rng)
            if pattern is None or not np.array_equal(pattern, fixture.reach[name]):
                continue
            if gradient_agrees(forward, points, index, answer.gradients.dout, array, rng):
                agreed.add(name)
    except CallFailed:
        agreed = set()
    except GraderError:
        raise
    except Exception:  # the student's forward returned what the closure cannot use
        agreed = set()
    session.end()
    return frozenset(agreed)


def mutation_remarks(mutations: list[tuple[str, int]], fixtures: Fixtures) -> tuple[str, ...]:
    remarks = []
    for function, position in dict.fromkeys(mutations):
        names = fixtures.arguments.get(function, ())
        name = names[position] if position < len(names) else f"argument {position + 1}"
        remarks.append(f"{short(function)} changes its input {name} in place.")
    return tuple(remarks)


def needs_of(assignment: Assignment) -> dict[str, list[str]]:
    needs: dict[str, list[str]] = {}
    for check in assignment.checks:
        if check.needs and check.needs not in needs.setdefault(check.function, []):
            needs[check.function].append(check.needs)
    return needs


def blank_result(submission: Submission, context: Context, started: float) -> Result:
    assignment = context.assignment
    return Result(
        submission={
            "id": submission.id,
            "source": submission.source,
            "sha256": submission.sha256,
            "files": submission.file_hashes,
        },
        assignment={"title": assignment.title, "sha256": assignment.sha256, "handout": "default"},
        environment=context.environment,
        status=GRADED,
        score=0.0,
        max_score=round(sum(assignment.functions.values()), 4),
        duration_s=round(time.monotonic() - started, 4),
        notes=submission.notes,
    )
