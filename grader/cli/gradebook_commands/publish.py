"""The command that sets when marks are published."""

from __future__ import annotations

from datetime import datetime

import click

from grader.cli.gradebook_commands.desk import Desk, say
from grader.errors import UsageError


@click.command()
@click.argument("time", default="")
@click.option("--withdraw", is_flag=True, help="Remove the time: marks are not published.")
@click.pass_obj
def publish(desk: Desk, time: str, withdraw: bool) -> int:
    """Set the time at which marks are published: `publish 2026-05-20T12:00+02:00`. Without TIME, show the time.

    After this time, feedback pages show checks of visibility after_published in full. Run `grader grade` again to write
    these pages.
    """
    with desk.at() as (book, assignment):
        from grader.gradebook import publishing

        if withdraw:
            publishing.withdraw_publishing(book, assignment.title, who=desk.who)
        elif time:
            publishing.publish(book, assignment.title, time_from(time), who=desk.who, seen=None)
        now = publishing.publishing_of(book, assignment.title)
        said = f"published from {now.at:%Y-%m-%d %H:%M} UTC, set by {now.who}" if now else "not published"
        say(f"{assignment.title}: {said}")
    return 0


def time_from(written: str) -> datetime:
    try:
        return datetime.fromisoformat(written).astimezone()  # a time without a zone is in this machine's zone
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"{written!r}: is not a time, expected YYYY-MM-DDTHH:MM+02:00. Correct it.") from None
