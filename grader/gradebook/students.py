"""Stores the students of a course, and which students each submission belongs to.

A student has a key that never changes, and names in other systems. A submission's `person` is the name of its folder,
or the platform's name of its student. If exactly one student has this name, the submission is linked to the student,
after an import of a roster and at the end of a run. Links that staff made stay. The members of a group are all linked
to its submission.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy import delete as delete_from

from grader.decisions import Person
from grader.errors import UsageError
from grader.gradebook.book import Gradebook
from grader.gradebook.changes import line, note, note_all
from grader.gradebook.naming import LONGEST_NAME, find_assignment, find_hand_in, find_student, one_line
from grader.gradebook.tables import assignments, hand_ins, members, students
from grader.intake.names import clean, make_id, same_name, show


@dataclass(frozen=True)
class RosterImport:
    """The result of an import of a roster."""

    added: int
    changed: int
    same: int
    linked: int  # number of submissions that got a student


def read_students(connection: Connection, submission: int | None = None) -> list[Person]:
    """Return all students, or the members of one submission. submission: its row's id."""
    query = select(students)
    if submission is not None:
        query = query.join(members).where(members.c.hand_in_id == submission)
    return list(map(student_from, connection.execute(query)))


def student_from(row: Row[Any]) -> Person:
    return Person(row.key, row.name, row.email, row.section, row.ids, row.revision)


def members_of(book: Gradebook, assignment: str) -> dict[str, tuple[Person, ...]]:
    """Return submission → its students: usually one, several for a group. Submissions without a student are left
    out."""
    with book.reading() as connection:
        row = find_assignment(connection, assignment, book.place)
        return read_members(connection, row.id, read_students(connection))


def read_members(connection: Connection, assignment: int, people: Iterable[Person]) -> dict[str, tuple[Person, ...]]:
    """Return submission → its members among these people."""
    by_key = {one.key: one for one in people}
    query = select(hand_ins.c.submission, students.c.key).select_from(members).join(hand_ins).join(students)
    query = query.where(members.c.assignment_id == assignment).order_by(students.c.name, students.c.key)
    found: dict[str, tuple[Person, ...]] = {}
    for submission, key in connection.execute(query):
        if key in by_key:
            found[submission] = (*found.get(submission, ()), by_key[key])
    return found


def import_roster(book: Gradebook, roster: Sequence[Person], who: str) -> RosterImport:
    """Import a roster: update students with a known id or address, and add the others. Deletes nobody. If a row fits
    two known students, writes nothing and raises UsageError.
    """
    who = one_line(who, "who")
    with book.writing() as connection:
        known = {row.key: student_from(row) for row in connection.execute(select(students))}
        now = settle_roster(known, list(map(cleaned, roster)))
        new = [one for one in now if one.key not in known]
        changed = [one for one in now if one.key in known and values_of(known[one.key]) != values_of(one)]
        if new or changed:
            after = {"added": len(new), "changed": len(changed)}
            change, _ = note(connection, who, "roster", "imported", {}, after=after)
            note_all(
                connection,
                [
                    line(who, "student", "changed" if was else "made", {"student": one.key}, was, values_of(one))
                    for one in (*new, *changed)
                    for was in (values_of(known[one.key]) if one.key in known else {},)
                ],
            )
            if new:
                connection.execute(
                    insert(students), [{"key": one.key, **values_of(one), "revision": change} for one in new]
                )
            for one in changed:
                values = {**values_of(one), "revision": change}
                connection.execute(update(students).where(students.c.key == one.key).values(**values))
        linked = sum(match_members(connection, row) for row in connection.execute(select(assignments)).all())
    return RosterImport(len(new), len(changed), len(now) - len(new) - len(changed), linked)


def cleaned(student: Person) -> Person:
    """Return a student with texts as they are stored: without control characters, and not too long."""
    texts = student.name, student.email, student.section
    name, email, section = (clean(text.strip())[:LONGEST_NAME] for text in texts)
    ids = {system: clean(value.strip())[:LONGEST_NAME] for system, value in student.ids.items() if value.strip()}
    return Person(student.key and make_id(student.key), name, email, section, ids)


def settle_roster(known: Mapping[str, Person], roster: Sequence[Person]) -> list[Person]:
    """Return the roster's students merged with the known ones, with keys. Raises UsageError if a row is ambiguous."""
    by_name = index(known.values())
    taken = {*known}
    met: dict[str, Person] = {}
    for one in roster:
        matches = {was.key: was for name in names_of(one) for was in by_name.get(name, ())}
        if len(matches) > 1:
            both = " and ".join(show(key) for key in sorted(matches)[:3])
            what = f"{show(one.name or one.key)}: its ids are those of {both}, expected one student"
            raise UsageError(f"{what}. Correct the roster. Nothing was imported.")
        was = next(iter(matches.values()), None)
        if was and was.key in met:
            raise UsageError(f"{show(was.key)}: two rows of the roster are this student. Nothing was imported.")
        settled = merge(was, one) if was else replace(one, key=free_key(one, taken))
        taken.add(settled.key)
        met[settled.key] = settled
    return list(met.values())


def values_of(student: Person) -> dict[str, Any]:
    return {
        "name": student.name,
        "email": student.email,
        "section": student.section,
        "ids": dict(student.ids),
    }


