"""What makes the history append-only: triggers in the database, which also refuse a program that is not the grader.

Nothing deletes a line of history or changes one. Deleting a student's data (deleting.py) empties lines: what they say
of a student becomes "(deleted)"; who changed what kind of record, and when, stays.
"""

from __future__ import annotations

from typing import Final

SAME: Final = " AND ".join(f"NEW.{name} = OLD.{name}" for name in ("id", "made_at", "who", "what", "action"))
EMPTIED: Final = (
    f"{SAME} AND (NEW.student = '(deleted)' OR (NEW.what = 'members' AND (CAST(NEW.before AS TEXT) LIKE '%(deleted)%' "
    "OR CAST(NEW.after AS TEXT) LIKE '%(deleted)%')))"
)
REFUSED: Final = "the history is only added to"
GUARDS: Final = {
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
