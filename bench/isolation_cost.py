"""The cost of isolation: the complete submission graded in a sandbox, against its checks called in this process.

Both sides run every check of the assignment on the same submission, in paired rounds. The side in this process has no
sandbox, no second interpreter, no messages, no comparisons and no verdicts, so it is the lower limit.
"""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from bench.row import Options, Part, Row, run_alone
from grader.authoring.local_run import imported_solution
from grader.calls import local_call
from grader.grading.context import Context, Settings, prepare
from grader.grading.reference_pool import keeping
from grader.grading.submission import grade_submission
from grader.judging.run_check_function import perform
from grader.judging.student_proxy import Student
from grader.records import Submission
from grader.sandbox.host.box import Box

ROOT = Path(__file__).resolve().parents[1]
SUBMISSION = ROOT / "submissions/complete/cs231n"
ROUNDS = 15
BAR = 1.9  # the largest ratio of time in a sandbox to time in this process
BAR_MESSAGES = 170


def in_process(context: Context) -> float:
    """Return the seconds that the checks of the complete submission take in this process."""
    started = time.perf_counter()
    assignment = context.assignment
    with imported_solution(assignment, SUBMISSION) as functions:
        student = Student(local_call(functions, None, assignment.classes), frozenset(functions), assignment.classes)
        for check in assignment.checks:
            perform(check.run, student, np.random.RandomState(check.seed), student)
    return time.perf_counter() - started


def isolated(context: Context, submission: Submission) -> float:
    started = time.perf_counter()
    result = grade_submission(submission, context)
    elapsed = time.perf_counter() - started
    if result.score != result.max_score:
        sys.exit(f"bench: {SUBMISSION} has {result.score} points, expected all")
    return elapsed


def rows(options: Options) -> Iterator[Row]:
    context = our_context()
    files = {path.relative_to(SUBMISSION).as_posix(): path.read_bytes() for path in SUBMISSION.rglob("*.py")}
    submission = Submission("complete", str(SUBMISSION), files)
    with keeping():  # keep the reference's sandbox, as each job of `grader grade` does
        isolated(context, submission)  # records the programs
        with counting_messages() as sent:
            isolated(context, submission)
        pairs = [(isolated(context, submission), in_process(context)) for _ in range(ROUNDS)]
    graded, called = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    count = len(context.assignment.checks)
    yield Row("complete submission: graded in a sandbox", graded, "s")
    yield Row("complete submission: called in process", called, "s")
    said = f"{graded:.3f} s / {called:.3f} s, {count} checks"
    yield Row("complete submission: graded in a sandbox to called in process", ratio, "x", BAR, at_most=True, of=said)
    yield Row(
        "complete submission: messages from the judge to the worker",
        sum(sent),
        "",
        BAR_MESSAGES,
        at_most=True,
        of=f"{count} checks",
    )


def our_context() -> Context:
    """Return a context for the project's assignment. Limits BLAS to one thread, as in `grader grade` and in the
    sandbox."""
    threadpool_limits(1)
    warnings.filterwarnings("ignore", message="fast_layers")  # without compiled kernels, as in the sandbox
    return prepare(Settings(str(ROOT / "assignment"), sys.executable, "auto"))


@contextmanager
def counting_messages() -> Iterator[list[int]]:
    """Yield a list that gets a 1 for each message that the judge sends to workers within the block."""
    sent: list[int] = []
    send = Box.send

    def counted(box: Box, data: bytes, deadline: float) -> None:
        sent.append(1)
        send(box, data, deadline)

    Box.send = counted  # type: ignore[method-assign]
    try:
        yield sent
    finally:
        Box.send = send  # type: ignore[method-assign]


PART = Part(
    "isolation_cost",
    "Isolation",
    "The complete submission: graded in a sandbox by one job, and the same checks called in one process without a "
    f"sandbox, in {ROUNDS} paired rounds. The ratio is the median of the rounds' ratios.",
    rows,
)

if __name__ == "__main__":
    sys.exit(run_alone(PART))
