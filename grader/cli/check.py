"""`grader check`: a student's own run of the public checks, on any system."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from grader.atomic_files import write_text
from grader.cli.screen.progress import literal
from grader.cli.screen.standing import show_rows, show_summary
from grader.cli.watch import saves, watch
from grader.messages.say import say
from grader.records import Result
from grader.report.pages import feedback_page
from grader.report.standing import standing_of
from grader.student.own_run import Place, find_place, read_own, run_own, select

NOT_YET: Final = 1
PAGE: Final = "feedback.html"


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
    console = Console()
    changes = saves(place.package)  # from here on: what is saved while the first run lasts is seen, too
    submission = read_own(place)
    result = run_own(place, functions, submission)
    standing = standing_of(result, asked=" ".join(names))
    for note in result.notes[:-1]:
        console.print(literal(say(note)), highlight=False, soft_wrap=True)
    show_rows(console, standing.rows)
    if html:
        show_page(console, place, result)
    show_summary(console, standing)
    if is_watching:
        result = watch(place, functions, result, submission, console, changes)
    return 0 if standing_of(result).all_right else NOT_YET


def split(what: tuple[str, ...]) -> tuple[Path, tuple[str, ...]]:
    """The first word is the path if there is such a folder, or if it cannot be a name of a function or a file."""
    if what and (Path(what[0]).is_dir() or (("/" in what[0] or "\\" in what[0]) and not what[0].endswith(".py"))):
        return Path(what[0]), what[1:]
    return Path(), what


def show_page(console: Console, place: Place, result: Result) -> None:
    page = place.package.parent / PAGE
    write_text(page, feedback_page(result))
    console.print(f"Page: {literal(str(page))}", highlight=False, soft_wrap=True)
    webbrowser.open(page.as_uri())
