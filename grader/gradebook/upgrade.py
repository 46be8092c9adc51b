"""Brings the tables of an older gradebook up to date, with alembic; imported only where that is needed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from grader.errors import UsageError
from grader.gradebook.tables import HEAD, VERSION_TABLE

STEPS: Final = Path(__file__).parent / "migrations"


def steps() -> ScriptDirectory:
    return ScriptDirectory(str(STEPS), version_locations=[str(STEPS)])


def upgrade(connection: Connection, version: str | None, place: str = "") -> None:
    """Take every step from `version` (None: an empty database) to HEAD, in the connection's transaction.

    Raises UsageError for a version that no step of ours leads from: a newer grader made it.
    """
    script = steps()
    try:
        if version is not None:
            script.get_revision(version)
        known = True
    except CommandError:
        known = False
    if not known:
        what = f"is a gradebook of version {version!r}, expected one up to {HEAD}: a newer grader made it"
        raise UsageError(f"{place}: {what}. Use that grader, or name another gradebook.")

    def wanted(current: Any, context: MigrationContext) -> Iterable[Any]:
        return script._upgrade_revs(HEAD, current)  # as alembic's own command does

    options = {"version_table": VERSION_TABLE, "fn": wanted, "script": script}
    context = MigrationContext.configure(connection, opts=options)
    with Operations.context(context):
        context.run_migrations()
