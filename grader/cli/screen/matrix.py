"""An audit as text: the matrix of checks by variants, in blocks that fit the width of a page; remarks; durations.

    1 square  2 square_backward
                        1   2
    template            mm  mmm
    square.cube         x.  ~..

Each check is a character. A block holds as many functions as fit; a variant that loses nothing there is only counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from grader import records
from grader.authoring.audit import Audit, Duration, is_lost
from grader.records import PASSED, CheckResult, Result

WIDTH: Final = 110
WIDEST_NAME: Final = 48
LETTERS: Final = {
    records.PASSED: ".",
    records.PARTIAL: "p",
    records.FAILED: "x",
    records.MISSING: "m",
    records.ERROR: "e",
    records.TIMEOUT: "t",
    records.CRASHED: "c",
    records.SKIPPED: "s",
    records.NOT_APPLICABLE: "n",
}
FOLLOWS: Final = "~"
LEGEND: Final = ", ".join(f"{letter} {status}" for status, letter in LETTERS.items()) + f", {FOLLOWS} follows"

Group = tuple[str, list[CheckResult]]  # a function and its checks


def print_matrix(console: Console, audit: Audit) -> None:
    """Every block, then what the characters mean."""
    names = [cut(one.name) for one in audit.variants]
    indent = max(map(len, names)) + 2
    start = 0
    for block in blocks(groups_of(audit.results[0]), WIDTH - indent):
        wanted = [check.id for _, checks in block for check in checks]
        rows = []
        for name, result in zip(names, audit.results, strict=True):
            found = {check.id: check for check in result.checks}
            if any(letter_of(found.get(check)) != LETTERS[PASSED] for check in wanted) or result is audit.results[0]:
                rows.append((name, found))
        for heading in headings(block, start, indent):
            console.print(heading, style="bold", highlight=False, markup=False, soft_wrap=True)
        for name, found in rows:
            line = Text(name.ljust(indent))
            for index, (function, checks) in enumerate(block):
                line.append("  " if index else "")
                for check in checks:
                    letter = letter_of(found.get(check.id))
                    line.append(letter, style="dim" if letter == LETTERS[PASSED] else "red")
                line.append(" " * (column_width((function, checks)) - len(checks)))
            line.rstrip()
            console.print(line, soft_wrap=True)
        left_out = len(audit.results) - len(rows)
        console.print(f"{left_out} more lose nothing here.\n" if left_out else "", highlight=False)
        start += len(block)
    console.print(LEGEND, highlight=False, soft_wrap=True)


def print_remarks(console: Console, audit: Audit) -> None:
    """What an audit noticed and does not fail for."""
    needless: dict[str, list[str]] = {}
    for check in audit.needless:
        function, _, name = check.rpartition(".")
        needless.setdefault(function, []).append(name)
    told = {
        "Checks that catch no misconception which no other of their function and visibility catches:": needless,
        "Misconceptions that cost marks in functions that are right, too:": audit.costly,
    }
    for title, lines in told.items():
        if lines:
            console.print(f"\n{title}", highlight=False)
        for name, others in lines.items():
            console.print(f"  {name}: {', '.join(others)}", highlight=False, markup=False, soft_wrap=True)


def groups_of(result: Result) -> list[Group]:
    groups: dict[str, list[CheckResult]] = {}
    for check in result.checks:
        groups.setdefault(check.function, []).append(check)
    return list(groups.items())


def blocks(groups: Sequence[Group], width: int) -> Iterator[list[Group]]:
    """Groups that fit side by side, two spaces between them; at least one a block."""
    block: list[Group] = []
    used = 0
    for group in groups:
        needed = column_width(group) + 2
        if block and used + needed > width:
            yield block
            block, used = [], 0
        block.append(group)
        used += needed
    if block:
        yield block


def column_width(group: Group) -> int:
    return max(2, len(group[1]))


def headings(block: Sequence[Group], start: int, indent: int) -> Iterator[str]:
    """The functions by number, as many a line as fit; then the numbers above their columns."""
    line = ""
    for number, (function, _) in enumerate(block, start + 1):
        entry = f"{number} {function}"
        if line and len(line) + 2 + len(entry) > WIDTH:
            yield line
            line = ""
        line += f"{'  ' if line else ''}{entry}"
    yield line
    columns = "  ".join(str(n).ljust(column_width(group)) for n, group in enumerate(block, start + 1))
    yield " " * indent + columns.rstrip()


def letter_of(check: CheckResult | None) -> str:
    """A check that a variant was not graded on is passed: it runs nothing that is wrong there."""
    if check is None:
        return LETTERS[PASSED]
    follows = check.follow_through and check.status == PASSED and not is_lost(check)
    return FOLLOWS if follows else LETTERS[check.status]


def cut(name: str) -> str:
    """A variant's name without its first folders, so that rows are short; its end in any case."""
    return name if len(name) <= WIDEST_NAME else "…" + name[1 - WIDEST_NAME :]


def print_durations(console: Console, durations: Sequence[Duration], count: int) -> None:
    """The dearest checks on the reference, and what all of them cost together."""
    console.print(f"{'CPU':>8} {'graded':>8}", highlight=False)
    for one in durations[:count]:
        console.print(f"{one.cpu_s:7.3f}s {one.graded_s:7.3f}s {one.check}", highlight=False, soft_wrap=True)
    cpu_s, graded_s = sum(one.cpu_s for one in durations), sum(one.graded_s for one in durations)
    console.print(f"{cpu_s:7.3f}s {graded_s:7.3f}s all {len(durations)} checks on the reference", highlight=False)
