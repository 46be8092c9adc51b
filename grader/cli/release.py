"""`grader release`: writes the zip that students get."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from grader.assignment.load import load_assignment
from grader.atomic_files import write_bytes
from grader.authoring.make_release import make_release
from grader.cli.commands import FILE, assignment_option
from grader.student.pack import zip_bytes

NAME: Final = "dist/student_template.zip"


@click.command()
@assignment_option
@click.option("--out", type=FILE, help=f"Zip to write. Default: {NAME} beside the assignment folder.")
def release(assignment: Path, out: Path | None) -> int:
    """Pack the zip for students: the template, the notebooks, the public checks, and this grader to run them.

    Writes nothing if a file of the zip contains a line of a solution, a hidden check or a misconception.
    """
    files = make_release(load_assignment(assignment))
    content = zip_bytes(files)
    out = out or assignment.parent / NAME
    write_bytes(out, content)
    click.echo(f"{out}: written ({len(files)} files, {len(content) / 1024:.0f} KiB)")
    return 0
