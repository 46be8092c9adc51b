"""Compute what the class page shows before it is requested: at the start, and in the background after each change.

    a thread ─► every POLL_S: has the gradebook changed? ─► Site.warm

The grades of 10,000 students take half a second to compute. Without this thread, the first request after a run would
wait for them. A request during the computation waits until it ends, so no page shows old grades.
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
    """Compute now, and then after each change of the gradebook, until the block ends."""
    site.warm()
    ended = Event()

    def poll() -> None:
        while not ended.wait(POLL_S):
            with suppress(GraderError):  # the next request reports it
                site.warm()

    thread = Thread(target=poll, name="warming", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
