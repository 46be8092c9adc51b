"""What one submission after the other may use: the sandbox with the reference's code, and the thread that judges.

    borrow(key, make) ──► a process ──► one submission's checks ────────────┐
                             ▲  the same reference, and nothing went wrong │
                             └─────────────────────────────────────────────┘

What a submission's code made reaches it as data and is read by a child that dies with it at the latest, so nothing of
one submission stays for the next. Only where somebody sees to the end of it: inside `keeping()`.

The thread is kept because the kernel ends a sandbox when the thread that started it ends (watchdog.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from grader.grading.watchdog import JudgeThread
from grader.sandbox.host.check_process import CheckProcess

MOST_BEGUN: Final = 200  # children; the server's own CPU time, a millisecond for each, counts against its limit


@dataclass
class PooledProcess:
    """key: compared by identity, what the process was made from."""

    depth: int = 0
    key: Any = None
    process: CheckProcess | None = None
    thread: JudgeThread | None = None


KEPT: Final = PooledProcess()


@contextmanager
def keeping() -> Iterator[None]:
    """Processes given back inside are kept for the next who borrows, and ended at the latest when this is left."""
    KEPT.depth += 1
    try:
        yield
    finally:
        KEPT.depth -= 1
        if KEPT.depth == 0:
            forget()
            if KEPT.thread is not None:
                KEPT.thread.end()
            KEPT.thread = None


@contextmanager
def borrow(key: Any, make: Callable[[], CheckProcess]) -> Iterator[CheckProcess]:
    """The process that was kept for this key, or a new one: kept afterwards if nothing is raised inside, else ended."""
    kept = KEPT.process if KEPT.key is key else None
    if kept is not None and kept.is_idle:
        process, KEPT.key, KEPT.process = kept, None, None
    else:
        forget()
        process = make()
    is_sound = False
    try:
        yield process
        is_sound = True
    finally:
        forget()
        if KEPT.depth and is_sound and process.is_idle and process.begun < MOST_BEGUN:
            KEPT.key, KEPT.process = key, process
        else:
            process.kill()


@contextmanager
def judging() -> Iterator[JudgeThread]:
    """The thread that was kept, or a new one, for one submission."""
    thread, KEPT.thread = KEPT.thread or JudgeThread(), None
    try:
        yield thread
    finally:
        if KEPT.depth and KEPT.thread is None and not thread.is_left:
            KEPT.thread = thread
        else:
            thread.end()


def forget() -> None:
    process, KEPT.key, KEPT.process = KEPT.process, None, None
    if process is not None:
        process.kill()
