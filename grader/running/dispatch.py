"""Submissions handed to an executor, and results taken from it in the order in which they are done.

The executor is any of concurrent.futures: serial, processes, a cluster. At most a window of submissions is handed out
at once. A submission's failure is in its Result; a fault of ours becomes status grader_error and ends no other.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import replace
from itertools import islice

from grader.errors import GraderError
from grader.grading.context import Settings, prepare
from grader.grading.submission import blank_result, grade_submission
from grader.records import GRADER_ERROR, Reason, Result, Submission, as_written


def grade_all(
    submissions: Iterable[Submission],
    settings: Settings,
    executor: Executor,
    *,
    window: int | Callable[[], int],
    parts: Mapping[str, Collection[str]] | None = None,
) -> Iterator[Result]:
    """Grade with at most `window` submissions handed out at once; results come in the order in which they are done.

    window: a function where it changes as machines come and go.
    parts: by submission's id the checks that it is graded on, where that is not all.
    """
    running: dict[Future[Result], Submission] = {}
    waiting = iter(submissions)
    while True:
        free = (window() if callable(window) else window) - len(running)
        for submission in islice(waiting, max(0, free)):
            checks = parts.get(submission.id) if parts else None
            running[executor.submit(grade_safely, submission, settings, checks)] = submission
        if not running:
            return
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            yield result_of(future, running.pop(future), settings)


def result_of(future: Future[Result], submission: Submission, settings: Settings) -> Result:
    """What came of a task. Raises GraderError and BrokenExecutor, which concern all others, too."""
    try:
        return future.result()
    except (GraderError, BrokenExecutor):
        raise
    except Exception as error:  # of the machinery between here and there
        blank = blank_result(submission, prepare(settings), time.monotonic())
        reason = Reason.of("grading_lost", error=type(error).__name__, text=str(error))
        return replace(blank, status=GRADER_ERROR, reason=reason)


def grade_safely(submission: Submission, settings: Settings, checks: Collection[str] | None = None) -> Result:
    """grade_submission, with a fault of ours as a Result of status grader_error: the rest of the class is graded."""
    started = time.monotonic()
    context = prepare(settings)
    if checks is not None:
        context = context.only(checks)
    try:
        return grade_submission(submission, context)
    except GraderError as error:
        reason = error.reason or as_written(str(error))
    except Exception:
        reason = Reason.of("grader_failed", text=traceback.format_exc(limit=-3))
    return replace(blank_result(submission, context, started), status=GRADER_ERROR, reason=reason)
