"""Writes a run of `grader grade` into the gradebook at its end, in one transaction: a killed run writes nothing.

    HandIn, one a submission ─► attempt (by its content) ─► score, where it is another than before

An attempt is one content of a submission: new content is a new attempt, and grading the same content again is not. The
latest attempt is the one with the latest time, or if times are unknown, the one that was graded last into an output
folder. If an older download is graded again into its own folder, its attempts do not become the latest.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, Table, bindparam, func, insert, select, update

from grader.decisions import BEST, FIRST, LATEST, Attempt
from grader.gradebook.book import Gradebook
from grader.gradebook.changes import insert_row, moment, moment_or_none, note
from grader.gradebook.naming import find_assignment, find_hand_in, one_line, rules_to_json
from grader.gradebook.run_results import letters_of
from grader.gradebook.students import match_members
from grader.gradebook.tables import assignments, attempts, grounds, hand_ins, held, layouts, outputs, runs, scores
from grader.graded_runs import GradedAssignment, Grounds, HandIn, PointLayout, Run
from grader.intake.names import clean
from grader.records import GRADER_ERROR


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
    """Write a run, with its result for each submission. output: the path of its output folder.

    hashes: name → hash of everything that decided its marks. counts: numbers of submissions by what was done; this
    function adds "known", the number that came first from another output folder. Raises GraderError if nothing was
    written.
    """
    who, output = one_line(who, "who"), clean(output)
    with book.writing() as connection:
        row = put_assignment(connection, assignment, who)
        folder = row_of(connection, outputs, {"path": output}).id
        values = {"assignment_id": row.id, "output_id": folder, "who": who, "began": began.timestamp()}
        met = known_elsewhere(connection, row.id, folder, hand_ins)
        counts = {**counts, **({"known": met} if met else {})}
        values |= {"ended": time.time(), "hashes": dict(hashes), "counts": counts}
        number = insert_row(connection, runs, values)
        held = enter_hand_ins(connection, row.id, folder, number, hand_ins)
        connection.execute(update(runs).where(runs.c.id == number).values(holds=json.dumps(held)))
        point_ends(connection, row.id)
        match_members(connection, row)
    return Run(number, assignment.title, output, who, began, moment(values["ended"]), hashes, counts)


def put_assignment(connection: Connection, assignment: GradedAssignment, who: str) -> Row[Any]:
    """Write the assignment and return its row. A change of its rules gets a history line, because grades change."""
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


def known_elsewhere(connection: Connection, assignment: int, folder: int, found: Sequence[HandIn]) -> int:
    """Return how many of these submission ids are known only from other output folders, maybe of other students."""
    here = select(held.c.hand_in_id).where(held.c.output_id == folder)
    query = select(hand_ins.c.submission).where(hand_ins.c.assignment_id == assignment, hand_ins.c.id.not_in(here))
    return len({one.submission for one in found} & {*connection.execute(query).scalars()})


def enter_hand_ins(
    connection: Connection, assignment: int, folder: int, run: int, found: Sequence[HandIn]
) -> dict[int, list[int]]:
    """Write rows for new submissions and attempts, with one statement for each table. Return the scores by grounds."""
    known = ids_of(connection, assignment)
    new = [
        {"submission": one.submission, "person": clean(one.person), "source": clean(one.source)}
        for one in found
        if one.submission not in known
    ]
    add_all(connection, hand_ins, [{"assignment_id": assignment, **one} for one in new])
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
        came_in = hand_in in lies and lies[hand_in] != same.id  # it replaces another attempt in this folder
        values = {
            "seen": run if came_in else same.seen,
            "submitted_at": same.submitted_at if dated is None else dated,
            "late_mark": one.late_mark or same.late_mark,
        }
        if any(same._mapping[name] != value for name, value in values.items()):
            seen_again.append({"key": same.id, **values})
    add_all(connection, attempts, fresh)
    change_all(connection, attempts, seen_again)
    return enter_scores(connection, assignment, folder, run, found, known, lies)


def enter_scores(
    connection: Connection,
    assignment: int,
    folder: int,
    run: int,
    found: Sequence[HandIn],
    known: Mapping[str, int],
    lies: Mapping[int, int],
) -> dict[int, list[int]]:
    """Write new or changed scores of attempts, and which attempt is now in the output folder.

    Returns the ids of the scores of all submissions, by the id of their grounds.
    """
    query = select(attempts.c.hand_in_id, attempts.c.sha256, attempts.c.id.label("attempt"), scores)
    query = (
        query.join(hand_ins)
        .outerjoin(scores, scores.c.id == attempts.c.score_id)
        .where(hand_ins.c.assignment_id == assignment)
    )
    now = {(row.hand_in_id, row.sha256): row for row in connection.execute(query)}
    numbers: dict[PointLayout, int] = {}
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
            "statuses": letters_of(one.statuses),
        }
        if any(row._mapping[name] != value for name, value in values.items()):
            fresh.append({"attempt_id": row.attempt, "run_id": run, **values})
        if lies.get(row.hand_in_id) != row.attempt:
            lying.append({"hand_in_id": row.hand_in_id, "output_id": folder, "attempt_id": row.attempt})
    last = connection.execute(select(func.max(scores.c.id))).scalar() or 0
    add_all(connection, scores, fresh)
    added = select(scores.c.id, scores.c.attempt_id).where(scores.c.id > last, scores.c.run_id == run)
    newest = {row.attempt_id: row.id for row in connection.execute(added)}
    change_all(connection, attempts, [{"key": attempt, "score_id": score} for attempt, score in newest.items()])
    gone = [one for one in lying if one["hand_in_id"] in lies]
    add_all(connection, held, [one for one in lying if one["hand_in_id"] not in lies])
    if gone:
        where = held.c.hand_in_id == bindparam("key"), held.c.output_id == folder
        moved = [{"key": one["hand_in_id"], "attempt_id": one["attempt_id"]} for one in gone]
        connection.execute(update(held).where(*where).values(attempt_id=bindparam("attempt_id")), moved)
    by_grounds: dict[int, tuple[Grounds, list[int]]] = {}
    for one in found:
        row = now[known[one.submission], one.sha256]
        by_grounds.setdefault(id(one.grounds), (one.grounds, []))[1].append(newest.get(row.attempt, row.id))
    return {grounds_number(connection, shared): sorted(numbers) for shared, numbers in by_grounds.values()}


def grounds_number(connection: Connection, shared: Grounds) -> int:
    content = {"assignment": shared.assignment, "environment": shared.environment, "titles": shared.titles}
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return int(row_of(connection, grounds, {"digest": digest}, content).id)


def layout_number(connection: Connection, layout: PointLayout) -> int:
    content = {"functions": layout.functions, "checks": layout.checks}
    digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()
    return int(row_of(connection, layouts, {"digest": digest}, content).id)


def row_of(connection: Connection, table: Table, where: Mapping[str, Any], more: Mapping[str, Any] = {}) -> Row[Any]:
    """Return the row with these values, and create it if necessary."""
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
    """Change rows; `key` of each is the row's id."""
    if rows:
        names = [name for name in rows[0] if name != "key"]
        values: dict[str, Any] = {name: bindparam(name) for name in names}
        connection.execute(update(table).where(table.c.id == bindparam("key")).values(**values), list(rows))


