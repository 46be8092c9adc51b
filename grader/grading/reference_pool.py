"""Keeps the reference's sandbox and the judge's thread, so that they serve one submission after another.

    borrow(key, make) ──► a process ──► one submission's checks ────────────┐
                             ▲  the same reference, and nothing failed      │
                             └──────────────────────────────────────────────┘

The reference's process receives a submission's values only as data, and only in a child that ends with the submission,
so nothing of one submission remains for the next. The pool keeps a process only inside `keeping()`, which ends it.

The pool keeps the thread because the kernel ends a sandbox when the thread that started it ends (watchdog.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from grader.grading.watchdog import JudgeThread
from grader.sandbox.host.check_process import CheckProcess

# The most children of one server. Each fork takes a millisecond of the server's CPU time, which is limited.
MOST_BEGUN: Final = 200


@dataclass
class PooledProcess:
    """key: the object from which the process was made; compared by identity."""

    depth: int = 0
    key: Any = None
    process: CheckProcess | None = None
    thread: JudgeThread | None = None


KEPT: Final = PooledProcess()


@contextmanager
def keeping() -> Iterator[None]:
    """Keep returned processes for the next borrower, inside this context. The outermost context ends the processes."""
    KEPT.depth += 1
    try:
        yield
    finally:
        KEPT.depth -= 1
        if KEPT.depth == 0:
            # In this order, because the thread's end would kill the sandbox that the thread started.
            forget()
            if KEPT.thread is not None:
                KEPT.thread.end()
            KEPT.thread = None


@contextmanager
def borrow(key: Any, make: Callable[[], CheckProcess]) -> Iterator[CheckProcess]:
    """Lend the kept process for this key, or a new one. Keep it again, unless the context raised."""
    # Compare by identity: == would compare all files of the reference for each submission.
    kept = KEPT.process if KEPT.key is key else None
    if kept is not None and kept.is_idle:
        process, KEPT.key, KEPT.process = kept, None, None  # removed from the pool while lent
    else:
        forget()
        process = make()
    is_sound = False
    # Any exception, also Ctrl-C, may leave the process in the middle of a message.
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
    """Lend the kept thread, or a new one, for one submission."""
    thread, KEPT.thread = KEPT.thread or JudgeThread(), None
    try:
        yield thread
    finally:
        # Drop a thread that was left: it may still run code for this submission.
        if KEPT.depth and KEPT.thread is None and not thread.is_left:
            KEPT.thread = thread
        else:
            thread.end()


def forget() -> None:
    # Empty the pool first, so that no dead process remains in it if kill() raises.
    process, KEPT.key, KEPT.process = KEPT.process, None, None
    if process is not None:
        process.kill()
