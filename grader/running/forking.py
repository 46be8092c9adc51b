"""How to start a process of ours: fork if that is safe, because the child then need not import anything; else spawn."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any


def can_fork() -> bool:
    """Return whether this process may fork: only on Linux, and only while it has a single Python thread.

    Another thread (such as that of a progress bar) may hold a lock, which would stay locked in the child forever.
    Threads of BLAS do not count: Python does not know them, and BLAS has fork handlers of its own.
    """
    return sys.platform == "linux" and threading.active_count() == 1


@contextmanager
def ctrl_c_blocked() -> Iterator[None]:
    """Block SIGINT within the `with` block. A process that starts there blocks SIGINT, too, until it unblocks it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def start_with_pipe(main: Callable[[Connection], None]) -> tuple[BaseProcess, Connection]:
    """Start a process that runs main on one end of a pipe. Returns the process and the other end.

    Raises OSError if the machine cannot start one.
    """
    ours, theirs = multiprocessing.Pipe()
    # Fork if possible: before large imports it is fast, and Python need not start again.
    start, inherited = ("fork", (ours,)) if can_fork() else ("spawn", ())
    context: Any = multiprocessing.get_context(start)
    process = context.Process(target=begin, args=(main, theirs, *inherited), daemon=True)
    with ctrl_c_blocked():
        process.start()
    theirs.close()
    return process, ours


def begin(main: Callable[[Connection], None], pipe: Connection, inherited: Connection | None = None) -> None:
    """Run main in the started process.

    inherited: the parent's end of the pipe, which a forked process also holds. The process must close that end, or it
    never sees the end of the pipe.
    """
    if inherited is not None:
        inherited.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and callable(signal.getsignal(number)):  # a forked process inherits the parent's handler
            signal.signal(number, signal.SIG_DFL)
    main(pipe)
