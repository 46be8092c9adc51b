"""Commands that enter a decision: points, comments, extensions, late days, answers to regrade requests."""

from __future__ import annotations

from typing import Any, Final

import click

from grader.cli.gradebook_commands.desk import Desk, adjustment_line, say
from grader.decisions import ADD, SET
from grader.errors import UsageError

part_option = click.option(
    "--for", "part", default="", metavar="PART", help="A function or a question. Default: the whole submission."
)
reason_option = click.option("--reason", required=True, help="The reason for the decision. The student reads it.")
replace_option = click.option("--replace", is_flag=True, help="Replace an earlier decision, also another person's.")
student_option = click.option(
    "--student", is_flag=True, help="SUBMISSION is a student's key: the decision is for this student, not the group."
)
SIGNED: Final = {"ignore_unknown_options": True}  # click must read -2 as a number of points, not as an option


@click.command(context_settings=SIGNED)
@click.argument("submission")
@click.argument("points", type=float)
@part_option
@reason_option
@click.option("--comment", default="", help="A further explanation for the student.")
@click.option("--set", "sets", is_flag=True, help="POINTS replace the earned points. Default: they are added.")
@student_option
@replace_option
@click.pass_obj
def adjust(
    desk: Desk,
    submission: str,
    points: float,
    part: str,
    reason: str,
    comment: str,
    sets: bool,
    student: bool,
    replace: bool,
) -> int:
    """Give or take points: `adjust ann 2 --for conv_forward_naive --reason "The check was wrong."`"""
    with desk.at() as (book, assignment):
        from grader.gradebook.adjusting import adjust as adjust_part
        from grader.gradebook.adjusting import adjustment_of
        from grader.gradebook.naming import part_named

        about = {"student": submission} if student else {"submission": submission}
        meant = part_named(assignment, part)
        was = adjustment_of(book, assignment.title, meant, **about)
        mode = SET if sets else ADD
        same = was and (was.points, was.mode, was.reason, was.comment) == (points, mode, reason, comment)
        if was and not replace and not same:
            raise UsageError(f"{submission}, {adjustment_line(was)}. Give --replace to put another in its place.")
        made = adjust_part(
            book,
            assignment.title,
            points,
            reason,
            who=desk.who,
            part=meant,
            mode=mode,
            comment=comment,
            seen=was.revision if was else 0,
            **about,
        )
        say(f"{submission}, {adjustment_line(made)}")
    return 0


@click.command()
@click.argument("submission")
@part_option
@student_option
@click.pass_obj
def withdraw(desk: Desk, submission: str, part: str, student: bool) -> int:
    """Withdraw an adjustment. The history still shows it."""
    with desk.at() as (book, assignment):
        from grader.gradebook.adjusting import withdraw_adjustment
        from grader.gradebook.naming import part_named

        about: dict[str, Any] = {"student": submission} if student else {"submission": submission}
        meant = part_named(assignment, part)
        if not withdraw_adjustment(book, assignment.title, who=desk.who, part=meant, **about):
            raise UsageError(f"{submission}, {meant}: nothing was adjusted, so there is nothing to withdraw.")
        say(f"{submission}, {meant}: withdrawn")
    return 0


@click.command()
@click.argument("submission")
@click.argument("text", default="")
@part_option
@click.option("--saved", type=int, metavar="NUMBER", help="Use the saved comment of this number.")
@click.option("--withdraw", "gone", type=int, metavar="NUMBER", help="Withdraw the comment of this number.")
@click.pass_obj
def comment(desk: Desk, submission: str, text: str, part: str, saved: int | None, gone: int | None) -> int:
    """Add a comment for the student to a submission, or to a part of it."""
    with desk.at() as (book, assignment):
        from grader.gradebook.commenting import add_comment, comments_of, saved_comments_of, withdraw_comment
        from grader.gradebook.naming import lacks, part_named

        if gone is not None:
            known = [str(one.number) for one in comments_of(book, assignment.title, submission)]
            if str(gone) not in known:
                raise lacks(submission, "comment", str(gone), known)
            withdraw_comment(book, gone, who=desk.who)
            say(f"{submission}: comment {gone} withdrawn")
            return 0
        if saved is not None:
            texts = {one.number: one.text for one in saved_comments_of(book, assignment.title)}
            if saved not in texts:
                raise lacks(assignment.title, "saved comment", str(saved), map(str, texts))
            text = texts[saved]
        meant = part_named(assignment, part)
        made = add_comment(book, assignment.title, submission, text, who=desk.who, part=meant)
        say(f"{submission}: comment {made.number}, {made.part}: {made.text}")
    return 0


