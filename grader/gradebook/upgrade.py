"""Upgrades the tables of an older gradebook, with alembic. Imported only for an upgrade, to save time."""

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
    """Run all steps from `version` (None: an empty database) to HEAD, in the connection's transaction.

    Raises UsageError for an unknown version, which a newer grader made.
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
        return script._upgrade_revs(HEAD, current)  # alembic's own upgrade command calls this, too

    options = {"version_table": VERSION_TABLE, "fn": wanted, "script": script}
    context = MigrationContext.configure(connection, opts=options)
    with Operations.context(context):
        context.run_migrations()
