"""`grader submit`: packs a student's files into one zip, ready to hand in, and reports known faults of the files.

    gather ─► the zip ─► read_back ─► rehearse: what grading would leave out
                                  └─► the public checks: what is wrong, not written, not answered

The command writes the zip first. No fault of the files, and no failure of a check, keeps a student from handing in.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from grader.assignment.load import load_assignment
from grader.atomic_files import write_bytes
from grader.errors import GraderError
from grader.intake.names import show
from grader.report.standing import RIGHT, WRONG, Standing, standing_of
from grader.report.text import visible
from grader.student.own_run import find_assignment, find_place, run_own
from grader.student.pack import gather, open_answers, read_back, rehearse, zip_bytes

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
    """Pack your files and notebooks into one zip, and list what is in it, what is missing and what is wrong.

    PATH is the folder that you work in. You may hand in the zip even if it lists faults: a missing or wrong function
    costs only its own points.
    """
    loaded = load_assignment(assignment or find_assignment(path))
    packed = gather(path, loaded)
    out = out or path / NAME
    write_bytes(out, zip_bytes(packed.files))
    click.echo(f"{out}:")
    for name, content in packed.files.items():
        click.echo(f"  {show(name):40} {len(content):>10,} bytes")
    submission = read_back(out, loaded)
    warnings = [*packed.warnings, *rehearse(submission)]
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    try:
        place = find_place(path, assignment)
        # Check the files of the folder, not of the zip: the zip lacks handed-out files, which some functions need.
        faults = known_faults(standing_of(run_own(place, place.functions)))
    except GraderError as error:  # not a reason to fail: the zip is already written
        click.echo(f"warning: the public checks could not be run: {error}", err=True)
    else:
        for line in (*faults, *open_answers(submission.notebooks)):
            click.echo(visible(line))
    click.echo("Packed. " + ("Read the warnings, then hand it in." if warnings else "Hand in this file."))
    return 0


def known_faults(standing: Standing) -> Iterator[str]:
    """Yield how many functions pass the public checks, what is wrong with the others, and which are not written."""
    yield f"Public checks: {standing.ending}"
    for row in standing.rows:
        if row.standing == WRONG:
            what = f"the same as {row.same_as}" if row.same_as else row.messages[0]
            yield f"  {row.name} ({row.where}): {what}"
    for kind in dict.fromkeys(row.standing for row in standing.rows if row.standing not in (RIGHT, WRONG)):
        yield f"  {kind}: {', '.join(row.name for row in standing.rows if row.standing == kind)}"
