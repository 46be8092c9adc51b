"""`grader submit`: packs a student's files into one zip, ready to hand in."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from grader.assignment.load import load_assignment
from grader.atomic_files import write_bytes
from grader.intake.names import show
from grader.student.own_run import find_assignment
from grader.student.pack import gather, rehearse, zip_bytes

NAME: Final = "submission.zip"


@click.command()
@click.argument("path", default=".", type=click.Path(path_type=Path))
@click.option(
    "--assignment",
    type=click.Path(path_type=Path),
    help="Assignment folder. Default: assignment/ in PATH or in a folder above it.",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help=f"Zip to write. Default: {NAME} in PATH.")
def submit(path: Path, assignment: Path | None, out: Path | None) -> int:
    """Pack your files and notebooks into one zip, and list what is in it and what is missing.

    PATH is the folder that you work in. Missing files give a warning only: you may hand them in later.
    """
    loaded = load_assignment(assignment or find_assignment(path))
    packed = gather(path, loaded)
    out = out or path / NAME
    write_bytes(out, zip_bytes(packed.files))
    click.echo(f"{out}:")
    for name, content in packed.files.items():
        click.echo(f"  {show(name):40} {len(content):>10,} bytes")
    warnings = [*packed.warnings, *rehearse(out, loaded)]
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo("Packed. " + ("Read the warnings, then hand it in." if warnings else "Hand in this file."))
    return 0
