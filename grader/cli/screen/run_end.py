"""What a terminal shows when a run has ended: a line a submission, what the class did, and where the time went.

Of a profile (`--profile`), functions, start, protocol and judge are as each result has them (records.SPENT). The rest
of the jobs' time is that in which no submission was graded: jobs that start, wait or have nothing left. Reports are the
parent's own: storing results and making pages, while the jobs go on.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from grader.messages.say import said
from grader.records import CHECK_STATUSES, GRADED, NOT_APPLICABLE, PASSED, Result
from grader.report.roster import lack_of_isolation
from grader.report.text import clip

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
