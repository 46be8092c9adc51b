"""`grader new`: a new assignment."""

from __future__ import annotations

from pathlib import Path

import click

from grader.authoring.new_assignment import write_new
from grader.cli.commands import FOLDER


@click.command()
@click.argument("folder", metavar="DIR", type=FOLDER)
def new(folder: Path) -> int:
    """Write a new assignment that grades at once: one function, its checks, a misconception and two submissions.

    DIR is a folder that is not there yet. DIR/README.md says what each file is and which command comes next.
    """
    names = write_new(folder)
    click.echo(f"{folder}: written ({len(names)} files). Next: cd {folder}; grader grade submissions")
    return 0
