"""`grader template`: generates the students' package from the reference."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from grader.assignment.load import load_assignment
from grader.authoring.make_template import drift, make_template, write_template
from grader.cli.commands import FOLDER, assignment_option

NAME: Final = "student_template"


@click.command()
@assignment_option
@click.option("--out", type=FOLDER, help=f"Folder to write. Default: {NAME} beside the assignment folder.")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if the folder is out of date.")
def template(assignment: Path, out: Path | None, check: bool) -> int:
    """Write the students' package: the reference without its solutions, and the files that come with it."""
    files = make_template(load_assignment(assignment))
    out = out or assignment.parent / NAME
    if not check:
        write_template(out, files)
    lines = drift(out, files)
    for line in lines:
        click.echo(line, err=True)
    state = f"up to date ({len(files)} files)" if check else f"written ({len(files)} files)"
    click.echo(f"{out}: " + ("out of date. Run grader template." if lines else state))
    return 1 if lines else 0
