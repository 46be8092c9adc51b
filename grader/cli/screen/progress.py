"""The output of a grading run: a progress bar, plain lines or JSON; at the end the class table and the profile.

In a profile (`--profile`), the times of functions, start, protocol and judge are sums over the results (records.SPENT).
`rest` is the time in which jobs graded no submission: they started, waited or had no work left. `reports` is the time
of the parent process, which stores results and writes pages while the jobs grade.
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
MIN_S: Final = 1e-3  # avoids a division by zero in a rate
MAX_ROWS: Final = 60  # more rows do not fit a screen; the class page shows all submissions
MAX_NAMED: Final = 4  # if more functions lost marks, the table counts them by status
MAX_ID: Final = 44
MESSAGE_CHARS: Final = 600
LONGEST_LOSS: Final = 37  # room for a long function name, its status and a comma; the table folds longer words

PARTS: Final = {
    "functions": "running the students' functions",
    "start": "starting sandboxes and importing",
    "protocol": "processes and messages",
    "judge": "inputs, comparisons, the reference",
    "rest": "jobs starting or idle",
    "reports": "storing results and writing pages, in parallel to the jobs",
}


class Pace:
    """Counts results. The rate and the time left consider only submissions graded in this run, not reused results.

    slowest: duration and id of the slowest submissions graded in this run, the slowest first.
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
        """Estimated seconds left. None until this run has graded a submission, because reused results take no time."""
        return (self.total - self.count) * self.elapsed_s / self.graded if self.graded else None

    @property
    def rate(self) -> str:
        return f"{self.graded / max(MIN_S, self.elapsed_s):.2g}"

    def status_line(self) -> str:
        """Return the text beside the progress bar: rate, time left, outcomes and the slowest submission."""
        parts = [] if self.left_s is None else [f"{self.rate}/s", f"{format_duration(self.left_s)} left"]
        parts.append(", ".join(f"{count} {status}" for status, count in self.statuses.most_common()))
        return " · ".join([*parts, *(f"slowest {name} {format_duration(took)}" for took, name in self.slowest[:1])])

    def summary(self) -> str:
        """Return one sentence about the whole run: how many submissions, how fast, which were slowest."""
        text = f"{self.graded} graded in {format_duration(self.elapsed_s)}"
        if self.graded:
            text += f", {self.rate} a second"
        if self.reused:
            text += f"; {self.reused} reused from an earlier run"
        if self.graded > SLOWEST:
            text += "; slowest: " + ", ".join(f"{name} {format_duration(took)}" for took, name in self.slowest)
        return text + "."


def format_duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


class Progress(Pace):
    """Shows each result as it arrives, and totals so far."""

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
            self.bar.update(self.task, advance=1, description=f"{self.status_line()} · {result.id}")
        else:
            earlier = ", from an earlier run" if reused else ""
            count = f"{self.count:>{len(str(self.total))}}/{self.total}"
            print(f"{count} {result.id}: {outcome(result)}{earlier}", file=self.console.file, flush=True)


class JsonLog(Pace):
    """Prints the progress as JSON on standard output, one line per event, for programs that read the log of a run."""

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
        print(json.dumps({"event": event, **facts}), flush=True)  # json.dumps writes ASCII only


def class_table(console: Console, results: Sequence[Result]) -> None:
    """Print one line per submission, then the mean and the median of the class."""
    if len(results) <= MAX_ROWS:
        rows = [(terminal_safe(result.id), outcome(result), terminal_safe(losses(result))) for result in results]
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("submission", no_wrap=True, overflow="ellipsis", max_width=id_width(console.width, rows))
        table.add_column("score", justify="right", no_wrap=True)
        table.add_column("lost marks for", overflow="fold")
        for row in rows:
            table.add_row(*row)
        console.print(table)
    graded = [result for result in results if result.status == GRADED]
    count = f"{len(results)} submission{'s' if len(results) != 1 else ''}, {len(graded)} graded"
    if graded:
        same = len({result.max_score for result in graded}) == 1  # if handouts differ in points, show percent
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
    applicable = [function for function in result.functions if function.status != NOT_APPLICABLE]
    lost = [function for function in applicable if function.status != PASSED]
    if len(lost) == len(applicable) > 1 and len({function.status for function in lost}) == 1:
        return f"everything: {lost[0].status}"
    named = [f"{function.function.rpartition('.')[2]} ({function.status})" for function in lost]
    return ", ".join(named if len(lost) <= MAX_NAMED else counted([function.status for function in lost], named))


def counted(statuses: Sequence[str], named: Sequence[str]) -> Iterable[str]:
    """Yield the number of functions of each status, the most frequent status first.

    If a status has only one function, yield the function's name instead.
    """
    for status in sorted(set(statuses), key=lambda status: (-statuses.count(status), CHECK_STATUSES.index(status))):
        count = statuses.count(status)
        yield f"{count} functions {status}" if count > 1 else named[statuses.index(status)]


def id_width(width: int, rows: Iterable[tuple[str, str, str]]) -> int:
    """Return the width of the first column. The other columns get enough room for their names in one piece."""
    scores, losses = zip(*((score, lost) for _, score, lost in rows), strict=True) if rows else ((), ())
    longest = max((len(word) + 1 for lost in losses for word in lost.split(", ")), default=0)
    return max(10, min(MAX_ID, width - 4 - max(map(len, scores), default=0) - min(longest, LONGEST_LOSS)))


def terminal_safe(text: str) -> str:
    """Return text from a submission, made safe to print on a terminal: no control characters, markup escaped."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text).replace("[", "\\[")


def parts_of(spent: Mapping[str, float], *, wall_s: float, jobs: int) -> dict[str, float]:
    """Return the seconds of each part of a run. All parts but "reports" together are `wall_s` times the number of jobs.

    "reports" is the time of the parent process.
    """
    graded = {name: spent.get(name, 0.0) for name in PARTS if name not in ("rest", "reports")}
    rest = max(0.0, jobs * wall_s - sum(graded.values()))
    return {**graded, "rest": rest, "reports": spent.get("reports", 0.0)}


def show_profile(console: Console, parts: Mapping[str, float], *, graded: int, wall_s: float, jobs: int) -> None:
    """Print the profile. graded: number of submissions graded in this run."""
    table = Table("where the time went", box=None, pad_edge=False, header_style="bold")
    for heading in ("seconds", "share of job time", "ms per submission"):
        table.add_column(heading, justify="right")
    for name, seconds in parts.items():
        share = "" if name == "reports" else f"{seconds / (jobs * wall_s):.0%}"
        table.add_row(PARTS[name], f"{seconds:.2f}", share, f"{1000 * seconds / graded:.0f}" if graded else "")
    console.print(table)
    count = f"{graded} graded in {wall_s:.1f} s by {jobs} job{'s' if jobs != 1 else ''}"
    console.print(f"{count}; reused results are not included.")
