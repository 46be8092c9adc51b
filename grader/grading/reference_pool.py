"""What serves one submission after another: the sandbox with the reference's code, and the thread that judges.

    borrow(key, make) ──► a process ──► one submission's checks ────────────┐
                             ▲  the same reference, and nothing failed      │
                             └──────────────────────────────────────────────┘

What a submission's code made reaches the process as data. A child reads it and ends with that submission at the latest,
so nothing of one submission stays for the next. Processes are kept only inside `keeping()`, which ends them.

The pool keeps the thread because the kernel ends a sandbox when the thread that started it ends (watchdog.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from grader.grading.watchdog import JudgeThread
from grader.sandbox.host.check_process import CheckProcess

# Children that one server forks. Its own CPU time, a millisecond for each child, counts against its limit.
MOST_BEGUN: Final = 200


@dataclass
class PooledProcess:
    """key: what the process was made from, compared by identity."""

    depth: int = 0
    key: Any = None
    process: CheckProcess | None = None
    thread: JudgeThread | None = None


KEPT: Final = PooledProcess()


@contextmanager
def keeping() -> Iterator[None]:
    """Inside, processes that are given back are kept for the next borrower. Leaving the outermost one ends them."""
    KEPT.depth += 1
    try:
        yield
    finally:
        KEPT.depth -= 1
        if KEPT.depth == 0:
            # In this order: the end of the thread would kill the sandbox that it started, in the middle of its work.
            forget()
            if KEPT.thread is not None:
                KEPT.thread.end()
            KEPT.thread = None


@contextmanager
def borrow(key: Any, make: Callable[[], CheckProcess]) -> Iterator[CheckProcess]:
    """Lend the process that is kept for this key, or a new one. Keep it afterwards, unless something raised inside."""
    # By identity: equality would compare all files of the reference, for each submission.
    kept = KEPT.process if KEPT.key is key else None
    if kept is not None and kept.is_idle:
        process, KEPT.key, KEPT.process = kept, None, None  # out of the pool while lent: nobody else can get it
    else:
        forget()
        process = make()
    is_sound = False
    # Any exception, Ctrl-C included, may leave the process in the middle of a message.
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
    """Lend the thread that is kept, or a new one, for one submission."""
    thread, KEPT.thread = KEPT.thread or JudgeThread(), None
    try:
        yield thread
    finally:
        # A thread that was left may still run code of an earlier submission, so it serves no other.
        if KEPT.depth and KEPT.thread is None and not thread.is_left:
            KEPT.thread = thread
        else:
            thread.end()


def forget() -> None:
    # Out of the pool first, so that a failing kill() does not leave a dead process in it.
    process, KEPT.key, KEPT.process = KEPT.process, None, None
    if process is not None:
        process.kill()
