"""`grader export`: write grades and feedback as files that a learning platform imports."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import click

from grader.assignment.load import load_assignment
from grader.atomic_files import write_bytes
from grader.cli.commands import FILE, FOLDER, assignment_option
from grader.cli.screen.progress import terminal_safe
from grader.delivery import canvas, gradescope, moodle, plain_files
from grader.delivery.feedback_zip import write_zips
from grader.delivery.from_output import hand_backs
from grader.delivery.hand_back import Filled, HandBack
from grader.errors import UsageError
from grader.gradebook.place import beside
from grader.intake.names import few
from grader.messages.say import say

HOW_TO_GET: Final = {
    "canvas": "the gradebook that you export in Canvas under Grades, Export, Export Entire Gradebook",
    "moodle": "the worksheet that you download in Moodle under Assignment, Actions, Download grading worksheet",
}
MOST_NAMED: Final = 8


@click.command()
@click.option(
    "--to",
    "platform",
    required=True,
    type=click.Choice(["canvas", "moodle", "gradescope", "csv", "json"]),
    help="The platform or format to write for.",
)
@click.option("--out", default="reports", show_default=True, type=FOLDER, help="Output folder of grader grade.")
@assignment_option
@click.option("--into", type=FILE, help="The file that Canvas or Moodle exported; its grades are filled in.")
@click.option(
    "--column", default="", metavar="NAME", help="Canvas: the column of the assignment: its title, header or number."
)
@click.option("--download", type=FOLDER, help="Canvas: the unpacked download, whose file names the feedback needs.")
@click.option("--save", type=FOLDER, help="Folder for the files. Default: OUT/export.")
@click.option(
    "--gradebook",
    metavar="URL",
    envvar="GRADER_GRADEBOOK",
    help="The gradebook: a file or postgresql://…. Default: gradebook.sqlite3 beside OUT, if it exists.",
)
@click.option(
    "--answers/--no-answers", default=True, show_default=True, help="Add the points that staff gave for answers."
)
@click.option("--scale", is_flag=True, help="Convert grades to the platform's maximum if it differs.")
@click.option("--partial", is_flag=True, help="If the platform cannot take some grades, write the others.")
@click.option("--no-feedback", is_flag=True, help="Write grades only, no feedback pages.")
def export(
    platform: str,
    out: Path,
    assignment: Path,
    into: Path | None,
    column: str,
    download: Path | None,
    save: Path | None,
    gradebook: str | None,
    answers: bool,
    scale: bool,
    partial: bool,
    no_feedback: bool,
) -> int:
    """Write grades and feedback as files that a learning platform imports.

    Canvas: fills in one column of a gradebook that Canvas exported, and changes no other byte. Moodle: fills in the
    grades of a grading worksheet that Moodle exported. Gradescope: writes an autograder that runs no code and reports
    these grades. If the platform would skip a grade without a message, the export stops and writes nothing.
    docs/hand-back.md has the steps up to published marks.
    """
    if into is None and platform in HOW_TO_GET:
        raise UsageError(f"--to {platform} needs --into FILE: {HOW_TO_GET[platform]}.")
    if into is not None and platform not in HOW_TO_GET:
        raise UsageError(f"--into {into}: --to {platform} fills no file. Remove --into.")
    records = read_records(platform, out, assignment, gradebook, answers=answers)
    report_ungraded(records)
    save = save or out / "export"
    graded = [record for record in records if record.grade is not None]
    if into is not None:
        content = read(into)
        filled = (
            canvas.fill_gradebook(content, str(into), records, column=column, scale=scale)
            if platform == "canvas"
            else moodle.fill_worksheet(content, str(into), records, scale=scale)
        )
        refuse_left_out(filled.left_out, partial, "grades")
        write_file(save / f"{platform}.csv", filled.content, describe(filled))
    elif platform == "gradescope":
        content, left_out = gradescope.autograder_zip(records)
        refuse_left_out(left_out, partial, "grades")
        write_file(save / "gradescope-autograder.zip", content, f"{len(graded) - len(left_out)} grades")
    else:
        write = plain_files.grades_table if platform == "csv" else plain_files.grades_json
        text = write(records).encode("utf-8", "replace")
        write_file(save / f"grades.{platform}", b"\xef\xbb\xbf" * (platform == "csv") + text, f"{len(graded)} grades")
    if not no_feedback and platform != "gradescope":
        write_feedback(platform, records, download, save)
    return 0


def read_records(platform: str, out: Path, assignment: Path, url: str | None, *, answers: bool) -> list[HandBack]:
    """Read the grades from the gradebook if it contains the assignment; otherwise from the output folder alone."""
    loaded = load_assignment(assignment)
    in_parts = platform in ("gradescope", "json")
    if url or beside(out).exists():
        try:
            from grader.delivery import from_gradebook
            from grader.gradebook.book import NotInGradebook, open_gradebook
        except ModuleNotFoundError as error:
            raise UsageError(
                f"{error.name} is not installed, so the gradebook cannot be read. Run pip install "
                "'layergrader[gradebook]'."
            ) from None
        with open_gradebook(url or beside(out), make=False) as book:
            try:
                return from_gradebook.hand_backs(
                    book, loaded.title, out, platform, with_answers=answers, with_parts=in_parts
                )
            except NotInGradebook:
                if url:
                    raise
    return hand_backs(out, loaded.questions, with_answers=answers, with_parts=in_parts)


def write_feedback(platform: str, records: Sequence[HandBack], download: Path | None, save: Path) -> None:
    """Zip the feedback pages under names that the platform recognises; list pages that the platform would ignore."""
    with_page = [record for record in records if record.page is not None]
    names: Mapping[str, HandBack]
    left_out: Mapping[str, str] = {}
    if platform == "canvas":
        if download is None:
            click.echo("No feedback zip: it needs the file names of Canvas' download. Name its folder with --download.")
            return
        entries = {entry.name: entry.is_dir() for entry in os.scandir(download)}
        names, left_out = canvas.feedback_names(with_page, entries)
    elif platform == "moodle":
        names, left_out = moodle.feedback_names(with_page)
    else:
        names = {f"{record.submission}.html": record for record in with_page}
    stem = "feedback" if platform in ("csv", "json") else f"{platform}-feedback"
    pages = {name: record.page for name, record in names.items() if record.page is not None}
    for path in write_zips(save, stem, pages) if pages else ():
        click.echo(f"{path}: {len(pages)} feedback pages.")
    if left_out:
        click.echo(f"No feedback page for {named(left_out)}.", err=True)


def report_ungraded(records: Sequence[HandBack]) -> None:
    reasons: dict[str, list[str]] = {}
    for record in records:
        if record.grade is None:
            reasons.setdefault(record.no_grade, []).append(terminal_safe(record.label))
    for why, labels in reasons.items():
        click.echo(f"No grade to export for {len(labels)} ({why}): {say(few(labels))}.", err=True)


def refuse_left_out(left_out: Mapping[str, str], partial: bool, what: str) -> None:
    """Raise UsageError if the platform cannot import some grades; with --partial, only list these grades."""
    if left_out and not partial:
        raise UsageError(
            f"{len(left_out)} {what} cannot be exported: {named(left_out)}. Nothing was written. Correct this on the "
            "platform and download its file again, or leave these out with --partial."
        )
    if left_out:
        click.echo(f"Left out: {named(left_out)}.", err=True)


def named(reasons: Mapping[str, str]) -> str:
    listed = [f"{terminal_safe(label)} ({terminal_safe(why)})" for label, why in list(reasons.items())[:MOST_NAMED]]
    more = len(reasons) - len(listed)
    return "; ".join(listed) + (f"; and {more} more" if more else "")


def describe(filled: Filled) -> str:
    text = f"{filled.written} grades"
    if filled.replaced:
        text += f", of which {filled.replaced} replace another grade"
    return f"{text}; {filled.without} rows without one" if filled.without else text


def write_file(path: Path, content: bytes, summary: str) -> None:
    write_bytes(path, content)
    click.echo(f"{path}: {summary}.")


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}).") from error
