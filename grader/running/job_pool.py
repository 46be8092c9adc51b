"""Executors that grade submissions: in this process, or in several jobs (processes) that end when this process ends.

    parent ──tasks──► job, job, …    each has its own sandboxes and work folders
           ◄─results─                in the order in which they are finished

Any other executor of concurrent.futures works as well (dask_cluster.py). A student's failure is part of the Result; a
fault of ours becomes a Result of status grader_error and does not stop other submissions.

Only the parent reacts to Ctrl-C: it sends SIGTERM to its jobs. In a job, SIGTERM raises an exception, so that the job
kills its sandboxes and removes its work folders. If the parent dies, each job sends SIGTERM to itself.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.util
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from itertools import islice
from multiprocessing import connection
from types import FrameType
from typing import Any, Final

from grader.errors import GraderError
from grader.pausing_gc import importing
from grader.records import GRADER_ERROR, Reason, Result, Submission, as_written
from grader.running.forking import can_fork, ctrl_c_blocked

# A job imports these modules before begin_job. It has nothing to clean up then, and may be killed during the import.
with importing():
    from grader.grading.context import Settings, prepare
    from grader.grading.reference_pool import forget, keeping
    from grader.grading.submission import blank_result, grade_submission
    from grader.running.output_folder import release_inherited_locks

PATIENCE_S: Final = 5.0  # time for a job's cleanup; killing a sandbox and removing its folder takes about 0.1 s
STOPPED: Final = 128 + signal.SIGTERM


def grade_all(
    submissions: Iterable[Submission],
    settings: Settings,
    executor: Executor,
    *,
    window: int | Callable[[], int],
    parts: Mapping[str, Collection[str]] | None = None,
) -> Iterator[Result]:
    """Grade submissions with at most `window` of them in the executor at once. Yield each result when it is finished.

    window: a number, or a function if the number changes because machines join and leave.
    parts: for the id of a submission, the checks on which to grade it. Submissions that it does not list are graded on
    all checks.
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
    """Return the result of a task; an exception in transport becomes a result of status grader_error.

    Raises GraderError and BrokenExecutor, because these affect all other tasks, too.
    """
    try:
        return future.result()
    except (GraderError, BrokenExecutor):
        raise
    except Exception as error:  # pickle, for example, failed on the task or the result
        blank = blank_result(submission, prepare(settings), time.monotonic())
        reason = Reason.of("grading_lost", error=type(error).__name__, text=str(error))
        return replace(blank, status=GRADER_ERROR, reason=reason)


def grade_safely(submission: Submission, settings: Settings, checks: Collection[str] | None = None) -> Result:
    """Like grade_submission, but a fault of ours becomes a Result of status grader_error, so that the run goes on."""
    started = time.monotonic()
    context = prepare(settings)
    if checks is not None:
        context = context.only(checks).with_needed_sets()
    try:
        return grade_submission(submission, context)
    except GraderError as error:
        reason = error.reason or as_written(str(error))
    except Exception:
        reason = Reason.of("grader_failed", text=traceback.format_exc(limit=-3))
    return replace(blank_result(submission, context, started), status=GRADER_ERROR, reason=reason)


@contextmanager
def make_executor(jobs: int) -> Iterator[Executor]:
    """Yield an executor: a pool of processes; for one job, this process. Threads would share one CPU for judging."""
    if jobs > 1:
        with JobPool(jobs) as pool:
            yield pool
    else:
        with keeping():
            yield SerialExecutor()


class SerialExecutor(Executor):
    """Runs each task in this process, as soon as it is submitted."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class JobPool(ProcessPoolExecutor):
    """A pool of jobs. If its `with` block raises an exception, the pool stops all jobs at once."""

    def __init__(self, jobs: int) -> None:
        context = multiprocessing.get_context("fork" if can_fork() else "spawn")
        super().__init__(jobs, mp_context=context, initializer=begin_job)
        if can_fork():
            self.submit(os.getpid)  # a first task forks all jobs: fork before this process starts another thread

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        with ctrl_c_blocked():  # `submit` may start jobs, which inherit the blocked signal
            return super().submit(run_unless_stopped, fn, *args, **kwargs)

    def __exit__(self, kind: type[BaseException] | None, *problem: Any) -> None:
        if kind is None:
            self.shutdown()
        else:
            self.stop()

    def stop(self) -> None:
        """Stop all jobs and the sandboxes that they run, without waiting for results."""
        processes = multiprocessing.active_children()
        self.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
        deadline = time.monotonic() + PATIENCE_S
        for process in processes:
            process.join(max(0.0, deadline - time.monotonic()))
            process.kill()


def begin_job() -> None:
    """Set up a job before its first task: locks, signals, cleanup at the end."""
    release_inherited_locks()
    # Ignore Ctrl-C by a handler, because a student's process would inherit SIG_IGN.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    signal.signal(signal.SIGTERM, stop_job)
    cleanup = ExitStack()
    cleanup.enter_context(keeping())
    multiprocessing.util.Finalize(None, cleanup.close, exitpriority=0)
    threading.Thread(target=end_with_parent, daemon=True).start()


def stop_job(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second SIGTERM must not interrupt the cleanup
    sys.exit(STOPPED)


def run_unless_stopped(fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Run a task, unless the job was stopped while the task was in the queue."""
    if signal.getsignal(signal.SIGTERM) is signal.SIG_IGN:
        sys.exit(STOPPED)
    try:
        return fn(*args, **kwargs)
    except SystemExit:
        parent = multiprocessing.parent_process()
        if parent is None or not parent.is_alive():
            forget()
            os._exit(STOPPED)  # ProcessPoolExecutor would catch SystemExit and wait for a task that no parent sends
        raise


def end_with_parent() -> None:
    """Wait until the parent has ended, then stop this job by SIGTERM, as the parent does."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        with suppress(ProcessLookupError):
            os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(PATIENCE_S)
        os._exit(STOPPED)
