"""What one submission after the other may use: the sandbox with the reference's code, and the thread that judges.

    lend(key, make) ──► a session ──► one submission's checks ──────────────► give_back
                             ▲  the same reference, and nothing went wrong in it │
                             └────────────────────────────────────────────────────┘

What a submission's code made reaches it as data and is read by a child that dies with it at the latest, so nothing of
one submission stays for the next. Only where somebody sees to the end of it: inside `keeping()`.

The thread is kept because the kernel ends a sandbox when the thread that started it ends (watch.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from grader.grading.watchdog import JudgeThread
from grader.sandbox.host.session import Session

MOST_BEGUN: Final = 200  # children; the server's own CPU time, a millisecond for each, counts against its limit


@dataclass
class PooledSession:
    """key: compared by identity, what the session was made from."""

    depth: int = 0
    key: Any = None
    session: Session | None = None
    thread: JudgeThread | None = None


KEPT: Final = PooledSession()


@contextmanager
def keeping() -> Iterator[None]:
    """Sessions given back inside are kept for the next who borrows, and ended at the latest when this is left."""
    KEPT.depth += 1
    try:
        yield
    finally:
        KEPT.depth -= 1
        if KEPT.depth == 0:
            forget()
            thread, KEPT.thread = KEPT.thread, None
            if thread is not None:
                thread.end()


def lend(key: Any, make: Callable[[], Session]) -> Session:
    """The session that was kept for this key, or a new one. Whoever borrows it gives it back."""
    session = KEPT.session if KEPT.key is key else None
    if session is None or not session.is_idle:
        forget()
        return make()
    KEPT.key = KEPT.session = None
    return session


def give_back(key: Any, session: Session, *, is_sound: bool) -> None:
    """Keep a session, or end it. is_sound: nothing went wrong while it was lent."""
    forget()
    if KEPT.depth and is_sound and session.is_idle and session.begun < MOST_BEGUN:
        KEPT.key, KEPT.session = key, session
    else:
        session.kill()


@contextmanager
def judging() -> Iterator[JudgeThread]:
    """The thread that was kept, or a new one, for one submission."""
    thread, KEPT.thread = KEPT.thread or JudgeThread(), None
    try:
        yield thread
    finally:
        if KEPT.depth and KEPT.thread is None and not thread.is_left:
            KEPT.thread = thread
        elif not thread.is_left:
            thread.end()


def forget() -> None:
    """End what is kept."""
    session, KEPT.key, KEPT.session = KEPT.session, None, None
    if session is not None:
        session.kill()
