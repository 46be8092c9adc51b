"""A run of `grader grade` enters the gradebook: in one transaction when it ends, so a killed run leaves nothing of it.

    HandIn, one a submission ─► attempt (by its content) ─► score, where it is another than before

An attempt is what a submission held: another content is another attempt, the same one graded again is not. The latest
is the one with the latest time; where times are not known, the one that came last into an output folder. Grading an
older download again, into its own folder, does not make it the latest.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, Table, bindparam, insert, select, update

from grader.decisions import Attempt, GradedAssignment, HandIn, Layout, Run
from grader.gradebook.book import Gradebook
from grader.gradebook.changes import insert_row, moment, moment_or_none, note
from grader.gradebook.naming import find_assignment, find_hand_in, rules_to_json
from grader.gradebook.students import match_members
from grader.gradebook.tables import assignments, attempts, hand_ins, held, layouts, outputs, runs, scores


def record_run(
    book: Gradebook,
    assignment: GradedAssignment,
    hand_ins: Sequence[HandIn],
    *,
    output: str,
    who: str,
    began: datetime,
    hashes: Mapping[str, str],
    counts: Mapping[str, int],
) -> Run:
    """Enter a run with what it found out about each submission. output: path of its output folder.

    hashes: what decided over its marks, by name. counts: submissions by what was done with them.
    Raises GraderError if nothing could be written; then nothing of it is there.
    """
    with book.writing() as connection:
        row = put_assignment(connection, assignment, who)
        folder = row_of(connection, outputs, {"path": output}).id
        values = {"assignment_id": row.id, "output_id": folder, "who": who, "began": began.timestamp()}
        values |= {"ended": time.time(), "hashes": dict(hashes), "counts": dict(counts)}
        number = insert_row(connection, runs, values)
        enter_hand_ins(connection, row.id, folder, number, hand_ins)
        match_members(connection, row)
    return Run(number, assignment.title, output, who, began, moment(values["ended"]), hashes, counts)


def put_assignment(connection: Connection, assignment: GradedAssignment, who: str) -> Row[Any]:
    """The assignment's row, as the run has it; a change of its rules stands in the history, since grades change."""
    values = {
        "rules": rules_to_json(assignment.rules),
        "functions": dict(assignment.functions),
        "questions": dict(assignment.questions),
    }
    subject = {"assignment": assignment.title}
    query = select(assignments).where(assignments.c.title == assignment.title)
    row = connection.execute(query.with_for_update()).one_or_none()
    if row is None:
        note(connection, who, "rules", "made", subject, after=values["rules"])
        connection.execute(insert(assignments).values(title=assignment.title, **values))
    elif any(row._mapping[name] != value for name, value in values.items()):
        if row.rules != values["rules"]:
            note(connection, who, "rules", "changed", subject, before=row.rules, after=values["rules"])
        connection.execute(update(assignments).where(assignments.c.id == row.id).values(**values))
    return connection.execute(query).one()


def enter_hand_ins(connection: Connection, assignment: int, folder: int, run: int, found: Sequence[HandIn]) -> None:
    """Rows for what is new among these, each table in one statement."""
    known = ids_of(connection, assignment)
    new = [one for one in found if one.submission not in known]
    add_all(
        connection,
        hand_ins,
        [
            {"assignment_id": assignment, "submission": one.submission, "person": one.person, "source": one.source}
            for one in new
        ],
    )
    known = ids_of(connection, assignment)
    own = hand_ins.c.assignment_id == assignment
    query = select(attempts).join(hand_ins).where(own).order_by(attempts.c.number)
    earlier: dict[int, list[Row[Any]]] = {}
    for row in connection.execute(query):
        earlier.setdefault(row.hand_in_id, []).append(row)
    lay = select(held.c.hand_in_id, held.c.attempt_id).where(held.c.output_id == folder)
    lies: dict[int, int] = {row.hand_in_id: row.attempt_id for row in connection.execute(lay)}

    fresh, seen_again = [], []
    for one in found:
        hand_in = known[one.submission]
        before = earlier.get(hand_in, [])
        same = next((row for row in before if row.sha256 == one.sha256), None)
        dated = one.submitted_at.timestamp() if one.submitted_at else None
        if same is None:
            number = before[-1].number + 1 if before else 1
            values = {"hand_in_id": hand_in, "number": number, "sha256": one.sha256, "submitted_at": dated}
            fresh.append({**values, "late_mark": one.late_mark, "seen": run})
            continue
        came_in = hand_in in lies and lies[hand_in] != same.id  # in this folder's place of another attempt
        values = {
            "seen": run if came_in else same.seen,
            "submitted_at": same.submitted_at if dated is None else dated,
            "late_mark": one.late_mark or same.late_mark,
        }
        if any(same._mapping[name] != value for name, value in values.items()):
            seen_again.append({"key": same.id, **values})
    add_all(connection, attempts, fresh)
    change_all(connection, attempts, seen_again)
    enter_scores(connection, assignment, folder, run, found, known, lies)