@click.command("save-comment")
@click.argument("text", default="")
@click.option("--forget", type=int, metavar="NUMBER", help="Remove this comment from the list.")
@click.pass_obj
def save_comment(desk: Desk, text: str, forget: int | None) -> int:
    """Save a comment so that `comment --saved` can use it again, and list the saved comments."""
    with desk.at() as (book, assignment):
        from grader.gradebook import commenting
        from grader.gradebook.naming import lacks

        if forget is not None and not commenting.forget_comment(book, assignment.title, forget, who=desk.who):
            raise lacks(assignment.title, "saved comment", str(forget), ())
        if text:
            commenting.save_comment(book, assignment.title, text, who=desk.who)
        for one in commenting.saved_comments_of(book, assignment.title):
            say(f"{one.number}: {one.text}")
    return 0


@click.command()
@click.argument("submission")
@click.argument("days", type=float)
@reason_option
@student_option
@replace_option
@click.pass_obj
def extend(desk: Desk, submission: str, days: float, reason: str, student: bool, replace: bool) -> int:
    """Extend the deadline of a submission by DAYS of 24 hours; 0 withdraws the extension."""
    with desk.at() as (book, assignment):
        from grader.gradebook.lateness import extend as extend_by

        about = {"student": submission} if student else {"submission": submission}
        made = extend_by(book, assignment.title, days, reason, who=desk.who, seen=None if replace else 0, **about)
        say(f"{submission}: {made.days:g} days more, {made.reason!r}")
    return 0


@click.command()
@click.argument("submission")
@click.argument("days", type=int)
@reason_option
@click.option("--attempt", type=int, metavar="NUMBER", help="The attempt that was late. Default: the latest.")
@replace_option
@click.pass_obj
def late(desk: Desk, submission: str, days: int, reason: str, attempt: int | None, replace: bool) -> int:
    """Enter how many days late a submission was, if its time of hand-in is unknown or must not count."""
    with desk.at() as (book, assignment):
        from grader.gradebook.lateness import enter_late_days

        if assignment.rules.late is None:
            what = "late days cost nothing. Add [late] to assignment.toml, then grade again"
            raise UsageError(f"{assignment.title}: {what}.")
        seen = None if replace else 0
        made = enter_late_days(
            book, assignment.title, submission, days, reason, who=desk.who, attempt=attempt, seen=seen
        )
        say(f"{submission}: {made.days} days late (attempt {made.attempt}), {made.reason!r}")
    return 0


@click.command()
@click.argument("submission")
@click.argument("question")
@part_option
@click.option("--student", default="", metavar="KEY", help="The student of a group who asks.")
@click.pass_obj
def ask(desk: Desk, submission: str, question: str, part: str, student: str) -> int:
    """Enter a student's regrade request."""
    with desk.at() as (book, assignment):
        from grader.gradebook.naming import part_named
        from grader.gradebook.requests import ask as enter

        meant = part_named(assignment, part)
        made = enter(book, assignment.title, submission, question, who=desk.who, student=student, part=meant)
        say(f"{submission}: request {made.number}, {made.part}: {made.question}")
    return 0


@click.command()
@click.argument("number", type=int)
@click.argument("text")
@replace_option
@click.pass_obj
def answer(desk: Desk, number: int, text: str, replace: bool) -> int:
    """Answer a regrade request."""
    with desk.at() as (book, assignment):
        from grader.gradebook.naming import lacks
        from grader.gradebook.requests import answer as give
        from grader.gradebook.requests import requests_of

        known = {one.number: one for one in requests_of(book, assignment.title)}
        if number not in known:
            raise lacks(assignment.title, "request", str(number), map(str, known))
        was = known[number]
        if was.answer and not replace and was.answer != text:
            found = f"{was.who} answered {was.answer!r}"
            raise UsageError(f"request {number}: {found}. Give --replace for another answer.")
        made = give(book, number, text, who=desk.who, seen=was.revision)
        say(f"{made.submission}: request {number} answered")
    return 0


DECISIONS: Final = (adjust, withdraw, comment, save_comment, extend, late, ask, answer)
