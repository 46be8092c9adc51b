"""`grader compare`: who gained or lost points between two gradings of a class, through which check, and why."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import click

from grader.atomic_files import write_text
from grader.cli.commands import FILE
from grader.errors import UsageError
from grader.gradebook.place import FILE_NAME
from grader.records import Result
from grader.report.pages import compare_page
from grader.report.regraded import Regraded
from grader.report.regraded_lines import as_csv, as_json, lines_of
from grader.running.output_folder import stored, stored_ids

FORMS: Final[dict[str, Callable[[Regraded], str]]] = {"json": as_json, "csv": as_csv}
RUN: Final = re.compile(r"run:([0-9]{1,9})")


class Grading(Protocol):
    """One grading of a class: an output folder, or a run in the gradebook."""

    @property
    def name(self) -> str: ...

    def ids(self) -> list[str]: ...

    def key(self, submission: str) -> object:
        """Two gradings with the same key of a submission have the same marks for it, so neither needs to be read."""

    def read(self, submission: str) -> Result: ...


@dataclass(frozen=True)
class OutputFolder:
    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name or str(self.folder)

    def ids(self) -> list[str]:
        ids = stored_ids(self.folder)
        if not ids:
            raise UsageError(
                f"{self.folder}: no results found, expected an output folder of grader grade, or run:N for a run that "
                "grader gradebook runs lists."
            )
        return ids

    def key(self, submission: str) -> object:
        return self.folder, submission

    def read(self, submission: str) -> Result:
        result = stored(self.folder, submission)
        if result is None:
            raise UsageError(f"{self.folder}/results/{submission}.json: cannot be read. Grade this submission again.")
        return result


@click.command()
@click.argument("old")
@click.argument("new")
@click.option("--json", "form", flag_value="json", help="Print JSON.")
@click.option("--csv", "form", flag_value="csv", help="Print CSV: a row for each check whose points changed.")
@click.option("--html", type=FILE, help="Also write a page to this file.")
@click.option(
    "--gradebook",
    metavar="URL",
    default=FILE_NAME,
    show_default=True,
    envvar="GRADER_GRADEBOOK",
    help="The gradebook of run:N: a file or postgresql://….",
)
def compare(old: str, new: str, form: str | None, html: Path | None, gradebook: str) -> int:
    """Show who gained or lost how much between two gradings of a class, through which check, and why.

    OLD and NEW are output folders of `grader grade`, or runs in the gradebook: run:3 is the run that
    `grader gradebook runs` lists as number 3. A regrade into the same output folder shows these changes at its end; a
    regrade with --dry-run shows the changes and replaces no result.
    """
    before, after = (open_grading(word, gradebook) for word in (old, new))
    regraded, title = compare_gradings(before, after)
    if html is not None:
        linked = isinstance(after, OutputFolder) and html.resolve().parent == after.folder.resolve()
        write_text(html, compare_page(regraded, title=title, between=f"{before.name} → {after.name}", linked=linked))
        click.echo(f"Page: {html}", err=form is not None)
    if form is not None:
        click.echo(FORMS[form](regraded), nl=False)
    else:
        for line in lines_of(regraded):
            click.echo(line)
    return 0


def open_grading(word: str, url: str) -> Grading:
    """Open what OLD or NEW names. Raises UsageError if there is no such run."""
    number = RUN.fullmatch(word)
    if number is None:
        return OutputFolder(Path(word))
    try:
        from grader.gradebook.book import open_gradebook
        from grader.gradebook.run_results import results_of_run
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{word}: {error.name} is not installed, so the gradebook cannot be read. Run pip install "
            "'layergrader[gradebook]'."
        ) from None
    with open_gradebook(url, make=False) as book:
        return results_of_run(book, int(number[1]))


def compare_gradings(old: Grading, new: Grading) -> tuple[Regraded, str]:
    """Return the changes between two gradings, and the assignment's title.

    Holds only one result of each in memory at a time, and the changes.
    """
    regraded = Regraded()
    before, after = old.ids(), new.ids()
    titles = title_of(old, before), title_of(new, after)
    if all(titles) and titles[0] != titles[1]:
        raise UsageError(f"{old.name} is of {titles[0]!r}, {new.name} of {titles[1]!r}: expected the same assignment.")
    known, still_there = set(before), set(after)
    for name in after:
        if name not in known:
            regraded.new.append(name)
        elif old.key(name) == new.key(name):
            regraded.same += 1
        else:
            regraded.add(old.read(name), new.read(name))
    regraded.gone += [name for name in before if name not in still_there]
    return regraded, titles[1] or titles[0]


def title_of(grading: Grading, ids: list[str]) -> str:
    return str(grading.read(ids[0]).assignment.get("title", "")) if ids else ""