def enter_scores(
    connection: Connection,
    assignment: int,
    folder: int,
    run: int,
    found: Sequence[HandIn],
    known: Mapping[str, int],
    lies: Mapping[int, int],
) -> None:
    """A score where an attempt has none yet, or another one now; and which attempt lies in the folder now."""
    newest = scores.c.id == attempts.c.score_id
    query = select(attempts.c.hand_in_id, attempts.c.sha256, attempts.c.id.label("attempt"), scores)
    query = query.join(hand_ins).outerjoin(scores, newest).where(hand_ins.c.assignment_id == assignment)
    now = {(row.hand_in_id, row.sha256): row for row in connection.execute(query)}
    numbers: dict[Layout, int] = {}
    fresh, lying = [], []
    for one in found:
        row = now[known[one.submission], one.sha256]
        if one.layout not in numbers:
            numbers[one.layout] = layout_number(connection, one.layout)
        values: dict[str, Any] = {
            "layout_id": numbers[one.layout],
            "status": one.status,
            "score": one.score,
            "max_score": one.max_score,
            "functions": json.dumps(one.functions, separators=(",", ":")),
            "checks": json.dumps(one.checks, separators=(",", ":")),
            "answers": json.dumps(one.answers, separators=(",", ":"), sort_keys=True),
        }
        if any(row._mapping[name] != value for name, value in values.items()):
            fresh.append({"attempt_id": row.attempt, "run_id": run, **values})
        if lies.get(row.hand_in_id) != row.attempt:
            lying.append({"hand_in_id": row.hand_in_id, "output_id": folder, "attempt_id": row.attempt})
    add_all(connection, scores, fresh)
    point = select(scores.c.id).where(scores.c.attempt_id == attempts.c.id, scores.c.run_id == run).scalar_subquery()
    touched = select(scores.c.attempt_id).where(scores.c.run_id == run)
    connection.execute(update(attempts).where(attempts.c.id.in_(touched)).values(score_id=point))
    gone = [one for one in lying if one["hand_in_id"] in lies]
    add_all(connection, held, [one for one in lying if one["hand_in_id"] not in lies])
    if gone:
        where = held.c.hand_in_id == bindparam("key"), held.c.output_id == folder
        moved = [{"key": one["hand_in_id"], "attempt_id": one["attempt_id"]} for one in gone]
        connection.execute(update(held).where(*where).values(attempt_id=bindparam("attempt_id")), moved)


def layout_number(connection: Connection, layout: Layout) -> int:
    content = {"functions": layout.functions, "checks": layout.checks}
    digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()
    return int(row_of(connection, layouts, {"digest": digest}, content).id)


def row_of(connection: Connection, table: Table, where: Mapping[str, Any], more: Mapping[str, Any] = {}) -> Row[Any]:
    """The row with these values, made if it is not there."""
    query = select(table).where(*(table.c[name] == value for name, value in where.items()))
    row = connection.execute(query).one_or_none()
    if row is None:
        connection.execute(insert(table).values(**where, **more))
        row = connection.execute(query).one()
    return row


def ids_of(connection: Connection, assignment: int) -> dict[str, int]:
    query = select(hand_ins.c.submission, hand_ins.c.id).where(hand_ins.c.assignment_id == assignment)
    return {row.submission: row.id for row in connection.execute(query)}


def add_all(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), list(rows))


