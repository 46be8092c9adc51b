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

    DIR must be empty or not exist yet. DIR/README.md explains each file and names the next command.
    """
    names = write_new(folder)
    click.echo(f"{folder}: written ({len(names)} files). Next: cd {folder}; grader grade submissions")
    return 0
