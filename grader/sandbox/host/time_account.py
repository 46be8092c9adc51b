"""Counts the time of one submission, by use. All sandboxes of a submission share one account."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

ENDING_S: Final = 0.5  # extra time for a process to end after the submission's time; ending takes a few milliseconds


@dataclass
class TimeAccount:
    """until: the moment (time.monotonic) when the submission's time ends.

    Used seconds: functions: in the called functions; start: for starts and imports; protocol: other waiting for the
    worker.
    """

    until: float = float("inf")
    functions: float = 0.0
    start: float = 0.0
    protocol: float = 0.0
    # Since the last request: time that the worker may have used but not yet reported, and time that the judge waited.
    busy_s: float = 0.0
    waited_s: float = 0.0

    @property
    def is_over(self) -> bool:
        return time.monotonic() > self.until

    def deadline(self, seconds: float) -> float:
        """Return the moment in `seconds` seconds, or the end of the submission's time if that is earlier."""
        return min(time.monotonic() + seconds, self.until)

    def deadline_to_end(self, seconds: float) -> float:
        """Return the same, with ENDING_S more after the submission's time, for a process that must end."""
        now = time.monotonic()
        return min(now + seconds, max(now, self.until) + ENDING_S)

    def ask(self) -> None:
        """Begin to count for a new request."""
        self.busy_s = self.waited_s = 0.0

    def add_call(self, waited_s: float, took_s: float, busy_s: float) -> None:
        """Add one reply; several may arrive at once.

        took_s: time in the function, as the worker reports. busy_s: time since the previous reply. waited_s: the part
        of busy_s in which the judge only waited.
        """
        self.busy_s += busy_s
        self.waited_s += waited_s
        # The worker may report a false number. A number above the time that passed counts as 0.
        took_s = took_s if 0 <= took_s <= self.busy_s else 0.0
        self.busy_s -= took_s
        # The judge waited while the function ran. Count this time for the function only.
        meanwhile_s = min(took_s, self.waited_s)
        self.waited_s -= meanwhile_s
        self.functions += took_s
        self.protocol += waited_s - meanwhile_s

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Count all time in this context as `start` only, while the judge starts a worker and it imports modules."""
        began, before = time.monotonic(), self.protocol
        try:
            yield
        finally:
            self.protocol = before
            self.start += time.monotonic() - began

    def close(self) -> None:
        """End the submission's time, so that no further check starts. Safe to call from another thread."""
        self.until = 0.0