def runs_of(book: Gradebook, assignment: str = "") -> list[Run]:
    """Return all runs, oldest first, or those of one assignment."""
    columns = [column for column in runs.c if column is not runs.c.holds]
    query = select(*columns, assignments.c.title, outputs.c.path).select_from(runs).join(assignments).join(outputs)
    query = query.order_by(runs.c.id)
    if assignment:
        query = query.where(assignments.c.title == assignment)
    with book.reading() as connection:
        rows = connection.execute(query).all()
    return [
        Run(row.id, row.title, row.path, row.who, moment(row.began), moment(row.ended), row.hashes, row.counts)
        for row in rows
    ]


def attempts_of(book: Gradebook, assignment: str, submission: str = "", *, run: int | None = None) -> list[Attempt]:
    """Return the attempts of one submission or all, with points by function and check; the latest of each is last.

    run: use the scores at the end of this run, and leave out attempts without a score at that time.
    """
    with book.reading() as connection:
        row = find_assignment(connection, assignment, book.place)
        if submission:
            find_hand_in(connection, row, submission, book.place)
        return read_attempts(connection, row.id, [submission] if submission else None, run=run)


def read_attempts(
    connection: Connection,
    assignment: int,
    submissions: Collection[str] | None = None,
    *,
    run: int | None = None,
    points: int = 2,
    counting: str = BEST,
) -> list[Attempt]:
    """Return the attempts of these submissions, by default of all; the latest of each is last.

    points: 1 reads points by function, 2 also by check; this takes most of the time. counting: the rule for which
    attempt counts. With FIRST, only the first and the latest attempt are read, with LATEST only the latest, with BEST
    all.
    """
    wanted = attempts.c.score_id == scores.c.id
    if run is not None:
        others = scores.alias()
        newest = select(others.c.id).where(others.c.attempt_id == attempts.c.id, others.c.run_id <= run)
        wanted = scores.c.id == newest.order_by(others.c.id.desc()).limit(1).scalar_subquery()
    columns: list[Any] = [
        *(hand_ins.c.submission, attempts.c.number, attempts.c.sha256, scores.c.status, scores.c.score),
        *(scores.c.max_score, scores.c.run_id, attempts.c.submitted_at, attempts.c.late_mark, scores.c.answers),
        attempts.c.seen,
    ]
    columns += [scores.c.layout_id, scores.c.functions, scores.c.checks][: points and points + 1]
    own = attempts.c.hand_in_id == hand_ins.c.id
    if counting == LATEST:
        own = attempts.c.id == hand_ins.c.latest_id
    elif counting == FIRST:
        own = attempts.c.id.in_([hand_ins.c.first_id, hand_ins.c.latest_id])
    # An outer join, so that SQLite looks up scores by their keys, and not attempts by their scores.
    query = select(*columns).select_from(hand_ins).join(attempts, own).outerjoin(scores, wanted)
    query = query.where(hand_ins.c.assignment_id == assignment, scores.c.id.is_not(None)).order_by(hand_ins.c.id)
    if submissions is not None:
        query = query.where(hand_ins.c.submission.in_(submissions))
    rows = in_order(connection.execute(query).all(), lambda row: row.submission)
    if not points:
        return list(map(attempt_from, rows))
    named = named_points(connection)
    return [
        replace(attempt_from(row), functions=named(row, 0), checks=named(row, 1) if points > 1 else {}) for row in rows
    ]


