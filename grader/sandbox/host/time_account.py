"""How much time one submission has, and on what it was spent so far. One account for all sandboxes of a submission."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

ENDING_S: Final = 0.5  # for a process to end once the submission's time is over; it takes some milliseconds


@dataclass
class TimeAccount:
    """until: the moment (time.monotonic) at which the submission as a whole has had its time.

    Seconds spent: functions: within the functions that were called; start: until all modules were imported; protocol:
    waiting for the worker besides.
    """

    until: float = float("inf")
    functions: float = 0.0
    start: float = 0.0
    protocol: float = 0.0
    # Since the last request: how long the worker can have been at what it has not told yet, and the judge waited.
    busy_s: float = 0.0
    waited_s: float = 0.0

    @property
    def is_over(self) -> bool:
        return time.monotonic() > self.until

    def deadline(self, seconds: float) -> float:
        """The moment in so many seconds, or when the submission has had its time."""
        return min(time.monotonic() + seconds, self.until)

    def deadline_to_end(self, seconds: float) -> float:
        """The same for a process that is to end: after the submission's time it still gets a moment."""
        now = time.monotonic()
        return min(now + seconds, max(now, self.until) + ENDING_S)

    def ask(self) -> None:
        """A request is sent."""
        self.busy_s = self.waited_s = 0.0

    def add_call(self, waited_s: float, took_s: float, busy_s: float) -> None:
        """One reply, of which several may come at once. took_s: within the function, as the worker says; believed where
        it can be true.

        busy_s: since the reply before. waited_s: how long of that the judge had nothing else to do.
        """
        self.busy_s += busy_s
        self.waited_s += waited_s
        took_s = took_s if 0 <= took_s <= self.busy_s else 0.0
        self.busy_s -= took_s
        meanwhile_s = min(took_s, self.waited_s)
        self.waited_s -= meanwhile_s
        self.functions += took_s
        self.protocol += waited_s - meanwhile_s

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Time in which the judge gets a worker ready; nothing in it counts as anything else."""
        began, before = time.monotonic(), self.protocol
        try:
            yield
        finally:
            self.protocol = before
            self.start += time.monotonic() - began

    def close(self) -> None:
        """From another thread too: nothing of the submission begins any more."""
        self.until = 0.0
