"""Where submissions are graded: in this process, or in several that judge at once and end when this one does.

    parent ──tasks──► worker, worker, …    each with sandboxes and work folders of its own
           ◄─results─                      in the order in which they are done

Submissions may as well be handed to any other executor of concurrent.futures (dask_cluster.py). A submission's failure
is in its Result; a fault of ours becomes status grader_error and ends no other.

Ctrl-C is for the parent, which then ends its workers by SIGTERM: as an exception there, so that sandboxes are killed
and work folders removed. A worker whose parent is gone, however that died, does the same by itself.
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
from grader.running.forking import can_fork, ctrl_c_waits

with importing():  # a worker has it before it can be stopped in order: it has nothing to clear up yet
    from grader.grading.context import Settings, prepare
    from grader.grading.reference_pool import forget, keeping
    from grader.grading.submission import blank_result, grade_submission
    from grader.running.output_folder import let_go

PATIENCE_S: Final = 5.0  # for a worker to clear up; killing a sandbox and removing its folder takes some 0.1 s
STOPPED: Final = 128 + signal.SIGTERM


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
    """Processes, since judging takes a core of its own; this process itself where one job is all."""
    if jobs > 1:
        with JobPool(jobs) as pool:
            yield pool
    else:
        with keeping():
            yield SerialExecutor()


class SerialExecutor(Executor):
    """Runs each task when it is submitted."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class JobPool(ProcessPoolExecutor):
    """Worker processes that are ended at once if the block they are used in is left by an exception."""

    def __init__(self, jobs: int) -> None:
        context = multiprocessing.get_context("fork" if can_fork() else "spawn")
        super().__init__(jobs, mp_context=context, initializer=begin_worker)
        if can_fork():
            self.submit(os.getpid)  # all of them now, before this process has a thread

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        with ctrl_c_waits():  # it may start workers
            return super().submit(run_unless_stopped, fn, *args, **kwargs)

    def __exit__(self, kind: type[BaseException] | None, *problem: Any) -> None:
        if kind is None:
            self.shutdown()
        else:
            self.stop()

    def stop(self) -> None:
        """End all workers and what they run, now."""
        workers = multiprocessing.active_children()
        self.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.terminate()
        deadline = time.monotonic() + PATIENCE_S
        for worker in workers:
            worker.join(max(0.0, deadline - time.monotonic()))
            worker.kill()


def begin_worker() -> None:
    """In a worker, before its first task."""
    let_go()
    # A handler and not SIG_IGN, which a student's process would inherit.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    signal.signal(signal.SIGTERM, stop_once)
    kept = ExitStack()
    kept.enter_context(keeping())
    multiprocessing.util.Finalize(None, kept.close, exitpriority=0)
    threading.Thread(target=follow_parent, daemon=True).start()


def stop_once(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # not again: clearing up has begun
    sys.exit(STOPPED)


def run_unless_stopped(fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """A task that was queued already when the worker was stopped does not begin."""
    if signal.getsignal(signal.SIGTERM) is signal.SIG_IGN:
        sys.exit(STOPPED)
    try:
        return fn(*args, **kwargs)
    except SystemExit:
        parent = multiprocessing.parent_process()
        if parent is None or not parent.is_alive():
            forget()
            os._exit(STOPPED)  # all is cleared up, and nobody waits for an answer or sends another task
        raise


def follow_parent() -> None:
    """Wait until the parent is gone, then end this worker as the parent would have."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        with suppress(ProcessLookupError):
            os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(PATIENCE_S)
        os._exit(STOPPED)
