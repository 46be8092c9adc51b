"""The watchdog: work of the judge that its caller can leave when its time is over, whatever it does.

    caller ──work──► judge thread         the caller sleeps until the work is done, or its time is over
       │                  ▲
       └── time is over ──┘               `stop` ends the sandboxes, an exception goes into the thread, and the caller
                                          goes on without it

Nothing of this needs a signal or the main thread. It is the same in a job's process, in a thread of a Dask worker and
in the command itself. A thread that spins in Python ends by the exception. One that waits in a read ends because the
sandboxes that it reads from are gone. One that never comes back from a call into C is left behind: it is a daemon, and
what it makes reaches nobody. Only C code that never releases Python's lock would stop the caller, too.

Linux kills a sandbox when the *thread* that started it ends (bwrap --die-with-parent). So inside
reference_pool.keeping(), where a sandbox outlives its submission, one thread serves all submissions of the process.
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

LOOK_S: Final = 0.5  # between looks at Ctrl-C, which Windows does not let wake a thread that waits
TRIES: Final = 2  # an exception may be swallowed by whatever catches all
ENDING_S: Final = 0.5  # for the thread to end at each try; killing its sandboxes takes some 0.1 s
CLEARING_S: Final = 2.0  # the same where the command was stopped, and nothing should be left behind

T = TypeVar("T")


class Overdue(Exception):
    """The work was left, since its time was over. where: the function that it was in, with file and line."""

    def __init__(self, where: str) -> None:
        super().__init__(f"left in {where}")
        self.where = where


class Left(BaseException):
    """Raised inside the work that was left. No Exception, so that nothing takes it for a failure of a check."""


class JudgeThread:
    """Does one piece of work after the other, until it is told to end or is left."""

    def __init__(self) -> None:
        self.is_left = False
        self.tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self.serve, name="judge", daemon=True)
        self.thread.start()

    def serve(self) -> None:
        with suppress(Left):  # it may come when the work is done already
            while (task := self.tasks.get()) is not None:
                task()

    def run(self, work: Callable[[], T], until: float, stop: Callable[[], None]) -> T:
        """What `work` returns or raises. Raises Overdue if it has not ended by then (time.monotonic).

        stop: called from this side, so that the work comes to no more. After an exception of this side (Overdue, or
        Ctrl-C) the thread `is_left`, and does no other work.
        """
        future: Future[T] = Future()

        def fulfil() -> None:
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)

        self.tasks.put(fulfil)
        try:
            while not wait([future], timeout=min(LOOK_S, max(0.0, until - time.monotonic()))).done:
                if time.monotonic() >= until:
                    raise Overdue(self.where())
        except BaseException as error:
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
        """Have the work end by an exception, and wait a moment for that."""
        self.is_left = True
        for _ in range(TRIES):
            thread = ctypes.c_ulong(self.thread.ident or 0)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(Left))
            if wait([future], timeout=ending_s).done:
                break
        self.end()

    def end(self) -> None:
        self.tasks.put(None)
