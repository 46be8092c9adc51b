"""How to start a process of ours: fork if that is safe, because the child then need not import anything; else spawn."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager


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
