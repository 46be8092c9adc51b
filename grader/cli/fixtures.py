"""`grader fixtures`: generates the expected arrays from the reference."""

from __future__ import annotations

from pathlib import Path

import click

from grader.assignment.load import load_assignment
from grader.authoring.make_fixtures import drift, make_fixtures, write_fixtures
from grader.cli.commands import assignment_option


@click.command()
@assignment_option
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if the fixtures are out of date.")
def fixtures(assignment: Path, check: bool) -> int:
    """Run every check on the reference and on every misconception, and store the results."""
    loaded = load_assignment(assignment)
    made = make_fixtures(loaded)
    count = f"{len(loaded.checks)} checks, {len(loaded.misconceptions)} misconceptions"
    for solution, functions in made.lacking.items():
        if functions:
            click.echo(
                f"right solution {solution}: has no {', '.join(functions)}; used the reference's instead.", err=True
            )
    if not check:
        write_fixtures(loaded, made)
        click.echo(f"{loaded.folder / 'fixtures'}: written ({count})")
        return 0
    lines = drift(loaded, made)
    for line in lines:
        click.echo(line, err=True)
    state = "out of date. Run grader fixtures." if lines else f"up to date ({count})"
    click.echo(f"{loaded.folder / 'fixtures'}: {state}")
    return 1 if lines else 0
