"""What a run shows: a bar on a terminal, plain lines or JSON elsewhere; at its end the class table and the profile.

Of a profile (`--profile`), functions, start, protocol and judge are as each result has them (records.SPENT). The rest
of the jobs' time is that in which no submission was graded: jobs that start, wait or have nothing left. Reports are the
parent's own: storing results and making pages, while the jobs go on.
"""

from __future__ import annotations

import json
import statistics
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as RichProgress
from rich.table import Table

from grader.messages.say import said
from grader.records import CHECK_STATUSES, GRADED, NOT_APPLICABLE, PASSED, Result
from grader.report.roster import lack_of_isolation
from grader.report.text import clip

SLOWEST: Final = 3
MIN_S: Final = 1e-3  # a rate needs a time that is not nothing
MAX_ROWS: Final = 60  # more does not fit a screen; the class page has them all
MAX_NAMED: Final = 4  # more are counted by their status
MAX_ID: Final = 44
MESSAGE_CHARS: Final = 600
LONGEST_LOSS: Final = 37  # room for a long name with its status and a comma; a longer word of a message is folded

PARTS: Final = {
    "functions": "the students' functions",
    "start": "starting sandboxes and importing",
    "protocol": "processes and messages",
    "judge": "inputs, comparisons, the reference",
    "rest": "starting and waiting of jobs",
    "reports": "storing and pages, beside the jobs",
}


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


def class_table(console: Console, results: Sequence[Result]) -> None:
    """One line a submission, then what the class did as a whole."""
    if len(results) <= MAX_ROWS:
        rows = [(literal(result.id), outcome(result), literal(losses(result))) for result in results]
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("submission", no_wrap=True, overflow="ellipsis", max_width=id_width(console.width, rows))
        table.add_column("score", justify="right", no_wrap=True)
        table.add_column("what lost marks", overflow="fold")
        for row in rows:
            table.add_row(*row)
        console.print(table)
    graded = [result for result in results if result.status == GRADED]
    count = f"{len(results)} submission{'s' if len(results) != 1 else ''}, {len(graded)} graded"
    if graded:
        same = len({result.max_score for result in graded}) == 1  # handouts ask for more or less: then in percent
        marks = [result.score if same else 100 * result.score / (result.max_score or 1) for result in graded]
        unit = "" if same else " %"
        count += f"; mean {statistics.fmean(marks):.1f}{unit}, median {statistics.median(marks):.1f}{unit}"
    console.print(count + ".")
    for kind in sorted(set(map(lack_of_isolation, results)) - {""}):
        console.print(f"Graded without isolation (--sandbox {kind}).", style="bold red")


def outcome(result: Result) -> str:
    return f"{result.score:g} / {result.max_score:g}" if result.status == GRADED else result.status


def losses(result: Result) -> str:
    if result.status != GRADED:
        return clip(said(result.reason), MESSAGE_CHARS)
    asked = [function for function in result.functions if function.status != NOT_APPLICABLE]
    lost = [function for function in asked if function.status != PASSED]
    if len(lost) == len(asked) > 1 and len({function.status for function in lost}) == 1:
        return f"everything: {lost[0].status}"
    named = [f"{function.function.rpartition('.')[2]} ({function.status})" for function in lost]
    return ", ".join(named if len(lost) <= MAX_NAMED else counted([function.status for function in lost], named))


def counted(statuses: Sequence[str], named: Sequence[str]) -> Iterable[str]:
    """The most frequent statuses by their number; what is alone in its status keeps its name."""
    for status in sorted(set(statuses), key=lambda status: (-statuses.count(status), CHECK_STATUSES.index(status))):
        count = statuses.count(status)
        yield f"{count} functions {status}" if count > 1 else named[statuses.index(status)]


def id_width(width: int, rows: Iterable[tuple[str, str, str]]) -> int:
    """Room for the first column that leaves the others theirs, so that no name is broken in its middle."""
    scores, losses = zip(*((score, lost) for _, score, lost in rows), strict=True) if rows else ((), ())
    longest = max((len(word) + 1 for lost in losses for word in lost.split(", ")), default=0)
    return max(10, min(MAX_ID, width - 4 - max(map(len, scores), default=0) - min(longest, LONGEST_LOSS)))


def literal(text: str) -> str:
    """Text from a submission as a terminal may have it: no markup, no control characters."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text).replace("[", "\\[")


def parts_of(spent: Mapping[str, float], *, wall_s: float, jobs: int) -> dict[str, float]:
    """Seconds by part of all that `jobs` had in `wall_s`, then of what was done beside them."""
    graded = {name: spent.get(name, 0.0) for name in PARTS if name not in ("rest", "reports")}
    rest = max(0.0, jobs * wall_s - sum(graded.values()))
    return {**graded, "rest": rest, "reports": spent.get("reports", 0.0)}


def show_profile(console: Console, parts: Mapping[str, float], *, graded: int, wall_s: float, jobs: int) -> None:
    """graded: submissions, in this run."""
    table = Table("where the time went", box=None, pad_edge=False, header_style="bold")
    for heading in ("seconds", "of the jobs' time", "ms a submission"):
        table.add_column(heading, justify="right")
    for name, seconds in parts.items():
        share = "" if name == "reports" else f"{seconds / (jobs * wall_s):.0%}"
        table.add_row(PARTS[name], f"{seconds:.2f}", share, f"{1000 * seconds / graded:.0f}" if graded else "")
    console.print(table)
    count = f"{graded} graded in {wall_s:.1f} s by {jobs} job{'s' if jobs != 1 else ''}"
    console.print(f"{count}; what an earlier run had graded is not in it.")
