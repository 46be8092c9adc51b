"""Makes every change in the same way: writes a history line, whose number becomes the record's new revision, then the
record.

`seen` is the revision that the editor saw: 0 if there was no record, None to replace any record. If the stored
revision is another one, StaleEdit is raised. A change that equals the stored record writes nothing, so a change that
is sent twice, after a kill or a lost connection, is applied once.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Table, and_, insert, select, update
from sqlalchemy import delete as delete_from

from grader.decisions import Change
from grader.gradebook.book import Gradebook, StaleEdit
from grader.gradebook.tables import history

MADE: Final = ("id", "who", "made_at", "revision")
Subject = Mapping[str, str]  # whose record changes: assignment, submission, student


def note(
    connection: Connection,
    who: str,
    what: str,
    action: str,
    subject: Subject,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> tuple[int, float]:
    """Write a line of history. Returns its number and its time."""
    values = line(who, what, action, subject, before or {}, after or {})
    return insert_row(connection, history, values), values["made_at"]


def line(
    who: str, what: str, action: str, subject: Subject, before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a line of history as a row of the table."""
    about = {"assignment": "", "submission": "", "student": "", **subject}
    made = {"who": who, "made_at": time.time(), "what": what, "action": action}
    return {**made, **about, "before": dict(before), "after": dict(after)}


def note_all(connection: Connection, lines: Sequence[Mapping[str, Any]]) -> None:
    """Write many lines of history at once, without returning their numbers."""
    if lines:
        connection.execute(insert(history), list(lines))


def put(
    connection: Connection,
    table: Table,
    where: Mapping[str, Any],
    values: Mapping[str, Any],
    *,
    who: str,
    what: str,
    subject: Subject,
    seen: int | None,
    circumstances: Collection[str] = (),
) -> Row[Any]:
    """Create or change the row that `where` names, and return the new row.

    Raises StaleEdit (see above). circumstances: names of values that no person decided. If only these values differ,
    the change counts as a repetition, unless the editor saw the current revision and so confirms it.
    """
    row = find(connection, table, where, lock=True)
    if row is not None:
        other = {name for name, value in values.items() if row._mapping[name] != value}
        if not other or (other <= {*circumstances} and seen != row.revision):
            return row
    check_current(row, seen, what, subject)
    before = {} if row is None else {name: row._mapping[name] for name in values}
    action = "made" if row is None else "changed"
    change, now = note(connection, who, what, action, subject, before=before, after=values)
    made = {"who": who, "made_at": now, "revision": change}
    made = {name: value for name, value in made.items() if name in table.c}
    if row is None:
        connection.execute(insert(table).values({**where, **values, **made}))
    else:
        connection.execute(update(table).where(table.c.id == row.id).values(**values, **made))
    found = find(connection, table, where)
    assert found is not None
    return found


def take_away(
    connection: Connection,
    table: Table,
    where: Mapping[str, Any],
    *,
    who: str,
    what: str,
    subject: Subject,
    seen: int | None,
) -> bool:
    """Delete the row that `where` names; the history keeps its last state. Returns False if there was none."""
    row = find(connection, table, where, lock=True)
    if row is None:
        return False
    check_current(row, seen, what, subject)
    before = {name: value for name, value in row._mapping.items() if name not in MADE and name != "assignment_id"}
    note(connection, who, what, "withdrawn", subject, before=before)
    connection.execute(delete_from(table).where(table.c.id == row.id))
    return True


def insert_row(connection: Connection, table: Table, values: Mapping[str, Any]) -> int:
    """Add a row. Returns its id."""
    key = connection.execute(insert(table).values(**values)).inserted_primary_key
    assert key is not None
    return int(key[0])


def find(connection: Connection, table: Table, where: Mapping[str, Any], *, lock: bool = False) -> Row[Any] | None:
    query = select(table).where(and_(*(table.c[name] == value for name, value in where.items())))
    return connection.execute(query.with_for_update() if lock else query).one_or_none()


def check_current(row: Row[Any] | None, seen: int | None, what: str, subject: Subject) -> None:
    if seen is None or seen == (0 if row is None else row.revision):
        return
    whom = subject.get("submission") or subject.get("student") or subject.get("assignment", "")
    if row is None:
        raise StaleEdit(f"{whom}: the {what} that was to be changed is gone. Read it again, then decide.")
    who, when = getattr(row, "who", ""), getattr(row, "made_at", None)
    by = f" by {who} at {moment(when):%Y-%m-%d %H:%M} UTC" if when else ""
    raise StaleEdit(f"{whom}: the {what} was made or changed{by}. Read it again, then decide.")


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def moment_or_none(seconds: float | None) -> datetime | None:
    return None if seconds is None else moment(seconds)


def changes(
    book: Gradebook, *, assignment: str = "", submission: str = "", student: str = "", last: int | None = None
) -> list[Change]:
    """Return the history, oldest first, of one assignment, submission or student if named. last: only so many lines."""
    query = select(history).order_by(history.c.id.desc())
    for name, wanted in (("assignment", assignment), ("submission", submission), ("student", student)):
        if wanted:
            query = query.where(history.c[name] == wanted)
    with book.reading() as connection:
        rows = connection.execute(query.limit(last) if last is not None else query).all()
    return [
        Change(
            **{name: row._mapping[name] for name in ("who", "assignment", "submission", "student", "what", "action")},
            number=row.id,
            when=moment(row.made_at),
            before=row.before,
            after=row.after,
        )
        for row in reversed(rows)
    ]
