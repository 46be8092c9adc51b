"""The watchdog: ends the wait for the judge's thread when its time is over, whatever the thread does.

    caller ──work──► judge thread         the caller sleeps until the work is done or its time is over
       │                  ▲
       └── time is over ──┘               `stop` ends the sandboxes, the thread gets an exception, and the caller
                                          continues without it

The watchdog needs no signal and no main thread, so it works in a job's process, in a thread of a Dask worker and in
the command itself. The exception ends a thread that loops in Python. A thread that waits in a read ends because its
sandboxes end. A thread that never returns from C code continues as a daemon, and its result is ignored. Only C code
that never releases Python's lock could stop the caller, too.

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

LOOK_S: Final = 0.5  # on Windows, Ctrl-C does not wake a waiting thread, so the wait ends this often
TRIES: Final = 2  # code that catches everything may swallow the first exception
ENDING_S: Final = 0.5  # wait after each exception; killing the sandboxes takes about 0.1 s
CLEARING_S: Final = 2.0  # wait after Ctrl-C, so that no sandbox is left

T = TypeVar("T")


class Overdue(Exception):
    """The caller left the work because its time was over. where: the function that was running, with file and line."""

    def __init__(self, where: str) -> None:
        super().__init__(f"left in {where}")
        self.where = where


class Left(BaseException):
    """Raised inside work that the caller left. A BaseException, so that no code mistakes it for a check's failure."""


class JudgeThread:
    """A thread that runs one work after another, until the caller ends the thread or leaves the work."""

    def __init__(self) -> None:
        self.is_left = False
        self.tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self.serve, name="judge", daemon=True)
        self.thread.start()

    def serve(self) -> None:
        with suppress(Left):  # the exception Left may arrive after the work's end
            # One thread for all submissions, because a sandbox ends with the thread that started it (see above).
            while (task := self.tasks.get()) is not None:
                task()

    def run(self, work: Callable[[], T], until: float, stop: Callable[[], None]) -> T:
        """Run `work` in the thread, and return its result or raise its exception.

        Raises Overdue at `until` (time.monotonic). stop: ends the work's sandboxes; called by the caller's thread in
        case of Overdue or Ctrl-C. Then `is_left` is true, and the thread runs no further work.
        """
        future: Future[T] = Future()

        def fulfil() -> None:
            try:
                future.set_result(work())
            # Also SystemExit and Left: without a result the caller would wait for ever.
            except BaseException as error:
                future.set_exception(error)

        self.tasks.put(fulfil)
        try:
            while not wait([future], timeout=min(LOOK_S, max(0.0, until - time.monotonic()))).done:
                # The wait ends every LOOK_S, so that Windows can handle Ctrl-C.
                if time.monotonic() >= until:
                    raise Overdue(self.where())
        except BaseException as error:
            # End the sandboxes first, so that a thread that waits for one returns.
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
        """End the work by an exception, and wait up to `ending_s` for its end."""
        self.is_left = True
        # CPython raises Left at the thread's next bytecode (C API, PyThreadState_SetAsyncExc).
        for _ in range(TRIES):
            thread = ctypes.c_ulong(self.thread.ident or 0)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(Left))
            if wait([future], timeout=ending_s).done:
                break
        self.end()  # if the work ever returns, the thread ends

    def end(self) -> None:
        self.tasks.put(None)
