"""`grader compare`: who gained or lost points between two gradings of a class, through which check, and why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from grader.atomic_files import write_text
from grader.cli.commands import FILE, FOLDER
from grader.errors import UsageError
from grader.records import Result
from grader.report.pages import compare_page
from grader.report.regraded import Regraded
from grader.report.regraded_lines import as_csv, as_json, lines_of
from grader.running.output_folder import stored, stored_ids

FORMS: Final[dict[str, Callable[[Regraded], str]]] = {"json": as_json, "csv": as_csv}


@click.command()
@click.argument("old", type=FOLDER)
@click.argument("new", type=FOLDER)
@click.option("--json", "form", flag_value="json", help="Print JSON.")
@click.option("--csv", "form", flag_value="csv", help="Print CSV: a row for each check whose points changed.")
@click.option("--html", type=FILE, help="Also write a page to this file.")
def compare(old: Path, new: Path, form: str | None, html: Path | None) -> int:
    """Show who gained or lost how much between two gradings of a class, through which check, and why.

    OLD and NEW are output folders of `grader grade`. A regrade into the same output folder shows these changes at its
    end; a regrade with --dry-run shows the changes and replaces no result.
    """
    regraded, title = compare_folders(old, new)
    if html is not None:
        between = f"{old.name or old} → {new.name or new}"
        linked = html.resolve().parent == new.resolve()
        write_text(html, compare_page(regraded, title=title, between=between, linked=linked))
        click.echo(f"Page: {html}", err=form is not None)
    if form is not None:
        click.echo(FORMS[form](regraded), nl=False)
    else:
        for line in lines_of(regraded):
            click.echo(line)
    return 0


def compare_folders(old: Path, new: Path) -> tuple[Regraded, str]:
    """Return the changes between two output folders, and the assignment's title.

    Holds only one result of each folder in memory at a time, and the changes.
    """
    regraded, title = Regraded(), ""
    before, after = (known_ids(folder) for folder in (old, new))
    for name in after:
        later = read(new, name)
        title = str(later.assignment.get("title", title))
        if name in before:
            regraded.add(read(old, name), later)
        else:
            regraded.new.append(name)
    regraded.gone += [name for name in before if name not in set(after)]
    return regraded, title


def known_ids(folder: Path) -> list[str]:
    ids = stored_ids(folder)
    if not ids:
        raise UsageError(f"{folder}: no results found, expected an output folder of grader grade.")
    return ids


def read(folder: Path, name: str) -> Result:
    result = stored(folder, name)
    if result is None:
        raise UsageError(f"{folder}/results/{name}.json: cannot be read. Grade this submission again.")
    return result
