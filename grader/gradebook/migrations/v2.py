"""Version 2: runs keep what `grader compare` needs, and the database refuses to change or delete lines of history."""

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"

SAME = " AND ".join(f"NEW.{name} = OLD.{name}" for name in ("id", "made_at", "who", "what", "action"))
EMPTIED = (
    f"{SAME} AND (NEW.student = '(deleted)' OR (NEW.what = 'members' AND (CAST(NEW.before AS TEXT) LIKE '%(deleted)%' "
    "OR CAST(NEW.after AS TEXT) LIKE '%(deleted)%')))"
)
REFUSED = "the history is only added to"
GUARDS = {
    "sqlite": (
        f"CREATE TRIGGER history_keeps BEFORE DELETE ON history BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END",
        f"CREATE TRIGGER history_stays BEFORE UPDATE ON history WHEN NOT ({EMPTIED}) "
        f"BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION refuse_history() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSED}'; END $$",
        "CREATE TRIGGER history_keeps BEFORE DELETE OR TRUNCATE ON history "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_history()",
        f"CREATE TRIGGER history_stays BEFORE UPDATE ON history FOR EACH ROW WHEN (NOT ({EMPTIED})) "
        "EXECUTE FUNCTION refuse_history()",
    ),
}


def upgrade() -> None:
    op.add_column("runs", sa.Column("holds", sa.Text(), server_default="", nullable=False))
    op.add_column("scores", sa.Column("statuses", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "grounds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("assignment", sa.JSON(), nullable=False),
        sa.Column("environment", sa.JSON(), nullable=False),
        sa.Column("titles", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grounds")),
        sa.UniqueConstraint("digest", name=op.f("uq_grounds_digest")),
    )
    for statement in GUARDS[op.get_bind().dialect.name]:
        op.execute(statement)
