"""Makes threads independent of the machine: Python counts CORES cores, and ThreadPool needs no shared memory.

Pools of threads take their size from the number of cores. A mark must not depend on the grader's machine, so every
submission sees CORES cores, and all threads have stacks of the same size. Code that reads /proc finds the real number.

multiprocessing.pool.ThreadPool uses locks between processes, which need a file in /dev/shm. A sandbox can write no file
and a check has only one process, so a lock between threads does the same.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import Any, Optional

CORES = 4  # as on many students' computers. With 1 core, code that uses all cores but one would start no thread
# Bytes, glibc's default. The stacks of 64 threads with the usual 8 MiB would take half of the allowed memory.
THREAD_STACK = 2 << 20


def make_uniform(*, shared_memory: bool) -> None:
    """Make Python's counts of cores return CORES. shared_memory: whether locks between processes work here."""
    threading.stack_size(THREAD_STACK)
    counts = {
        "cpu_count": lambda: CORES,
        "process_cpu_count": lambda: CORES,  # Python 3.13 on
        "sched_getaffinity": lambda pid: set(range(CORES)),
    }
    for name, count in counts.items():
        if hasattr(os, name):
            count.__name__ = count.__qualname__ = name  # so that tracebacks and repr() look as usual
            setattr(os, name, count)
    if not shared_memory:
        # All locks of CPython's multiprocessing.synchronize use this class.
        with suppress(ImportError):
            import _multiprocessing  # type: ignore[import-not-found]

            _multiprocessing.SemLock = ThreadLock


class ThreadLock:
    """A lock between threads, which replaces the base class of multiprocessing's locks.

    ThreadLock has the members of CPython's _multiprocessing.SemLock. name: None, since Python starts a process for
    named locks.
    """

    SEM_VALUE_MAX = (1 << 31) - 1
    name = None
    handle = 0

    def __init__(self, kind: int, value: int, maxvalue: int, name: str, unlink: bool) -> None:
        self.kind = kind
        self.maxvalue = maxvalue
        # kind 0 is RECURSIVE_MUTEX, 1 is SEMAPHORE (multiprocessing/synchronize.py).
        self.held: Any = threading.Semaphore(value) if kind else threading.RLock()

    def acquire(self, block: bool = True, timeout: Optional[float] = None) -> bool:
        if not block:
            return bool(self.held.acquire(False))
        return bool(self.held.acquire(True, -1 if timeout is None and not self.kind else timeout))

    def release(self) -> None:
        self.held.release()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: Any) -> None:
        self.release()

    def _is_mine(self) -> bool:
        return self.kind == 0 and bool(self.held._is_owned())

    def _count(self) -> int:
        return int(self._is_mine())

    def _get_value(self) -> int:
        return int(self.held._value)

    def _is_zero(self) -> bool:
        return self._get_value() == 0

    def _after_fork(self) -> None:
        pass
