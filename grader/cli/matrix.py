"""An audit as text: the matrix of checks by variants, a character each, in blocks that fit the width of a page.

    1 square  2 square_backward
                        1   2
    template            mm  mmm
    square.cube         x.  ~..

A block holds as many functions as fit; a variant that loses nothing there is left out, and so counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from grader.authoring.audit import Audit, Duration, is_lost
from grader.records import (
    CRASHED,
    ERROR,
    FAILED,
    MISSING,
    NOT_APPLICABLE,
    PARTIAL,
    PASSED,
    SKIPPED,
    TIMEOUT,
    CheckResult,
    Result,
)

WIDTH: Final = 110
WIDEST_NAME: Final = 48
LETTERS: Final = {
    PASSED: ".",
    PARTIAL: "p",
    FAILED: "x",
    MISSING: "m",
    ERROR: "e",
    TIMEOUT: "t",
    CRASHED: "c",
    SKIPPED: "s",
    NOT_APPLICABLE: "n",
}
FOLLOWS: Final = "~"
LEGEND: Final = ", ".join(f"{letter} {status}" for status, letter in LETTERS.items()) + f", {FOLLOWS} follows, full"

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
            if any(letter_of(found[check]) != LETTERS[PASSED] for check in wanted) or result is audit.results[0]:
                rows.append((name, found))
        for line in headings(block, start, indent):
            console.print(line, style="bold", highlight=False, markup=False, soft_wrap=True)
        for name, found in rows:
            line = Text(name.ljust(indent))
            line.append("  ".join("".join(letter_of(found[check.id]) for check in checks) for _, checks in block))
            line.highlight_regex(r"(?<= )[a-z~]+(?=[a-z~. ]*$)", "red") if console.is_terminal else None
            console.print(line, soft_wrap=True)
        left_out = len(audit.results) - len(rows)
        console.print(f"{left_out} more lose nothing here.\n" if left_out else "", highlight=False)
        start += len(block)
    console.print(LEGEND, highlight=False)


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


def letter_of(check: CheckResult) -> str:
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
