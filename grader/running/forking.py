"""How a process of ours is started: forked where that is safe, which takes no imports, else spawned."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager


def can_fork() -> bool:
    """Whether processes may be forked, with all that was imported and loaded here.

    Not where there is a thread, such as a progress bar's: what it has locked would stay locked in them. Those of BLAS
    are none of Python's, and it sees to them itself.
    """
    return sys.platform == "linux" and threading.active_count() == 1


@contextmanager
def ctrl_c_waits() -> Iterator[None]:
    """What is started in the block inherits that Ctrl-C waits, until it can ignore it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