def change_all(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Change rows by their id, which each names as `key`."""
    if rows:
        names = [name for name in rows[0] if name != "key"]
        values: dict[str, Any] = {name: bindparam(name) for name in names}
        connection.execute(update(table).where(table.c.id == bindparam("key")).values(**values), list(rows))


def runs_of(book: Gradebook, assignment: str = "") -> list[Run]:
    """All runs, the oldest first; of one assignment, if it is named."""
    query = select(runs, assignments.c.title, outputs.c.path).join(assignments).join(outputs).order_by(runs.c.id)
    if assignment:
        query = query.where(assignments.c.title == assignment)
    with book.reading() as connection:
        rows = connection.execute(query).all()
    return [
        Run(row.id, row.title, row.path, row.who, moment(row.began), moment(row.ended), row.hashes, row.counts)
        for row in rows
    ]


def attempts_of(book: Gradebook, assignment: str, submission: str = "", *, run: int | None = None) -> list[Attempt]:
    """Attempts with their points by function and check: of one submission or of all; of each, the latest last.

    run: as they were scored when that run had ended; those that no run had scored by then are left out.
    """
    with book.reading() as connection:
        row = find_assignment(connection, assignment, book.place)
        if submission:
            find_hand_in(connection, row, submission, book.place)
        return read_attempts(connection, row.id, submission, run=run)


def read_attempts(
    connection: Connection, assignment: int, submission: str = "", *, run: int | None = None, points: bool = True
) -> list[Attempt]:
    """points: read those by function and check, too, which takes most of the time."""
    wanted = attempts.c.score_id == scores.c.id
    if run is not None:
        others = scores.alias()
        newest = select(others.c.id).where(others.c.attempt_id == attempts.c.id, others.c.run_id <= run)
        wanted = scores.c.id == newest.order_by(others.c.id.desc()).limit(1).scalar_subquery()
    columns = [
        *(hand_ins.c.submission, attempts.c.number, attempts.c.sha256, scores.c.status, scores.c.score),
        *(scores.c.max_score, scores.c.run_id, attempts.c.submitted_at, attempts.c.late_mark, scores.c.answers),
    ]
    columns += [scores.c.layout_id, scores.c.functions, scores.c.checks] if points else []
    query = select(*columns, attempts.c.seen).select_from(attempts).join(hand_ins).join(scores, wanted)
    query = query.where(hand_ins.c.assignment_id == assignment)
    if submission:
        query = query.where(hand_ins.c.submission == submission)
    rows = connection.execute(query.order_by(hand_ins.c.id, attempts.c.seen, attempts.c.number)).all()
    if not points:
        return in_order(map(attempt_from, rows))
    named = named_points(connection)
    return in_order(replace(attempt_from(row), functions=named(row, 0), checks=named(row, 1)) for row in rows)


def in_order(found: Iterable[Attempt]) -> list[Attempt]:
    """Of each submission, the latest last: by their times where all are known, else as they came in (as given)."""
    ordered: list[Attempt] = []
    for _, own in groupby(found, lambda one: one.submission):
        group = list(own)
        times = [one.submitted_at for one in group if one.submitted_at]
        if len(group) > 1 and len(times) == len(group):
            group = [one for _, one in sorted(zip(times, group, strict=True), key=lambda pair: pair[0])]
        ordered += group
    return ordered


Named = Callable[[Any, int], Mapping[str, tuple[float, float]]]


def named_points(connection: Connection) -> Named:
    """What gives a score's points by name, of functions (0) or checks (1): its list, and the layout's names."""
    known = {row.id: (row.functions, row.checks) for row in connection.execute(select(layouts))}

    def read(row: Any, kind: int) -> Mapping[str, tuple[float, float]]:
        points = json.loads((row.functions, row.checks)[kind])
        pairs = zip(known[row.layout_id][kind], points, strict=True)
        return {name: (earned, most) for (name, most), earned in pairs}

    return read


def attempt_from(row: Any) -> Attempt:
    submission, number, sha256, status, score, max_score, run, submitted, late_mark, answers = row[:10]
    given = {} if answers == "{}" else {name: (pair[0], pair[1]) for name, pair in json.loads(answers).items()}
    when = moment_or_none(submitted)
    return Attempt(submission, number, sha256, status, score, max_score, run, when, late_mark, given)
