"""The watchdog: lets a caller leave the judge's work when its time is over, whatever the judge does.

    caller ──work──► judge thread         the caller sleeps until the work is done or its time is over
       │                  ▲
       └── time is over ──┘               `stop` ends the sandboxes, the thread gets an exception, and the caller
                                          continues without it

This needs neither a signal nor the main thread. It works the same in a job's process, in a thread of a Dask worker and
in the command itself. The exception ends a thread that loops in Python. A thread that waits in a read ends because the
sandboxes from which it reads are gone. A thread that never returns from a call into C stays behind: it is a daemon, and
nobody receives what it makes. Only C code that never releases Python's lock would stop the caller, too.

Linux kills a sandbox when the *thread* that started it ends (bwrap --die-with-parent; prctl(2), PR_SET_PDEATHSIG). So
inside reference_pool.keeping(), where a sandbox outlives its submission, one thread serves a process's submissions.
"""

from __future__ import annotations

import ctypes
import queue
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

LOOK_S: Final = 0.5  # between looks at Ctrl-C, which on Windows does not wake a waiting thread
TRIES: Final = 2  # code that catches everything may swallow the first exception
ENDING_S: Final = 0.5  # for the thread to end after each exception; killing its sandboxes takes about 0.1 s
CLEARING_S: Final = 2.0  # the same after Ctrl-C, when the grader ends and should leave nothing behind

T = TypeVar("T")


class Overdue(Exception):
    """The caller left the work because its time was over. where: the function that ran, with file and line."""

    def __init__(self, where: str) -> None:
        super().__init__(f"left in {where}")
        self.where = where


class Left(BaseException):
    """Raised inside work that was left. A BaseException, so that nothing takes it for the failure of a check."""


class JudgeThread:
    """Does one piece of work after another, until it is ended or left."""

    def __init__(self) -> None:
        self.is_left = False
        self.tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self.serve, name="judge", daemon=True)
        self.thread.start()

    def serve(self) -> None:
        with suppress(Left):  # it may arrive when the work is already done
            # One thread for all submissions of a process: the kernel ties a sandbox's life to the thread (see above).
            while (task := self.tasks.get()) is not None:
                task()

    def run(self, work: Callable[[], T], until: float, stop: Callable[[], None]) -> T:
        """Return or raise what `work` does. Raises Overdue if it has not ended by `until` (time.monotonic).

        stop: called by the caller's thread, so that the work finds its sandboxes gone. After an exception here
        (Overdue, or Ctrl-C) the thread `is_left` and does no other work.
        """
        future: Future[T] = Future()

        def fulfil() -> None:
            try:
                future.set_result(work())
            # BaseException: SystemExit and Left must reach the caller, too, or it would wait for ever.
            except BaseException as error:
                future.set_exception(error)

        self.tasks.put(fulfil)
        try:
            while not wait([future], timeout=min(LOOK_S, max(0.0, until - time.monotonic()))).done:
                # Wakes every LOOK_S, so that Ctrl-C reaches the caller on Windows, too.
                if time.monotonic() >= until:
                    raise Overdue(self.where())
        except BaseException as error:
            # First the sandboxes: a thread that waits for one of them then returns by itself.
            stop()
            self.leave(future, ENDING_S if isinstance(error, Overdue) else CLEARING_S)
            raise
        return future.result()

    def where(self) -> str:
        frame = sys._current_frames().get(self.thread.ident or 0)
        if frame is None:
            return "a thread that is gone"
        return f"{frame.f_code.co_name} ({Path(frame.f_code.co_filename).name}, line {frame.f_lineno})"

    def leave(self, future: Future[Any], ending_s: float) -> None:
        """End the work by an exception, and wait a moment for that."""
        self.is_left = True
        # CPython delivers it at the next bytecode (C API, PyThreadState_SetAsyncExc), so not while the thread is in C.
        for _ in range(TRIES):
            thread = ctypes.c_ulong(self.thread.ident or 0)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(Left))
            if wait([future], timeout=ending_s).done:
                break
        self.end()  # if it ever returns, it finds no other task

    def end(self) -> None:
        self.tasks.put(None)
