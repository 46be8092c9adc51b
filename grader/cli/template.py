"""`grader template`: generates the students' package from the reference."""

from __future__ import annotations

from pathlib import Path

import click

from grader.assignment.load import load_assignment
from grader.authoring.make_template import drift, make_template, write_template
from grader.cli.commands import assignment_option


@click.command()
@assignment_option
@click.option(
    "--out", default="student_template", show_default=True, type=click.Path(path_type=Path), help="Folder to write."
)
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if the folder is out of date.")
def template(assignment: Path, out: Path, check: bool) -> int:
    """Write the students' package: the reference without its solutions, and the files that come with it."""
    files = make_template(load_assignment(assignment))
    if not check:
        write_template(out, files)
    lines = drift(out, files)
    for line in lines:
        click.echo(line, err=True)
    state = f"up to date ({len(files)} files)" if check else f"written ({len(files)} files)"
    click.echo(f"{out}: " + ("out of date. Run make template." if lines else state))
    return 1 if lines else 0
