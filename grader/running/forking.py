"""How to start a process of ours: fork if that is safe, since the child then needs no imports; else spawn."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager


def can_fork() -> bool:
    """Whether this process may fork: only on Linux, and only while it has a single Python thread.

    Another thread (for example of a progress bar) may hold a lock, which would stay locked in the child forever.
    Threads of BLAS do not count: Python does not know them, and BLAS handles forks itself.
    """
    return sys.platform == "linux" and threading.active_count() == 1


@contextmanager
def ctrl_c_blocked() -> Iterator[None]:
    """Block SIGINT. Processes started in the block inherit this, until they install a handler that ignores Ctrl-C."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
