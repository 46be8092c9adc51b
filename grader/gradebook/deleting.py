"""Deletes a student's data from all tables and history lines, and lists the files that contain more.

This deletes the student's own submissions, with attempts, scores, decisions, comments and requests. A group's
submission stays for the other members. The history keeps who deleted a student, when, and how many lines were emptied,
but no name and no content. SQLite overwrites deleted data (secure_delete), but backups still contain it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, or_, select, update
from sqlalchemy import delete as delete_from

from grader.gradebook.book import Gradebook
from grader.gradebook.changes import note
from grader.gradebook.naming import find_student, one_line
from grader.gradebook.tables import (
    adjustments,
    assignments,
    comments,
    extensions,
    hand_ins,
    history,
    members,
    outputs,
    requests,
    students,
)

DELETED: Final = "(deleted)"
# Files and folders of an output folder with data of all students.
SHARED: Final = ("grades.csv", "index.html", "answers.csv", "ids.json", "compare.html", "export")


@dataclass(frozen=True)
class Deleted:
    """The result of a deletion, and the files that still contain data.

    files: only this student's. shared: also of others. sources: the handed-in files.
    """

    submissions: tuple[str, ...]
    lines: int  # the number of emptied history lines
    files: tuple[Path, ...]
    shared: tuple[Path, ...]
    sources: tuple[str, ...]


def delete_student(book: Gradebook, key: str, *, who: str) -> Deleted:
    """Delete the student with this key, or submissions with this id that have no student. Raises NotInGradebook."""
    who = one_line(who, "who")
    with book.writing() as connection:
        alone = without_student(connection, key)
        student = connection.execute(select(students).where(students.c.key == key)).one_or_none()
        if student is not None:
            alone += handed_in_alone(connection, student.id)
        elif not alone:
            find_student(connection, key, book.place)  # raises an error that lists known names
        query = select(hand_ins.c.submission, hand_ins.c.source, hand_ins.c.assignment_id, assignments.c.title)
        own = connection.execute(query.join(assignments).where(hand_ins.c.id.in_(alone))).all()
        folders = [Path(path) for path in connection.execute(select(outputs.c.path)).scalars()]
        lines = empty_history(connection, key, [(row.title, row.submission) for row in own])
        for table in (adjustments, comments, extensions, requests):
            connection.execute(delete_from(table).where(table.c.student == key))
            for row in own:
                about = table.c.assignment_id == row.assignment_id, table.c.submission == row.submission
                connection.execute(delete_from(table).where(*about))
        connection.execute(delete_from(hand_ins).where(hand_ins.c.id.in_(alone)))
        connection.execute(delete_from(students).where(students.c.key == key))
        after = {"submissions": len(own), "lines": lines}
        note(connection, who, "student", "deleted", {"student": DELETED}, after=after)
    submissions = tuple(dict.fromkeys(row.submission for row in own))
    return Deleted(
        submissions,
        lines,
        tuple(path for folder in folders for name in submissions for path in files_of(folder, name)),
        tuple(path for folder in folders for name in SHARED if submissions and (path := folder / name).exists()),
        tuple(dict.fromkeys(row.source for row in own if row.source)),
    )


def without_student(connection: Connection, submission: str) -> list[int]:
    """Return the rows' ids of submissions with this id, of any assignment, that have no student."""
    query = select(hand_ins.c.id).where(hand_ins.c.submission == submission)
    return list(connection.execute(query.where(hand_ins.c.id.not_in(select(members.c.hand_in_id)))).scalars())


def handed_in_alone(connection: Connection, student: int) -> list[int]:
    """Return the rows' ids of submissions whose only member is this student."""
    mine = select(members.c.hand_in_id).where(members.c.student_id == student)
    count = select(members.c.hand_in_id).where(members.c.hand_in_id.in_(mine)).group_by(members.c.hand_in_id)
    return list(connection.execute(count.having(func.count() == 1)).scalars())


def empty_history(connection: Connection, key: str, own: Sequence[tuple[str, str]]) -> int:
    """Remove names and content from all history lines about the student. Returns the number of lines."""
    about = [history.c.student == key]
    about += [(history.c.assignment == title) & (history.c.submission == name) for title, name in own]
    emptied = {"before": {}, "after": {}, "student": DELETED, "submission": DELETED}
    done = connection.execute(update(history).where(or_(*about)).values(**emptied)).rowcount
    members_lines = select(history.c.id, history.c.before, history.c.after).where(history.c.what == "members")
    for row in connection.execute(members_lines).all():  # in groups' lines, replace the student's key
        states = {}
        for name, state in (("before", row.before), ("after", row.after)):
            if key in state.get("students", ()):
                states[name] = {"students": [DELETED if one == key else one for one in state["students"]]}
        if states:
            connection.execute(update(history).where(history.c.id == row.id).values(**states))
            done += 1
    return done


def files_of(folder: Path, submission: str) -> list[Path]:
    """Return the files of an output folder that belong only to this submission."""
    pages = [folder / f"{submission}.html", folder / "feedback" / f"{submission}.html"]
    pages.append(folder / "results" / f"{submission}.json")
    notebooks = sorted((folder / "notebooks" / submission).glob("*"))
    return [path for path in (*pages, *notebooks) if path.exists()]


def remove_files(deleted: Deleted) -> list[str]:
    """Delete the student's own files. Returns the errors."""
    failed = []
    for path in deleted.files:
        try:
            os.unlink(path)
        except OSError as error:
            failed.append(f"{path}: {error.strerror}")
    for folder in {path.parent for path in deleted.files if path.parent.parent.name == "notebooks"}:
        if not any(folder.iterdir()):
            folder.rmdir()
    return failed
