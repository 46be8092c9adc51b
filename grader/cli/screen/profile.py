"""`grader grade --profile`: where the time of a run went, in seconds and a submission.

functions, start, protocol and judge are as each result has them (records.SPENT). The rest of the jobs' time is that
in which no submission was graded: jobs that start, wait or have nothing left. Reports are the parent's own: storing
results and making pages, while the jobs go on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rich.console import Console
from rich.table import Table

WORDS: Final = {
    "functions": "the students' functions",
    "start": "starting sandboxes and importing",
    "protocol": "processes and messages",
    "judge": "inputs, comparisons, the reference",
    "rest": "starting and waiting of jobs",
    "reports": "storing and pages, beside the jobs",
}


def parts_of(spent: Mapping[str, float], *, wall_s: float, jobs: int) -> dict[str, float]:
    """Seconds by part of all that `jobs` had in `wall_s`, then of what was done beside them."""
    graded = {name: spent.get(name, 0.0) for name in WORDS if name not in ("rest", "reports")}
    rest = max(0.0, jobs * wall_s - sum(graded.values()))
    return {**graded, "rest": rest, "reports": spent.get("reports", 0.0)}


def show_profile(console: Console, parts: Mapping[str, float], *, graded: int, wall_s: float, jobs: int) -> None:
    """graded: submissions, in this run."""
    table = Table("where the time went", box=None, pad_edge=False, header_style="bold")
    for heading in ("seconds", "of the jobs' time", "ms a submission"):
        table.add_column(heading, justify="right")
    for name, seconds in parts.items():
        share = "" if name == "reports" else f"{seconds / (jobs * wall_s):.0%}"
        table.add_row(WORDS[name], f"{seconds:.2f}", share, f"{1000 * seconds / graded:.0f}" if graded else "")
    console.print(table)
    count = f"{graded} graded in {wall_s:.1f} s by {jobs} job{'s' if jobs != 1 else ''}"
    console.print(f"{count}; what an earlier run had graded is not in it.")
