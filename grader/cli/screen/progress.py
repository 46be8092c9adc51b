"""How a run gets on: a bar on a terminal, plain lines or JSON elsewhere; how many, how fast, how long still."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as RichProgress

from grader.cli.screen.run_end import outcome
from grader.records import Result

SLOWEST: Final = 3
MIN_S: Final = 1e-3  # a rate needs a time that is not nothing


class Pace:
    """Grows with every result. Rate and time left go by what was graded now, not by what was taken from before.

    slowest: duration and id of those graded now that took longest, the longest first.
    """

    def __init__(self) -> None:
        self.total = 0
        self.count = 0
        self.reused = 0
        self.statuses: Counter[str] = Counter()
        self.slowest: list[tuple[float, str]] = []

    def start(self, total: int) -> None:
        self.total = total
        self._began = time.monotonic()

    def add(self, result: Result, reused: bool) -> None:
        self.count += 1
        self.statuses[result.status] += 1
        self.reused += reused
        if not reused:
            took = [*self.slowest, (result.duration_s, result.id)]
            self.slowest = sorted(took, key=lambda item: (-item[0], item[1]))[:SLOWEST]

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
    def rate(self) -> str:
        return f"{self.graded / max(MIN_S, self.elapsed_s):.2g}"

    def so_far(self) -> str:
        """Rate, time left, outcomes, the slowest: for the line beside a bar."""
        said = [] if self.left_s is None else [f"{self.rate}/s", f"{in_words(self.left_s)} left"]
        said.append(", ".join(f"{count} {status}" for status, count in self.statuses.most_common()))
        return " · ".join([*said, *(f"slowest {name} {in_words(took)}" for took, name in self.slowest[:1])])

    def summary(self) -> str:
        """The run in a line or two, when it is over."""
        said = f"{self.graded} graded in {in_words(self.elapsed_s)}"
        if self.graded:
            said += f", {self.rate} a second"
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


class Progress(Pace):
    """Shows each result as it comes, and what they come to so far."""

    def __init__(self) -> None:
        super().__init__()
        self.console = Console(stderr=True)
        self.bar = RichProgress(
            TextColumn("grading"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}", markup=False),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )

    @contextmanager
    def begin(self, total: int) -> Iterator[Progress]:
        self.start(total)
        self.task = self.bar.add_task("", total=total)
        with self.bar:
            yield self
        print(self.summary(), file=self.console.file, flush=True)

    def advance(self, result: Result, reused: bool = False) -> None:
        self.add(result, reused)
        if self.console.is_terminal:
            self.bar.update(self.task, advance=1, description=f"{self.so_far()} · {result.id}")
        else:
            earlier = ", as graded earlier" if reused else ""
            count = f"{self.count:>{len(str(self.total))}}/{self.total}"
            print(f"{count} {result.id}: {outcome(result)}{earlier}", file=self.console.file, flush=True)


class JsonLog(Pace):
    """The same as lines of JSON on standard output, one an event, for programs that follow a job's log."""

    @contextmanager
    def begin(self, total: int) -> Iterator[JsonLog]:
        self.start(total)
        self.write("start", total=total)
        ended = "stopped"
        try:
            yield self
            ended = "done"
        finally:
            facts = {"ended": ended, "done": self.count, "total": self.total, "reused": self.reused}
            slowest = [{"id": name, "duration_s": took} for took, name in self.slowest]
            self.write("end", **facts, elapsed_s=self.elapsed_s, statuses=dict(self.statuses), slowest=slowest)

    def advance(self, result: Result, reused: bool = False) -> None:
        self.add(result, reused)
        facts = {name: getattr(result, name) for name in ("id", "status", "score", "max_score", "duration_s")}
        facts |= {"reused": reused, "done": self.count, "total": self.total, "elapsed_s": self.elapsed_s}
        left = self.left_s
        self.write("result", **facts, left_s=None if left is None else round(left, 1))

    def write(self, event: str, **facts: Any) -> None:
        print(json.dumps({"event": event, **facts}), flush=True)  # ASCII: half of a pair and all else is escaped