def merge(was: Person, one: Person) -> Person:
    """Return the student with new values, or the old value if a new one is empty."""
    return Person(
        was.key, one.name or was.name, one.email or was.email, one.section or was.section, {**was.ids, **one.ids}
    )


def free_key(student: Person, taken: set[str]) -> str:
    """Return an unused key for a new student, made from the login, address, number or name."""
    ids = student.ids
    first = make_id(student.key or ids.get("login") or student.email or ids.get("sis") or student.name)
    key, number = first, 1
    while key in taken:
        number += 1
        key = f"{first}-{number}"
    return key


def names_of(student: Person) -> set[tuple[str, str]]:
    """Return the identifiers of a student: (system, id), the address and the key."""
    names = {(system, same_name(value)) for system, value in student.ids.items() if value}
    if student.email:
        names.add(("email", same_name(student.email).casefold()))
    if student.key:
        names.add(("key", student.key))
    return names


def index(known: Iterable[Person]) -> Mapping[tuple[str, str], list[Person]]:
    found: dict[tuple[str, str], list[Person]] = defaultdict(list)
    for one in known:
        for name in names_of(one):
            found[name].append(one)
    return found


def match_members(connection: Connection, assignment: Row[Any]) -> int:
    """Link submissions without a student to the student of their `person`. Returns the number of new links."""
    own = members.c.assignment_id == assignment.id
    query = select(hand_ins).where(hand_ins.c.assignment_id == assignment.id)
    query = query.where(hand_ins.c.id.not_in(select(members.c.hand_in_id).where(own)))
    alone = connection.execute(query).all()
    if not alone:
        return 0
    rows = {row.key: row for row in connection.execute(select(students))}
    busy = {row.student_id for row in connection.execute(select(members.c.student_id).where(own))}
    calls: dict[str, set[str]] = defaultdict(set)
    for row in rows.values():
        for name in called(student_from(row), assignment.title):
            calls[name].add(row.key)
    linked = []
    for row in alone:
        people = whose(row.person or row.submission, calls) or whose(row.submission, calls)
        found = [rows[key].id for key in people]
        if found and not busy & {*found}:
            busy |= {*found}
            links = [{"hand_in_id": row.id, "student_id": one, "assignment_id": assignment.id} for one in found]
            linked.append((row, people, links))
    lines = []
    for row, people, _ in linked:
        subject = {"assignment": assignment.title, "submission": row.submission}
        lines.append(line("grader", "members", "matched", subject, {}, {"students": sorted(people)}))
    if linked:
        note_all(connection, lines)
        connection.execute(insert(members), [link for _, _, links in linked for link in links])
    return len(linked)


def whose(person: str, calls: Mapping[str, set[str]]) -> list[str]:
    """Return the keys of the students that `person` names: one, or a group by its addresses; [] if ambiguous."""
    person = same_name(person)
    tail = person.rpartition("_")[2]  # Canvas' user id or Moodle's participant id follows the name
    parts = person.split(" ")
    for names in ([person], [f"#{tail}"], parts if all("@" in part for part in parts) else []):
        found = [calls.get(name.casefold(), set()) for name in names]
        if found and all(len(keys) == 1 for keys in found):
            return sorted({key for keys in found for key in keys})
    return []


def called(student: Person, assignment: str) -> set[str]:
    """Return all names that a submission of this student may have, in lower case; "#12" for a platform's number."""
    ids = dict(student.ids)
    numbers = {ids.pop("canvas", ""), ids.pop(f"moodle:{assignment}", "")}
    others = {value for system, value in ids.items() if not system.startswith("moodle:")}
    names = {student.key, student.name, student.email, *others}
    return {same_name(name).casefold() for name in names if name} | {f"#{number}" for number in numbers if number}


def link_members(book: Gradebook, assignment: str, submission: str, keys: Sequence[str], who: str) -> None:
    """Set the students of a submission: one student, all members of a group, or nobody.

    Raises NotInGradebook; UsageError if a student has another submission of this assignment.
    """
    who = one_line(who, "who")
    with book.writing() as connection:
        row = find_assignment(connection, assignment, book.place)
        hand_in = find_hand_in(connection, row, submission, book.place)
        people = {key: find_student(connection, key, book.place) for key in keys}
        for key, student in people.items():
            query = (
                select(hand_ins.c.submission)
                .join(members)
                .where(
                    members.c.student_id == student.id, members.c.assignment_id == row.id, hand_ins.c.id != hand_in.id
                )
            )
            if other := connection.execute(query).scalar():
                found = f"{show(key)}: has the submission {show(other)}, expected one a student"
                raise UsageError(f"{found}. Link that to somebody else first.")
        query = select(students.c.key).join(members).where(members.c.hand_in_id == hand_in.id)
        before, after = sorted(connection.execute(query).scalars()), sorted(people)
        if before == after:
            return
        subject = {"assignment": assignment, "submission": submission}
        note(connection, who, "members", "changed", subject, before={"students": before}, after={"students": after})
        connection.execute(delete_from(members).where(members.c.hand_in_id == hand_in.id))
        for one in people.values():
            values = {"hand_in_id": hand_in.id, "student_id": one.id, "assignment_id": row.id}
            connection.execute(insert(members).values(**values))
