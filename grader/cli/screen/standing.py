"""A student's standing on a terminal: a table of functions, what to do next, and how far it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from grader.cli.screen.progress import literal
from grader.report.standing import ABSENT, RIGHT, WAITS, WRONG, Standing, StandingRow

STYLES: Final = {RIGHT: "green", WRONG: "bold red", ABSENT: "dim", WAITS: "yellow"}


def show_rows(console: Console, rows: Iterable[StandingRow]) -> None:
    """The table, and below it what is wrong."""
    rows = list(rows)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("function", "is", "where"):
        table.add_column(title, no_wrap=title != "where", overflow="fold")
    for row in rows:
        standing = f"[{STYLES[row.standing]}]{row.standing}[/]"
        same = f" (the same as {literal(row.same_as)})" if row.same_as else ""
        table.add_row(literal(row.name), standing, literal(row.where) + same)
    console.print(table, highlight=False)
    for row in rows:
        if row.messages or row.hints:
            console.print()
            console.print(f"[{STYLES[row.standing]}]{literal(row.name)}[/]", highlight=False)
        for text in row.messages:
            console.print(Padding(literal(text), (0, 0, 0, 2), expand=False), highlight=False)
        for text in row.hints:
            console.print(Padding(f"[italic]{literal(text)}[/]", (0, 0, 0, 4), expand=False), highlight=False)
    console.print()


def show_summary(console: Console, standing: Standing) -> None:
    """What to do next, and the last line."""
    if standing.next:
        console.print(f"next: {literal(standing.next)}", style="bold", highlight=False, soft_wrap=True)
    console.print(standing.ending, highlight=False, soft_wrap=True)
