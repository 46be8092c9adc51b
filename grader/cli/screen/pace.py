"""How a run gets on: how many, how fast, how long still, how they ended, and which took longest."""

from __future__ import annotations

import heapq
import time
from collections import Counter
from typing import Final

from grader.records import Result
from grader.report.roster import Row

SLOWEST: Final = 3
MIN_S: Final = 1e-3  # a rate needs a time that is not nothing


class Pace:
    """Grows with every result. Rate and time left go by what was graded now, not by what was taken from before."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.count = 0
        self.reused = 0
        self.statuses: Counter[str] = Counter()
        self._slowest: list[tuple[float, str]] = []
        self._began = time.monotonic()

    def add(self, result: Result | Row, reused: bool) -> None:
        self.count += 1
        self.statuses[result.status] += 1
        if reused:
            self.reused += 1
        else:
            heapq.heappush(self._slowest, (result.duration_s, result.id))
            if len(self._slowest) > SLOWEST:
                heapq.heappop(self._slowest)

    @property
    def elapsed_s(self) -> float:
        return round(time.monotonic() - self._began, 3)

    @property
    def graded(self) -> int:
        return self.count - self.reused

    @property
    def left_s(self) -> float | None:
        """None before anything was graded: what is reused comes first and tells nothing about the rest."""
        return (self.total - self.count) * self.elapsed_s / self.graded if self.graded else None

    @property
    def slowest(self) -> list[tuple[float, str]]:
        """Duration and id of those graded now that took longest, the longest first."""
        return sorted(self._slowest, key=lambda item: (-item[0], item[1]))

    def rate(self) -> str:
        return f"{self.graded / max(MIN_S, self.elapsed_s):.2g}/s" if self.graded else ""

    def left(self) -> list[str]:
        return [] if self.left_s is None else [f"{in_words(self.left_s)} left"]

    def outcomes(self) -> str:
        return ", ".join(f"{count} {status}" for status, count in self.statuses.most_common())

    def slowest_now(self) -> list[str]:
        return [f"slowest {name} {in_words(took)}" for took, name in self.slowest[:1]]

    def summary(self) -> str:
        """The run in a line or two, when it is over."""
        said = f"{self.graded} graded in {in_words(self.elapsed_s)}"
        if self.graded:
            said += f", {self.graded / max(MIN_S, self.elapsed_s):.2g} a second"
        if self.reused:
            said += f"; {self.reused} as graded earlier"
        if self.graded > SLOWEST:
            said += "; slowest: " + ", ".join(f"{name} {in_words(took)}" for took, name in self.slowest)
        return said + "."


def in_words(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
