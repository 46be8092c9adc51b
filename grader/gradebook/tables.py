"""The gradebook's tables, in SQLAlchemy Core. No classes are mapped: other modules make frozen records from rows.

    assignments ─┬─ runs ── scores ──┐            outputs (output folders)
                 └─ hand_ins ─┬─ attempts ── late_days
                              ├─ held (which attempt lies in which output folder)
                              └─ members ── students
    adjustments, comments, extensions, requests      by (assignment, submission id, student key)
    publishings                                      by assignment
    history                                          every change, in the order in which it happened

A record's `revision` is the number of the history line of its last change. Scores are copied from the results' JSON
files at the end of a run; only changed scores get a new row. Times are seconds since 1970, UTC. These names of tables
and columns are the format of version 1: a change needs a migration.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

HEAD: Final = "1"  # the version of these tables: the last step in migrations/
VERSION_TABLE: Final = "grader_version"
CONVENTION: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata: Final = MetaData(naming_convention=CONVENTION)


def key() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def link(to: str, **options: Any) -> Column[int]:
    """Return a column that refers to a row of another table; rows with it are deleted together with that row."""
    return Column(f"{to.removesuffix('s')}_id", ForeignKey(f"{to}.id", ondelete="CASCADE"), nullable=False, **options)


def text(name: str, length: int = 200) -> Column[str]:
    return Column(name, String(length), nullable=False, server_default="")


def long_text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="")


def made() -> tuple[Column[str], Column[float], Column[int]]:
    """Return columns for the last change of a record: who, when, and its history line."""
    return text("who"), Column("made_at", Double, nullable=False), Column("revision", Integer, nullable=False)


assignments: Final = Table(
    "assignments",
    metadata,
    key(),
    Column("title", String(200), nullable=False, unique=True),
    Column("rules", JSON, nullable=False),
    Column("functions", JSON, nullable=False),  # points by id
    Column("questions", JSON, nullable=False),
)
outputs: Final = Table("outputs", metadata, key(), Column("path", Text, nullable=False, unique=True))
runs: Final = Table(
    "runs",
    metadata,
    key(),
    link("assignments", index=True),
    link("outputs"),
    text("who"),
    Column("began", Double, nullable=False),
    Column("ended", Double, nullable=False),
    Column("hashes", JSON, nullable=False),
    Column("counts", JSON, nullable=False),
)
students: Final = Table(
    "students",
    metadata,
    key(),
    Column("key", String(200), nullable=False, unique=True),
    text("name"),
    text("email"),
    text("section"),
    Column("ids", JSON, nullable=False),
    Column("revision", Integer, nullable=False),
)
hand_ins: Final = Table(
    "hand_ins",
    metadata,
    key(),
    link("assignments"),
    Column("submission", String(200), nullable=False),
    long_text("person"),
    long_text("source"),
    Column("first_id", Integer),  # ids of its first and its latest attempt
    Column("latest_id", Integer),
    UniqueConstraint("assignment_id", "submission"),
)
members: Final = Table(
    "members",
    metadata,
    key(),
    link("hand_ins", index=True),
    link("students"),
    link("assignments"),  # for the constraint: a student has at most one submission of an assignment
    UniqueConstraint("student_id", "assignment_id"),
)
layouts: Final = Table(  # names and maxima for the lists of points in scores
    "layouts",
    metadata,
    key(),
    Column("digest", String(64), nullable=False, unique=True),
    Column("functions", JSON, nullable=False),
    Column("checks", JSON, nullable=False),
)
attempts: Final = Table(
    "attempts",
    metadata,
    key(),
    link("hand_ins"),
    Column("number", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("submitted_at", Double),
    Column("late_mark", Boolean, nullable=False),
    Column("seen", Integer, nullable=False),  # id of the last run that found it new in a folder
    Column("score_id", Integer),  # id of its newest score
    UniqueConstraint("hand_in_id", "number"),
)
scores: Final = Table(
    "scores",
    metadata,
    key(),
    link("attempts", index=True),
    link("runs"),
    link("layouts"),
    Column("status", String(20), nullable=False),
    Column("score", Double),
    Column("max_score", Double, nullable=False),
    Column("functions", Text, nullable=False),  # JSON lists of points
    Column("checks", Text, nullable=False),
    Column("answers", Text, nullable=False),  # JSON object, "{}" for none
)
held: Final = Table(
    "held",
    metadata,
    link("hand_ins", primary_key=True),
    link("outputs", primary_key=True),
    link("attempts"),
)
late_days: Final = Table(
    "late_days",
    metadata,
    key(),
    link("attempts", unique=True),
    Column("days", Integer, nullable=False),
    long_text("reason"),
    *made(),
)


def about() -> tuple[Column[Any], ...]:
    """Return columns for the subject of a decision: a submission or a student, and a part."""
    return link("assignments"), text("submission"), text("student"), text("kind", 20), text("name")


adjustments: Final = Table(
    "adjustments",
    metadata,
    key(),
    *about(),
    Column("mode", String(10), nullable=False),
    Column("points", Double, nullable=False),
    Column("earned_then", Double),
    long_text("reason"),
    long_text("comment"),
    *made(),
    UniqueConstraint("assignment_id", "submission", "student", "kind", "name"),
)
comments: Final = Table(
    "comments",
    metadata,
    key(),
    *about(),
    long_text("body"),
    *made(),
    Index("ix_comments_subject", "assignment_id", "submission"),
)
publishings: Final = Table(
    "publishings",
    metadata,
    key(),
    link("assignments", unique=True),
    Column("at", Double, nullable=False),
    *made(),
)
saved_comments: Final = Table(
    "saved_comments",
    metadata,
    key(),
    link("assignments"),
    Column("body", String(2000), nullable=False),
    *made(),
    UniqueConstraint("assignment_id", "body"),
)
extensions: Final = Table(
    "extensions",
    metadata,
    key(),
    link("assignments"),
    text("submission"),
    text("student"),
    Column("days", Double, nullable=False),
    long_text("reason"),
    *made(),
    UniqueConstraint("assignment_id", "submission", "student"),
)
requests: Final = Table(
    "requests",
    metadata,
    key(),
    *about(),
    long_text("question"),
    Column("asked_at", Double, nullable=False),
    long_text("answer"),
    *made(),
    Index("ix_requests_subject", "assignment_id", "submission"),
)
history: Final = Table(
    "history",
    metadata,
    key(),
    Column("made_at", Double, nullable=False),
    text("who"),
    text("assignment"),
    text("submission"),
    text("student"),
    Column("what", String(20), nullable=False),
    Column("action", String(20), nullable=False),
    Column("before", JSON, nullable=False),
    Column("after", JSON, nullable=False),
    Index("ix_history_subject", "assignment", "submission"),
)
