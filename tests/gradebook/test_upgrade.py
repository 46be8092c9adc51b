"""The steps from an empty database to the newest version give the tables that the code knows."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from book_sample import enter, handed_in
from sqlalchemy import inspect, text

from grader.errors import GraderError
from grader.gradebook.book import open_gradebook
from grader.gradebook.tables import HEAD, VERSION_TABLE, metadata
from grader.gradebook.upgrade import STEPS, steps, upgrade

STEP = """
import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"


def upgrade():
    op.add_column("runs", sa.Column("mood", sa.String(10), nullable=False, server_default="good"))
"""


def test_all_steps_give_the_tables_of_today(book):
    with book.writing() as connection:
        metadata.drop_all(connection)
        connection.execute(text(f"DROP TABLE {VERSION_TABLE}"))
        upgrade(connection, None)
        defaults = connection.dialect.name == "postgresql"  # alembic takes SQLite's '' for another default
        options = {"version_table": VERSION_TABLE, "compare_type": True, "compare_server_default": defaults}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == HEAD


def test_a_new_gradebook_is_of_the_version_of_the_last_step(url):
    assert steps().get_heads() == [HEAD]
    with open_gradebook(url) as book, book.reading() as connection:
        assert connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar() == HEAD


def test_an_older_gradebook_is_brought_up_to_date_when_it_is_opened_and_keeps_what_it_holds(url, tmp_path, monkeypatch):
    with open_gradebook(url) as older:
        enter(older, handed_in("ann"))
    newer = shutil.copytree(STEPS, tmp_path / "steps")
    (newer / "v2.py").write_text(STEP)
    monkeypatch.setattr("grader.gradebook.upgrade.STEPS", newer)
    monkeypatch.setattr("grader.gradebook.upgrade.HEAD", "2")
    monkeypatch.setattr("grader.gradebook.book.HEAD", "2")
    with open_gradebook(url) as book, book.reading() as connection:
        assert connection.execute(text("SELECT who, mood FROM runs")).one() == ("instructor", "good")
        assert connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar() == "2"


def test_a_step_that_fails_leaves_the_older_gradebook_as_it_was(url, tmp_path, monkeypatch):
    with open_gradebook(url) as older:
        enter(older, handed_in("ann"))
    newer = shutil.copytree(STEPS, tmp_path / "steps")
    (newer / "v2.py").write_text(STEP + "    op.execute('INSERT INTO nowhere VALUES (1)')\n")
    with monkeypatch.context() as patch:
        patch.setattr("grader.gradebook.upgrade.STEPS", newer)
        patch.setattr("grader.gradebook.upgrade.HEAD", "2")
        patch.setattr("grader.gradebook.book.HEAD", "2")
        with pytest.raises(GraderError):
            open_gradebook(url)
    with open_gradebook(url) as book, book.reading() as connection:
        assert "mood" not in {column["name"] for column in inspect(connection).get_columns("runs")}


def test_steps_know_nothing_of_the_tables_of_today():
    """Else an old step would change when the tables do."""
    for path in Path(STEPS).glob("v*.py"):
        nodes = ast.walk(ast.parse(path.read_text()))
        imports = [ast.unparse(node) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
        assert imports, path
        assert not [line for line in imports if "grader" in line], path
