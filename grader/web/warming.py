"""Computes what the class page shows before anybody asks for it: at the start, and in the background after each run.

    a thread ─► every POLL_S: has the gradebook changed? ─► Site.warm

All grades of 10,000 students take about half a second. Without this, whoever opens the class page first after a run
would wait for them. A request that comes while they are computed waits for the rest of that time, and never sees older
grades.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Final

from grader.errors import GraderError
from grader.web.site import Site

POLL_S: Final = 0.5  # a poll reads two numbers


@contextmanager
def kept_warm(site: Site) -> Iterator[None]:
    """Compute now, then whenever the gradebook has changed, until the block ends."""
    site.warm()
    ended = Event()

    def poll() -> None:
        while not ended.wait(POLL_S):
            with suppress(GraderError):  # the next request says it in words
                site.warm()

    thread = Thread(target=poll, name="warming", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
