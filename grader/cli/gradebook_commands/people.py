"""Commands about people: import a roster, link submissions to students, import hand-in times, delete a student."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from grader.cli.commands import FILE
from grader.cli.gradebook_commands.desk import Desk, say
from grader.errors import GraderError


@click.command()
@click.argument("file", type=FILE)
@click.pass_obj
def roster(desk: Desk, file: Path) -> int:
    """Import a roster: Canvas' gradebook export, Moodle's grading worksheet, or a CSV with name and login or email.

    Updates known students and removes nobody. Links a submission to a student if its name identifies the student.
    """
    with desk.open(make=True) as book:
        from grader.gradebook.grades import submissions_of
        from grader.gradebook.naming import assignments_in
        from grader.gradebook.roster_files import read_roster
        from grader.gradebook.students import import_roster, members_of

        titles = [desk.title] if desk.title else [one.title for one in assignments_in(book)]
        done = import_roster(book, read_roster(file, titles[0] if len(titles) == 1 else ""), desk.who)
        say(f"{done.added} students added, {done.changed} changed, {done.same} as before")
        say(f"{done.linked} submissions linked to their students")
        for title in titles:
            known = members_of(book, title)
            if alone := [name for name in submissions_of(book, title) if name not in known]:
                named = ", ".join(alone[:5]) + (", …" if len(alone) > 5 else "")
                say(f"{title}: {len(alone)} submissions have no student yet: {named}. Use grader gradebook link.")
    return 0


@click.command()
@click.argument("submission")
@click.argument("students", nargs=-1)
@click.pass_obj
def link(desk: Desk, submission: str, students: tuple[str, ...]) -> int:
    """Link a submission to the students with these keys, several for a group. Without keys, remove its links."""
    with desk.at() as (book, assignment):
        from grader.gradebook.students import link_members

        link_members(book, assignment.title, submission, students, desk.who)
        say(f"{submission}: {', '.join(students) or 'nobody'}")
    return 0


@click.command()
@click.argument("file", type=FILE)
@click.pass_obj
def times(desk: Desk, file: Path) -> int:
    """Import the times at which students handed in.

    FILE is Gradescope's submission_metadata.yml, Moodle's worksheet, or a CSV with submission and submitted_at.
    """
    with desk.at() as (book, assignment):
        from grader.gradebook.lateness import set_times
        from grader.gradebook.students import members_of
        from grader.gradebook.time_files import read_times

        due = assignment.rules.late.due if assignment.rules.late else None
        found = read_times(file, members_of(book, assignment.title), assignment.title, due.tzinfo if due else None)
        changed = set_times(book, assignment.title, found, who=desk.who)
        say(f"{len(found)} times read, {changed} changed")
    return 0


@click.command("delete-student")
@click.argument("student")
@click.option("--files", is_flag=True, help="Remove the student's own results and pages from the output folders, too.")
@click.pass_obj
def delete_student(desk: Desk, student: str, files: bool) -> int:
    """Delete all data of a student from the gradebook, and list the files that hold more of the student's data."""
    with desk.open() as book:
        from grader.gradebook.deleting import delete_student as delete
        from grader.gradebook.deleting import remove_files

        done = delete(book, student, who=desk.who)
    submissions = ", ".join(done.submissions) or "no submission"
    say(f"{student}: deleted, with {submissions}; {done.lines} lines of history were emptied")
    failed = remove_files(done) if files else []
    for path in done.files:
        say(f"{'removed' if files else 'still there'}: {path}")
    for path in done.shared:
        say(f"still names the submission: {path}. Grade the folder again without it, or delete the rows or the file.")
    for source in done.sources:
        say(f"handed in as: {source}. Remove it, or the next run enters it again.")
    say("Backups of the gradebook still hold the data.")
    if failed:
        raise GraderError(f"not removed: {'; '.join(failed)}.")
    return 0


PEOPLE: Final = (roster, link, times, delete_student)
