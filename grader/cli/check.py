"""`grader check`: a student's own run of the public checks, on any system; with `--watch` again after every save.

    find_place ─► run_own ─► a table of functions, what to do next ─► saves ─► what the saved file touches ─► …

Watching polls times and sizes: a package has two dozen files, any file system will do, and nothing needs to be
installed.
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
from grader.cli.screen.progress import literal
from grader.errors import UsageError
from grader.function_ids import file_of
from grader.messages.say import say
from grader.records import Result, Submission
from grader.report.pages import feedback_page
from grader.report.standing import ABSENT, RIGHT, WAITS, WRONG, Standing, StandingRow, standing_of
from grader.student.changed_functions import Unfinished
from grader.student.own_run import Place, find_place, read_own, run_own, select, touched_by, with_rerun

PAGE: Final = "feedback.html"
STYLES: Final = {RIGHT: "green", WRONG: "bold red", ABSENT: "dim", WAITS: "yellow"}
POLL_S: Final = 0.1
SETTLE_S: Final = 0.03  # an editor that writes a file in parts is done by then, or a later save is seen

Stamps = dict[Path, tuple[int, int]]


@click.command()
@click.argument("what", nargs=-1, metavar="[PATH] [NAME]...")
@click.option(
    "--assignment", type=click.Path(path_type=Path), help="Assignment folder, if not assignment/ here or above."
)
@click.option("--watch", "is_watching", is_flag=True, help="Stay, and run again what a save touches.")
@click.option("--html", is_flag=True, help=f"Write {PAGE} beside the package and open it.")
def check(what: tuple[str, ...], assignment: Path | None, is_watching: bool, html: bool) -> int:
    """Run the public checks on your own code: what is right, what is wrong and what is not there yet.

    PATH is your folder, this one if not given. NAME narrows to functions whose name holds it, or to those of a file:
    check conv_forward, check optim.py.
    Exits with 0 if all of it passed, else with 1.
    """
    path, names = split(what)
    place = find_place(path, assignment)
    functions = select(place, names)
    console = Console(highlight=False)
    changes = saves(place.package)  # from here on: what is saved while the first run lasts is seen, too
    submission = read_own(place)
    result = run_own(place, functions, submission)
    standing = standing_of(result, selection=" ".join(names))
    for note in result.notes[:-1]:
        console.print(literal(say(note)), soft_wrap=True)
    show_rows(console, standing.rows)
    if html:
        page = place.package.parent / PAGE
        write_text(page, feedback_page(result))
        console.print(f"Page: {literal(str(page))}", soft_wrap=True)
        webbrowser.open(page.as_uri())
    show_summary(console, standing)
    if is_watching:
        result = watch(place, functions, result, submission, console, changes)
    return 0 if standing_of(result).all_right else 1


def split(what: tuple[str, ...]) -> tuple[Path, tuple[str, ...]]:
    """The first word is the path if there is such a folder, or if it cannot be a name of a function or a file."""
    if what and (Path(what[0]).is_dir() or (("/" in what[0] or "\\" in what[0]) and not what[0].endswith(".py"))):
        return Path(what[0]), what[1:]
    return Path(), what


def show_rows(console: Console, rows: Sequence[StandingRow]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("function", "is", "where"):
        table.add_column(title, no_wrap=title != "where", overflow="fold")
    for row in rows:
        standing = f"[{STYLES[row.standing]}]{row.standing}[/]"
        same = f" (the same as {literal(row.same_as)})" if row.same_as else ""
        table.add_row(literal(row.name), standing, literal(row.where) + same)
    console.print(table)
    for row in rows:
        if row.messages or row.hints:
            console.print(f"\n[{STYLES[row.standing]}]{literal(row.name)}[/]")
        for text in row.messages:
            console.print(Padding(literal(text), (0, 0, 0, 2), expand=False))
        for text in row.hints:
            console.print(Padding(f"[italic]{literal(text)}[/]", (0, 0, 0, 4), expand=False))
    console.print()


def show_summary(console: Console, standing: Standing) -> None:
    if standing.next:
        console.print(f"next: {literal(standing.next)}", style="bold", soft_wrap=True)
    console.print(standing.ending, soft_wrap=True)


def saves(folder: Path, *, poll_s: float = POLL_S) -> Iterator[None]:
    """Yields after each change of a Python file below the folder since this call, once it has settled. Never ends."""
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
        with contextlib.suppress(OSError):  # taken away between the listing and the look, as editors do
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
    """Run again what each change touches. Returns the last result, when there are no more changes or on Ctrl-C.

    submission: the files that `result` is about.
    """
    console.print(f"Watching {literal(str(place.package))}; Ctrl-C ends.", soft_wrap=True)
    try:
        for _ in changes:
            try:
                now = read_own(place)
                touched = tuple(f for f in touched_by(place, submission.files, now.files) if f in functions)
            except (Unfinished, UsageError) as error:
                console.print(f"{literal(str(error))} Waiting for the next save.", soft_wrap=True)
                continue
            if not touched:
                console.print("Saved; nothing that is checked has changed.")
            for some in own_first(touched, submission, now):
                result = with_rerun(result, run_own(place, some, now))
                show_rows(console, [row for row in standing_of(result).rows if row.function in some])
            submission = now
            if touched:
                show_summary(console, standing_of(result))
    except KeyboardInterrupt:
        console.print()
    return result


def own_first(functions: tuple[str, ...], before: Submission, after: Submission) -> list[tuple[str, ...]]:
    """The functions of the files that were saved, then all others: the answer is there before the nets have trained."""
    saved = {name for name in {*before.files, *after.files} if before.files.get(name) != after.files.get(name)}
    own = tuple(function for function in functions if file_of(function) in saved)
    others = tuple(function for function in functions if function not in own)
    return [some for some in (own, others) if some]
