"""What isolation costs: one ordinary submission graded, against the same checks on the same functions in this process.

Both sides run every check of the assignment on the same submission, interleaved, in one run of this script. In process
there is no sandbox, no second interpreter, no protocol, no comparison and no verdict: it is the least that calling the
functions can cost.
"""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.row import Options, Part, Row, run_alone
from grader.authoring.tolerance_spread import loaded
from grader.calls import local_call
from grader.grading.context import Context, Settings, prepare
from grader.grading.submission import grade_submission
from grader.judging.perform import perform
from grader.judging.student import Student
from grader.records import Submission

ROOT = Path(__file__).resolve().parents[1]
SUBMISSION = ROOT / "submissions/complete/cs231n"
ROUNDS = 15
BAR_MS = 11.4  # a check: 0.4 s for the 35 that there were when it was set


def in_process(context: Context) -> float:
    started = time.perf_counter()
    assignment = context.assignment
    with loaded(assignment, SUBMISSION) as functions:
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
    context = prepare(Settings(str(ROOT / "assignment"), sys.executable, "auto"))
    files = {path.relative_to(SUBMISSION).as_posix(): path.read_bytes() for path in SUBMISSION.rglob("*.py")}
    submission = Submission("complete", str(SUBMISSION), files)
    warnings.filterwarnings("ignore", message="fast_layers")  # the sandbox has no compiled kernels either
    pairs = [(isolated(context, submission), in_process(context)) for _ in range(ROUNDS)]
    graded, called = (statistics.median(column) for column in zip(*pairs, strict=True))
    extra = statistics.median(a - b for a, b in pairs)
    count = len(context.assignment.checks)
    yield Row("graded in a sandbox", graded, "s")
    yield Row("called in process", called, "s")
    said = f"{extra:.3f} s over {count} checks"
    yield Row("isolation, a check", 1000 * extra / count, "ms", BAR_MS, at_most=True, of=said)


PART = Part(
    "isolation_cost",
    "Isolation",
    "One right submission: graded in a sandbox, against the same checks called in one process without any; paired "
    f"rounds, medians of {ROUNDS}. What isolation costs is the median of the differences.",
    rows,
)

if __name__ == "__main__":
    sys.exit(run_alone(PART))
