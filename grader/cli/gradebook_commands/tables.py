"""Commands that print, export, import or copy what the gradebook holds: grades, history, runs, adjustments, backups."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from grader.cli.commands import FILE
from grader.cli.gradebook_commands.desk import Desk, grade_lines, say
from grader.errors import UsageError

ADJUSTMENTS: Final = "adjustments.csv"


@click.command()
@click.argument("submission", default="")
@click.pass_obj
def show(desk: Desk, submission: str) -> int:
    """Show the grades of all submissions; with SUBMISSION, the grade of one, with its parts."""
    with desk.at() as (book, assignment):
        from grader.gradebook.grades import grade_of, grades_of

        grades = [grade_of(book, assignment.title, submission)] if submission else grades_of(book, assignment.title)
        for grade in grades:
            lines = list(grade_lines(grade))
            for line in lines if submission or grade.is_decided else lines[:1]:
                say(line)
    return 0


@click.command()
@click.option("--open", "is_open", is_flag=True, help="Only requests without an answer.")
@click.pass_obj
def requests(desk: Desk, is_open: bool) -> int:
    """List the regrade requests and their answers."""
    with desk.at() as (book, assignment):
        from grader.gradebook.requests import requests_of

        for one in requests_of(book, assignment.title):
            if one.is_open or not is_open:
                asked = f"{one.asked_at:%Y-%m-%d %H:%M} UTC"
                say(f"{one.number}: {one.submission}, {one.part}, {asked}: {one.question}")
                say(f"   {one.answer or 'not answered yet'}")
    return 0


@click.command()
@click.argument("submission", default="")
@click.option("--student", default="", metavar="KEY", help="Only changes that concern this student.")
@click.option("--last", type=click.IntRange(1), default=100, show_default=True, help="Number of changes.")
@click.pass_obj
def history(desk: Desk, submission: str, student: str, last: int) -> int:
    """List who changed what in the gradebook, and when; the latest change is the last line."""
    with desk.open() as book:
        from grader.gradebook.changes import changes

        for one in changes(book, assignment=desk.title, submission=submission, student=student, last=last):
            whom = one.submission or one.student or one.assignment
            states = " -> ".join(", ".join(f"{k}={v}" for k, v in s.items()) for s in (one.before, one.after) if s)
            say(f"{one.number}: {one.when:%Y-%m-%d %H:%M:%S} UTC, {one.who}: {one.what} {one.action}, {whom}: {states}")
    return 0


@click.command()
@click.pass_obj
def runs(desk: Desk) -> int:
    """List the grading runs: when, by whom, how many submissions, and which versions of assignment and grader."""
    with desk.open() as book:
        from grader.gradebook.runs import runs_of

        for one in runs_of(book, desk.title):
            counts = ", ".join(f"{count} {what}" for what, count in one.counts.items())
            made = ", ".join(f"{name} {one.hashes.get(name, '')[:12]}" for name in ("assignment", "grader", "numpy"))
            say(f"{one.number}: {one.ended:%Y-%m-%d %H:%M} UTC, {one.who}, {one.output}: {counts}; {made}")
    return 0


@click.command("export")
@click.argument("file", type=FILE, default=ADJUSTMENTS)
@click.pass_obj
def export_adjustments(desk: Desk, file: Path) -> int:
    """Write all adjustments as a table that staff can change in a spreadsheet and import again."""
    from grader.atomic_files import write_bytes

    with desk.at() as (book, assignment):
        from grader.gradebook.adjusting import adjustments_of
        from grader.gradebook.adjustments_csv import adjustments_csv

        found = adjustments_of(book, assignment.title)
        write_bytes(file, adjustments_csv(found))
        say(f"{file}: {len(found)} adjustments")
    return 0


@click.command("import")
@click.argument("file", type=FILE, default=ADJUSTMENTS)
@click.pass_obj
def import_table(desk: Desk, file: Path) -> int:
    """Import a table of adjustments. A new or changed row sets an adjustment; a row without points withdraws it."""
    with desk.at() as (book, assignment):
        from grader.gradebook.adjustments_csv import import_adjustments

        done = import_adjustments(book, assignment, file, desk.who)
        say(f"{done.made} made, {done.changed} changed, {done.withdrawn} withdrawn, {done.same} as before")
    return 0


@click.command()
@click.argument("file", type=FILE)
@click.pass_obj
def backup(desk: Desk, file: Path) -> int:
    """Copy a SQLite gradebook to a file, also while others use the gradebook, and verify the copy."""
    if not file.parent.is_dir():
        raise UsageError(f"{file.parent}: does not exist, expected a folder. Make it, or name another.")
    with desk.open() as book:
        from grader.gradebook.book import back_up

        back_up(book, file)
        say(f"{book.place}: copied to {file}")
    return 0


TABLES: Final = (show, requests, history, runs, export_adjustments, import_table, backup)
