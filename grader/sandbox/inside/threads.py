"""Threads of a submission: the same on every machine, and multiprocessing's pool of threads without shared memory.

Pools of threads take their size from the number of cores. A mark must not depend on the grader's machine, so every
submission sees CORES, and every thread has a stack of one size. Whatever reads /proc instead finds the real number.

multiprocessing.pool.ThreadPool has locks between processes, which need a file in /dev/shm. A sandbox can write nothing
and a check has one process, so locks between its threads do the same.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import Any, Optional

CORES = 4  # as on many students' computers; one would break code that leaves one core free
THREAD_STACK = 2 << 20  # bytes, as glibc has it without a limit: 64 stacks of 8 MiB would be half of the memory allowed


def make_uniform(*, shared_memory: bool) -> None:
    """Let Python's own ways to count cores give CORES. shared_memory: whether locks between processes can be made."""
    threading.stack_size(THREAD_STACK)
    counts = {
        "cpu_count": lambda: CORES,
        "process_cpu_count": lambda: CORES,  # Python 3.13 on
        "sched_getaffinity": lambda pid: set(range(CORES)),
    }
    for name, count in counts.items():
        if hasattr(os, name):
            count.__name__ = count.__qualname__ = name
            setattr(os, name, count)
    if not shared_memory:
        with suppress(ImportError):
            import _multiprocessing  # type: ignore[import-not-found]

            _multiprocessing.SemLock = ThreadLock


class ThreadLock:
    """What multiprocessing's locks and semaphores are made of, between the threads of one process.

    The members of CPython's _multiprocessing.SemLock. name: None, so that no process is started to clear it up.
    """

    SEM_VALUE_MAX = (1 << 31) - 1
    name = None
    handle = 0

    def __init__(self, kind: int, value: int, maxvalue: int, name: str, unlink: bool) -> None:
        self.kind = kind
        self.maxvalue = maxvalue
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
