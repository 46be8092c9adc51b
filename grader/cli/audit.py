"""`grader audit`: verifies that wrong solutions lose marks, that the reference loses none, and that hints are right.

The command prints a matrix of checks by variants, in blocks that fit the width of a page; then remarks; then durations.

    1 square  2 square_backward
                        1   2
    template            mm  mmm
    square.cube         x.  ~..

Each character of the matrix is the outcome of one check. A block contains as many functions as fit side by side. A
variant that loses no points in a block has no row in the block; a line below the block counts such variants.
"""

from __future__ import annotations

import json
import os
import sys
import textwrap
from collections.abc import Iterator, Sequence, Sized
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.text import Text

from grader import records
from grader.atomic_files import write_text
from grader.authoring.audit import Audit, Duration, lost_points, measure_durations, run_audit
from grader.authoring.variants import REFERENCE, Variant, make_variants
from grader.cli.commands import FILE, assignment_option
from grader.cli.screen.progress import Progress
from grader.errors import UsageError
from grader.grading.context import Settings, prepare
from grader.messages.say import say_all
from grader.records import PASSED, CheckResult
from grader.running.job_pool import make_executor
from grader.sandbox.host.isolation import KINDS

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

Groups = dict[str, list[str]]  # for each function, the ids of its checks


@click.command()
@assignment_option
@click.option("--jobs", default=0, type=click.IntRange(0), help="Number of parallel jobs; 0: one per core.")
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    help="Grade only this variant, or all variants of this function. Repeatable.",
)
@click.option("--python", default=sys.executable, metavar="EXE", help="Python (with NumPy) that runs the variants.")
@click.option(
    "--sandbox",
    default="auto",
    show_default=True,
    type=click.Choice(KINDS),
    help="Kind of isolation; auto takes the best one that works and stops if none does.",
)
@click.option("--durations", default=0, type=click.IntRange(0), metavar="N", help="Show the N slowest checks.")
@click.option("--json", "json_file", type=FILE, help="Also write the matrix to this file, as JSON.")
def audit(
    assignment: Path,
    jobs: int,
    only: tuple[str, ...],
    python: str,
    sandbox: str,
    durations: int,
    json_file: Path | None,
) -> int:
    """Grade the reference, the empty template, constants, memorised answers and every misconception. Exits with 1 if
    one of them gets wrong marks or a wrong hint."""
    console = Console(width=WIDTH, highlight=False)
    settings = Settings(str(assignment.resolve()), python, sandbox)
    loaded = prepare(settings).assignment
    variants = select(list(make_variants(loaded)), only)
    jobs = min(jobs or os.cpu_count() or 1, len(variants))
    with make_executor(jobs) as executor, Progress().begin(len(variants)) as progress:
        found = run_audit(loaded, variants, settings, executor, window=2 * jobs, advance=progress.advance)
    print_matrix(console, found)
    print_remarks(console, found)
    if durations:
        console.print()
        print_durations(console, measure_durations(loaded, found.results[0]), durations)
    if json_file is not None:
        write_text(json_file, as_json(found))
    console.print()
    for problem in found.problems:
        console.print(problem, markup=False, soft_wrap=True)
    count = len(found.problems)
    verdict = f"{count} problems" if count else "all have the right marks and hints"
    console.print(f"{len(variants)} variants, {len(loaded.checks)} checks: {verdict}.")
    return 1 if count else 0


def select(variants: Sequence[Variant], only: tuple[str, ...]) -> list[Variant]:
    """Return the reference, and each variant whose own name or function is in `only`. An empty `only` selects all.

    Raises UsageError for a name that selects nothing.
    """
    for name in only:
        if not any(name in names_of(one) for one in variants):
            raise UsageError(f"--only {name}: not a variant, and not a function with misconceptions. Correct the name.")
    return [one for one in variants if not only or one.name == REFERENCE or set(only) & names_of(one)]


def names_of(variant: Variant) -> set[str]:
    return {variant.name} | ({variant.misconception.function} if variant.misconception else set())


def as_json(audit: Audit) -> str:
    rows = [
        {
            "variant": result.id,
            "score": result.score,
            "checks": {check.id: check.status for check in result.checks},
            "points": {check.id: check.points for check in result.checks},
            "hints": {check.id: say_all(check.hints) for check in result.checks if check.hints},
        }
        for result in audit.results
    ]
    remarks = {"problems": audit.problems, "needless": audit.needless, "costly": audit.costly}
    return json.dumps({"variants": rows, **remarks}, indent=1) + "\n"


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
        console.print(f"{left_out} more lose no points here.\n" if left_out else "")
        start += len(block)
    console.print(LEGEND, soft_wrap=True)


def print_remarks(console: Console, audit: Audit) -> None:
    """Print findings for which the audit does not fail."""
    needless: dict[str, list[str]] = {}
    for check in audit.needless:
        function, _, name = check.rpartition(".")
        needless.setdefault(function, []).append(name)
    remarks = {
        "Checks that may be needless: other checks of the same function and visibility catch all that they catch.": (
            needless
        ),
        "Misconceptions that also cost marks in functions that are right:": audit.costly,
    }
    for title, lines in remarks.items():
        if lines:
            console.print(f"\n{title}")
        for name, others in lines.items():
            console.print(f"  {name}: {', '.join(others)}", markup=False, soft_wrap=True)


def blocks(groups: Groups, room: int) -> Iterator[Groups]:
    """Split the groups into blocks that fit into `room` side by side, with two spaces between groups."""
    block: Groups = {}
    for function, checks in groups.items():
        if block and sum(width(one) + 2 for one in (*block.values(), checks)) > room:
            yield block
            block = {}
        block[function] = checks
    yield block


def width(group: Sized) -> int:
    return max(2, len(group))  # above each group, the heading has a number of one or two digits


def headings(block: Groups, start: int, indent: int) -> Iterator[str]:
    """Yield lines that list the functions with their numbers, then one line with each number above its columns."""
    entries = (f"{number}\xa0{function}" for number, function in enumerate(block, start))
    yield from (line.replace("\xa0", " ") for line in textwrap.wrap("  ".join(entries), WIDTH))
    columns = "  ".join(str(number).ljust(width(group)) for number, group in enumerate(block.values(), start))
    yield " " * indent + columns.rstrip()


def letter_of(check: CheckResult | None) -> str:
    """Return the letter for the outcome of one check.

    `check` is None if the variant was not graded on the check, because the check runs no wrong function. A check that
    was not graded counts as passed.
    """
    if check is None:
        return LETTERS[PASSED]
    follows = check.follow_through and check.status == PASSED and not lost_points(check)
    return FOLLOWS if follows else LETTERS[check.status]


def cut(name: str) -> str:
    """Return the last WIDEST_NAME characters of a variant's name."""
    return name if len(name) <= WIDEST_NAME else "…" + name[1 - WIDEST_NAME :]


def print_durations(console: Console, durations: Sequence[Duration], count: int) -> None:
    """Print the durations of the slowest checks on the reference, and the total duration of all checks."""
    console.print(f"{'CPU':>8} {'graded':>8}")
    for one in durations[:count]:
        console.print(f"{one.cpu_s:7.3f}s {one.graded_s:7.3f}s {one.check}", soft_wrap=True)
    cpu_s, graded_s = sum(one.cpu_s for one in durations), sum(one.graded_s for one in durations)
    console.print(f"{cpu_s:7.3f}s {graded_s:7.3f}s all {len(durations)} checks on the reference")
