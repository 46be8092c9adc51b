"""`grader check`: a student runs the public checks on their own code, on any system; `--watch` reruns after each save.

    find_place ─► run_own ─► table of functions, what to do next ─► a save ─► rerun the functions it affects ─► …

`--watch` polls the modification times and sizes of files. Polling is cheap, because a package has two dozen files.
Polling works on every file system and needs no further library.
"""

from __future__ import annotations

import contextlib
import time
import webbrowser
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from grader.atomic_files import write_text
from grader.cli.screen.progress import terminal_safe
from grader.errors import UsageError
from grader.function_ids import file_of
from grader.messages.say import say
from grader.records import Result, Submission
from grader.report.pages import own_page
from grader.report.standing import ABSENT, RIGHT, WAITS, WRONG, Standing, StandingRow, standing_of
from grader.student.changed_functions import Unfinished
from grader.student.own_run import Place, find_place, read_own, run_own, select, touched_by, with_rerun

PAGE: Final = "feedback.html"
STYLES: Final = {RIGHT: "green", WRONG: "bold red", ABSENT: "dim", WAITS: "yellow"}
POLL_S: Final = 0.1
SETTLE_S: Final = 0.03  # most editors need less time to write a file; the rest of a slower write counts as a new save

Stamps = dict[Path, tuple[int, int]]


@click.command()
@click.argument("what", nargs=-1, metavar="[PATH] [NAME]...")
@click.option(
    "--assignment",
    type=click.Path(path_type=Path),
    help="Assignment folder. Default: assignment/ in PATH or in a folder above it.",
)
@click.option("--watch", "is_watching", is_flag=True, help="Keep running: after each save, rerun what it affects.")
@click.option("--html", is_flag=True, help=f"Write {PAGE} beside the package and open it in a browser.")
def check(what: tuple[str, ...], assignment: Path | None, is_watching: bool, html: bool) -> int:
    """Run the public checks on your own code. Shows which functions are right, wrong or not written yet.

    PATH is your folder (default: the current one). NAME selects functions by full name, part of a name, or file:
    check conv_forward, check optim.py.
    Exits with 0 if all selected checks passed, else with 1.
    """
    path, names = split(what)
    place = find_place(path, assignment)
    functions = select(place, names)
    console = Console(highlight=False)
    changes = saves(place.package)  # call this before the first run, to notice saves during the run, too
    submission = read_own(place)
    result = run_own(place, functions, submission)
    standing = standing_of(result, selection=" ".join(names))
    for note in result.notes[:-1]:
        console.print(terminal_safe(say(note)), soft_wrap=True)
    show_rows(console, standing.rows)
    if html:
        page = place.package.parent / PAGE
        write_text(page, own_page(result))
        console.print(f"Page: {terminal_safe(str(page))}", soft_wrap=True)
        webbrowser.open(page.as_uri())
    show_summary(console, standing)
    if is_watching:
        result = watch(place, functions, result, submission, console, changes)
    return 0 if standing_of(result).all_right else 1


def split(what: tuple[str, ...]) -> tuple[Path, tuple[str, ...]]:
    """Split the arguments of the command into a path and names of functions.

    The first argument is a path if such a folder exists, or if the argument has a slash and does not end in .py.
    """
    if what and (Path(what[0]).is_dir() or (("/" in what[0] or "\\" in what[0]) and not what[0].endswith(".py"))):
        return Path(what[0]), what[1:]
    return Path(), what


def show_rows(console: Console, rows: Sequence[StandingRow]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("function", "is", "where"):
        table.add_column(title, no_wrap=title != "where", overflow="fold")
    for row in rows:
        standing = f"[{STYLES[row.standing]}]{row.standing}[/]"
        same = f" (the same as {terminal_safe(row.same_as)})" if row.same_as else ""
        table.add_row(terminal_safe(row.name), standing, terminal_safe(row.where) + same)
    console.print(table)
    for row in rows:
        if row.messages or row.hints:
            console.print(f"\n[{STYLES[row.standing]}]{terminal_safe(row.name)}[/]")
        for text in row.messages:
            console.print(Padding(terminal_safe(text), (0, 0, 0, 2), expand=False))
        for text in row.hints:
            console.print(Padding(f"[italic]{terminal_safe(text)}[/]", (0, 0, 0, 4), expand=False))
    console.print()


def show_summary(console: Console, standing: Standing) -> None:
    if standing.next:
        console.print(f"next: {terminal_safe(standing.next)}", style="bold", soft_wrap=True)
    console.print(standing.ending, soft_wrap=True)


def saves(folder: Path, *, poll_s: float = POLL_S) -> Iterator[None]:
    """Yield after each save of Python files below the folder, when the editor has finished writing. Never ends.

    The first save that counts is the first one after this call.
    """
    known = stamps(folder)

    def follow(known: Stamps) -> Iterator[None]:
        while True:
            time.sleep(poll_s)
            now = stamps(folder)
            if now != known:
                while now != known:
                    time.sleep(SETTLE_S)
                    known, now = now, stamps(folder)
                yield

    return follow(known)


def stamps(folder: Path) -> Stamps:
    found: Stamps = {}
    for path in folder.rglob("*.py"):
        with contextlib.suppress(OSError):  # an editor may have removed the file meanwhile
            stat = path.stat()
            found[path] = (stat.st_mtime_ns, stat.st_size)
    return found


def watch(
    place: Place,
    functions: tuple[str, ...],
    result: Result,
    submission: Submission,
    console: Console,
    changes: Iterable[None],
) -> Result:
    """After each save, rerun the checks of the functions that the save affects.

    Returns the last result, on Ctrl-C or when `changes` ends. submission: the files that gave `result`.
    """
    console.print(f"Watching {terminal_safe(str(place.package))}. Press Ctrl-C to stop.", soft_wrap=True)
    try:
        for _ in changes:
            try:
                now = read_own(place)
                touched = tuple(f for f in touched_by(place, submission.files, now.files) if f in functions)
            except (Unfinished, UsageError) as error:
                console.print(f"{terminal_safe(str(error))} Waiting for the next save.", soft_wrap=True)
                continue
            if not touched:
                console.print("Saved. No checked function changed.")
            for some in saved_files_first(touched, submission, now):
                result = with_rerun(result, run_own(place, some, now))
                show_rows(console, [row for row in standing_of(result).rows if row.function in some])
            submission = now
            if touched:
                show_summary(console, standing_of(result))
    except KeyboardInterrupt:
        console.print()
    return result


def saved_files_first(functions: tuple[str, ...], before: Submission, after: Submission) -> list[tuple[str, ...]]:
    """Split `functions` into those of the saved files and all others.

    The student sees the results for the saved files first, without waiting for the others (nets are slow).
    """
    saved = {name for name in {*before.files, *after.files} if before.files.get(name) != after.files.get(name)}
    own = tuple(function for function in functions if file_of(function) in saved)
    others = tuple(function for function in functions if function not in own)
    return [some for some in (own, others) if some]
