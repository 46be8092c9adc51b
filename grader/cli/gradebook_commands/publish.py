"""The command that says when marks are published."""

from __future__ import annotations

from datetime import datetime

import click

from grader.cli.gradebook_commands.desk import Desk, say
from grader.errors import UsageError


@click.command()
@click.argument("time", default="")
@click.option("--withdraw", is_flag=True, help="Publish no longer.")
@click.pass_obj
def publish(desk: Desk, time: str, withdraw: bool) -> int:
    """Say from when on the marks are published: `publish 2026-05-20T12:00+02:00`. Without TIME, show what is set.

    From then on, feedback pages show checks of the visibility after_published in full. Run grade again to write them.
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
        return datetime.fromisoformat(written).astimezone()  # without a zone: this machine's
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"{written!r}: is no time, expected YYYY-MM-DDTHH:MM+02:00.") from None
