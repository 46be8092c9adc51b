"""An audit as text: the matrix of checks by variants, in blocks that fit the width of a page; remarks; durations.

    1 square  2 square_backward
                        1   2
    template            mm  mmm
    square.cube         x.  ~..

Each check is a character. A block holds as many functions as fit; a variant that loses nothing there is only counted.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence, Sized
from typing import Final

from rich.console import Console
from rich.text import Text

from grader import records
from grader.authoring.audit import Audit, Duration, is_lost
from grader.records import PASSED, CheckResult

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

Groups = dict[str, list[str]]  # the checks of each function, by their ids


def print_matrix(console: Console, audit: Audit) -> None:
    names = [cut(one.name) for one in audit.variants]
    indent = max(map(len, names)) + 2
    found = [{check.id: check for check in result.checks} for result in audit.results]
    groups: Groups = {}
    for check in audit.results[0].checks:
        groups.setdefault(check.function, []).append(check.id)
    start = 1
    for block in blocks(groups, WIDTH - indent):
        for heading in headings(block, start, indent):
            console.print(heading, style="bold", markup=False, soft_wrap=True)
        left_out = 0
        for name, checks in zip(names, found, strict=True):
            marks = ["".join(letter_of(checks.get(check)) for check in group) for group in block.values()]
            if set("".join(marks)) == {LETTERS[PASSED]} and checks is not found[0]:
                left_out += 1
                continue
            line = Text("  ".join(mark.ljust(width(mark)) for mark in marks).rstrip())
            line.highlight_regex(r"[^ .]", "red")
            line.highlight_regex(r"\.", "dim")
            console.print(Text(name.ljust(indent)) + line, soft_wrap=True)
        console.print(f"{left_out} more lose nothing here.\n" if left_out else "")
        start += len(block)
    console.print(LEGEND, soft_wrap=True)


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
            console.print(f"\n{title}")
        for name, others in lines.items():
            console.print(f"  {name}: {', '.join(others)}", markup=False, soft_wrap=True)


def blocks(groups: Groups, room: int) -> Iterator[Groups]:
    """Groups that fit side by side, two spaces between them; at least one a block."""
    block: Groups = {}
    for function, checks in groups.items():
        if block and sum(width(one) + 2 for one in (*block.values(), checks)) > room:
            yield block
            block = {}
        block[function] = checks
    yield block


def width(group: Sized) -> int:
    return max(2, len(group))  # room for a function's number


def headings(block: Groups, start: int, indent: int) -> Iterator[str]:
    """The functions by number, as many a line as fit; then the numbers above their columns."""
    entries = (f"{number}\xa0{function}" for number, function in enumerate(block, start))
    yield from (line.replace("\xa0", " ") for line in textwrap.wrap("  ".join(entries), WIDTH))
    columns = "  ".join(str(number).ljust(width(group)) for number, group in enumerate(block.values(), start))
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
    console.print(f"{'CPU':>8} {'graded':>8}")
    for one in durations[:count]:
        console.print(f"{one.cpu_s:7.3f}s {one.graded_s:7.3f}s {one.check}", soft_wrap=True)
    cpu_s, graded_s = sum(one.cpu_s for one in durations), sum(one.graded_s for one in durations)
    console.print(f"{cpu_s:7.3f}s {graded_s:7.3f}s all {len(durations)} checks on the reference")
