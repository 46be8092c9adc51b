"""How much time one submission has, and what used it so far. All sandboxes of a submission share one account."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

ENDING_S: Final = 0.5  # for a process to end once the submission's time is over; ending takes a few milliseconds


@dataclass
class TimeAccount:
    """until: the moment (time.monotonic) at which the time of the whole submission is over.

    Seconds used: functions: within the functions that were called; start: until all modules were imported; protocol:
    waiting for the worker otherwise.
    """

    until: float = float("inf")
    functions: float = 0.0
    start: float = 0.0
    protocol: float = 0.0
    # Since the last request: time that the worker can have used and not yet reported; and how long the judge waited.
    busy_s: float = 0.0
    waited_s: float = 0.0

    @property
    def is_over(self) -> bool:
        return time.monotonic() > self.until

    def deadline(self, seconds: float) -> float:
        """Return the moment in that many seconds, or the end of the submission's time if that is earlier."""
        return min(time.monotonic() + seconds, self.until)

    def deadline_to_end(self, seconds: float) -> float:
        """The same, for a process that must end. After the submission's time is over it still gets ENDING_S."""
        now = time.monotonic()
        return min(now + seconds, max(now, self.until) + ENDING_S)

    def ask(self) -> None:
        """Call this when a request is sent."""
        self.busy_s = self.waited_s = 0.0

    def add_call(self, waited_s: float, took_s: float, busy_s: float) -> None:
        """Add one reply; several may arrive at once. took_s: within the function, as the worker reports.

        busy_s: since the reply before. waited_s: how long of that the judge had nothing else to do.
        """
        self.busy_s += busy_s
        self.waited_s += waited_s
        # The worker reports this number, so it may be false. More than the time that passed counts as nothing.
        took_s = took_s if 0 <= took_s <= self.busy_s else 0.0
        self.busy_s -= took_s
        # The judge waited while the function ran: that time belongs to the function, not to the protocol.
        meanwhile_s = min(took_s, self.waited_s)
        self.waited_s -= meanwhile_s
        self.functions += took_s
        self.protocol += waited_s - meanwhile_s

    @contextmanager
    def starting(self) -> Iterator[None]:
        """The judge gets a worker ready. All time in here counts as start, and as nothing else."""
        began, before = time.monotonic(), self.protocol
        try:
            yield
        finally:
            self.protocol = before
            self.start += time.monotonic() - began

    def close(self) -> None:
        """After this, no part of the submission starts any more. Safe to call from another thread."""
        self.until = 0.0