def in_order(rows: Sequence[Any], whose: Callable[[Any], Any]) -> list[Any]:
    """Sort rows of attempts within each submission: by their times if all are known, else by the run that saw them."""
    ordered: list[Any] = []
    for _, own in groupby(rows, whose):
        group = list(own)
        if len(group) > 1:
            dated = all(row.submitted_at is not None for row in group)
            group.sort(key=lambda row: (row.submitted_at if dated else 0.0, row.seen, row.number))
        ordered += group
    return ordered


def point_ends(connection: Connection, assignment: int) -> None:
    """Update the first and the latest attempt of each submission.

    An attempt with status grader_error is ignored if there is another one, because it must not take marks away.
    """
    query = select(attempts, scores.c.status, hand_ins.c.first_id, hand_ins.c.latest_id).select_from(hand_ins)
    query = query.join(attempts, attempts.c.hand_in_id == hand_ins.c.id)
    query = query.outerjoin(scores, attempts.c.score_id == scores.c.id).where(hand_ins.c.assignment_id == assignment)
    rows = in_order(connection.execute(query.order_by(attempts.c.hand_in_id)).all(), lambda row: row.hand_in_id)
    changed = []
    for hand_in, own in groupby(rows, lambda row: row.hand_in_id):
        group = list(own)
        usable = [row for row in group if row.status != GRADER_ERROR] or group
        first, latest = usable[0].id, usable[-1].id
        if (first, latest) != (group[0].first_id, group[0].latest_id):
            changed.append({"key": hand_in, "first_id": first, "latest_id": latest})
    change_all(connection, hand_ins, changed)


Named = Callable[[Any, int], Mapping[str, tuple[float, float]]]


def named_points(connection: Connection) -> Named:
    """Return a function that returns a score's points by name, of functions (0) or checks (1), by its layout."""
    known = {row.id: (row.functions, row.checks) for row in connection.execute(select(layouts))}

    def read(row: Any, kind: int) -> Mapping[str, tuple[float, float]]:
        points = json.loads(row.checks if kind else row.functions)
        pairs = zip(known[row.layout_id][kind], points, strict=True)
        return {name: (earned, most) for (name, most), earned in pairs}

    return read


def attempt_from(row: Any) -> Attempt:
    submission, number, sha256, status, score, max_score, run, submitted, late_mark, answers = row[:10]
    given = {} if answers == "{}" else {name: (pair[0], pair[1]) for name, pair in json.loads(answers).items()}
    when = moment_or_none(submitted)
    return Attempt(submission, number, sha256, status, score, max_score, run, when, late_mark, given)
