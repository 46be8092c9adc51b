"""`grader audit`: does grading tell right from wrong, and tell the student why?"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console

from grader.atomic_files import write_text
from grader.authoring.audit import Audit, measure, run_audit
from grader.authoring.variants import REFERENCE, Variant, make_variants
from grader.cli.commands import FILE, assignment_option
from grader.cli.screen.matrix import WIDTH, print_durations, print_matrix, print_remarks
from grader.cli.screen.progress import Progress
from grader.errors import UsageError
from grader.grading.context import Settings, prepare
from grader.messages.say import say_all
from grader.running.job_pool import make_executor
from grader.sandbox.host.isolation import KINDS


@click.command()
@assignment_option
@click.option("--jobs", default=0, type=click.IntRange(0), help="Variants at once; as many as there are cores if 0.")
@click.option(
    "--only", multiple=True, metavar="NAME", help="A variant, or all of a function. May be given more than once."
)
@click.option("--python", default=sys.executable, metavar="EXE", help="The Python, with its NumPy, to run variants.")
@click.option(
    "--sandbox", default="auto", show_default=True, type=click.Choice(KINDS), help="auto refuses without isolation."
)
@click.option("--durations", default=0, type=click.IntRange(0), metavar="N", help="Show the N dearest checks.")
@click.option("--json", "json_file", type=FILE, help="Write the matrix there, too.")
def audit(
    assignment: Path,
    jobs: int,
    only: tuple[str, ...],
    python: str,
    sandbox: str,
    durations: int,
    json_file: Path | None,
) -> int:
    """Grade the reference, the empty template, constants, learned answers and every misconception; exit 1 if one of
    them gets other marks or another hint than it must."""
    console = Console(width=WIDTH, highlight=False)
    settings = Settings(str(assignment.resolve()), python, sandbox)
    loaded = prepare(settings).assignment
    variants = select(list(make_variants(loaded)), only)
    jobs = min(jobs or os.cpu_count() or 1, len(variants))
    with make_executor(jobs) as executor, Progress().begin(len(variants)) as progress:
        found = run_audit(loaded, variants, settings, executor, window=2 * jobs, advance=progress.advance)
    print_matrix(console, found)
    print_remarks(console, found)
    if durations:
        console.print()
        print_durations(console, measure(loaded, found.results[0]), durations)
    if json_file is not None:
        write_text(json_file, as_json(found))
    console.print()
    for problem in found.problems:
        console.print(problem, markup=False, soft_wrap=True)
    count = len(found.problems)
    verdict = f"{count} problems" if count else "every one has the marks and the hint it must have"
    console.print(f"{len(variants)} variants, {len(loaded.checks)} checks: {verdict}.")
    return 1 if count else 0


def select(variants: Sequence[Variant], only: tuple[str, ...]) -> list[Variant]:
    """The reference, and the variants that are named or are misconceptions of a function that is named; else all."""
    for name in only:
        if not any(name in names_of(one) for one in variants):
            raise UsageError(f"--only {name}: no such variant or function with misconceptions.")
    return [one for one in variants if not only or one.name == REFERENCE or set(only) & names_of(one)]


def names_of(variant: Variant) -> set[str]:
    return {variant.name} | ({variant.misconception.function} if variant.misconception else set())


def as_json(audit: Audit) -> str:
    rows = [
        {
            "variant": result.id,
            "score": result.score,
            "checks": {check.id: check.status for check in result.checks},
            "points": {check.id: check.points for check in result.checks},
            "hints": {check.id: say_all(check.hints) for check in result.checks if check.hints},
        }
        for result in audit.results
    ]
    remarks = {"problems": audit.problems, "needless": audit.needless, "costly": audit.costly}
    return json.dumps({"variants": rows, **remarks}, indent=1) + "\n"
