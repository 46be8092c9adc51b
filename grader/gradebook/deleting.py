"""Deleting a student's data: out of every table and every line of history, and a list of the files that hold more.

What the student handed in alone goes with the student: attempts, scores, decisions, comments, requests. A group's
submission stays with the others. The history keeps that a student was deleted, by whom and when, and how many lines
were emptied; it keeps neither name nor content. SQLite overwrites what is deleted (secure_delete). Backups
keep it.
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
# In an output folder, these are about all students.
SHARED: Final = ("grades.csv", "index.html", "answers.csv", "ids.json", "compare.html", "export")


@dataclass(frozen=True)
class Deleted:
    """What was deleted, and which files still hold something.

    files: of the student alone. shared: name the student among others. sources: what was handed in.
    """

    submissions: tuple[str, ...]
    lines: int  # of history that were emptied
    files: tuple[Path, ...]
    shared: tuple[Path, ...]
    sources: tuple[str, ...]


def delete_student(book: Gradebook, key: str, *, who: str) -> Deleted:
    """Delete a student, or whoever made a submission of this id that is nobody's. Raises NotInGradebook."""
    who = one_line(who, "who")
    with book.writing() as connection:
        alone = nobodys(connection, key)
        student = connection.execute(select(students).where(students.c.key == key)).one_or_none()
        if student is not None:
            alone += alone_of(connection, student.id)
        elif not alone:
            find_student(connection, key, book.place)  # says which there are
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


def nobodys(connection: Connection, submission: str) -> list[int]:
    """The submissions of this id, of any assignment, that are not known to be anybody's."""
    query = select(hand_ins.c.id).where(hand_ins.c.submission == submission)
    return list(connection.execute(query.where(hand_ins.c.id.not_in(select(members.c.hand_in_id)))).scalars())


def alone_of(connection: Connection, student: int) -> list[int]:
    """The submissions that nobody else is a member of."""
    mine = select(members.c.hand_in_id).where(members.c.student_id == student)
    count = select(members.c.hand_in_id).where(members.c.hand_in_id.in_(mine)).group_by(members.c.hand_in_id)
    return list(connection.execute(count.having(func.count() == 1)).scalars())


def empty_history(connection: Connection, key: str, own: Sequence[tuple[str, str]]) -> int:
    """Take name and content out of every line about the student. Returns how many lines that are."""
    about = [history.c.student == key]
    about += [(history.c.assignment == title) & (history.c.submission == name) for title, name in own]
    emptied = {"before": {}, "after": {}, "student": DELETED, "submission": DELETED}
    done = connection.execute(update(history).where(or_(*about)).values(**emptied)).rowcount
    members_lines = select(history.c.id, history.c.before, history.c.after).where(history.c.what == "members")
    for row in connection.execute(members_lines).all():  # of a group that stays: the key among others
        states = {}
        for name, state in (("before", row.before), ("after", row.after)):
            if key in state.get("students", ()):
                states[name] = {"students": [DELETED if one == key else one for one in state["students"]]}
        if states:
            connection.execute(update(history).where(history.c.id == row.id).values(**states))
            done += 1
    return done


def files_of(folder: Path, submission: str) -> list[Path]:
    """What an output folder holds of one submission alone."""
    pages = [folder / f"{submission}.html", folder / "feedback" / f"{submission}.html"]
    pages.append(folder / "results" / f"{submission}.json")
    notebooks = sorted((folder / "notebooks" / submission).glob("*"))
    return [path for path in (*pages, *notebooks) if path.exists()]


def remove_files(deleted: Deleted) -> list[str]:
    """Remove the student's own files. Returns what could not be removed, and why."""
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
