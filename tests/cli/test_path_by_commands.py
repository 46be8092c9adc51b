"""A teaching assistant's whole way with commands and tables alone, over a class that is really graded, twice.

tests/web/test_whole_path.py goes the same way in a browser.
"""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import pytest
from small_course import ADA, ED, FUNCTION, HINT, JANE, ease, grade, grades, in_canvas, make_course, moved, run

pytest.importorskip("sqlalchemy", reason="no SQLAlchemy (pip install -e '.[gradebook]')")
pytestmark = [pytest.mark.process, pytest.mark.slow]


def fill(path: Path, **cells: dict[str, str]) -> None:
    """Write into a table as a spreadsheet does: `cells` by submission, by column; a row is added where none is."""
    text = path.read_text(encoding="utf-8-sig")
    reader = csv.DictReader(io.StringIO(text))
    rows = list(reader)
    columns = list(reader.fieldnames or ())
    for submission, values in cells.items():
        known = [row for row in rows if row["submission"] == submission]
        if not known:
            known = [dict.fromkeys(columns, "") | {"submission": submission}]
            rows += known
        for row in known:
            row.update(values)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def test_the_whole_path_by_commands(tmp_path: Path) -> None:
    course = make_course(tmp_path)
    grade(course)
    run(course, "gradebook", "roster", "canvas.csv")
    below_half = [name for name, row in grades(course).items() if float(row["grade"]) < float(row["max_grade"]) / 2]
    assert below_half == [JANE, ED]
    assert HINT in (course / f"reports/{JANE}.html").read_text(encoding="utf-8")

    run(course, "gradebook", "export", "adjustments.csv")
    back = {"part": FUNCTION, "points": "2", "reason": "The handout did not say which axis."}
    fill(course / "adjustments.csv", **{JANE: back, ED: {**back, "points": "1", "reason": "Nearly."}})
    run(course, "gradebook", "--who", "ada", "import", "adjustments.csv")
    fill(course / "reports/answers.csv", **{JANE: {"points": "4"}, ADA: {"points": "3"}, ED: {"points": "2,5"}})
    results = {path: path.read_bytes() for path in (course / "reports/results").iterdir()}
    grade(course)
    assert results == {path: path.read_bytes() for path in (course / "reports/results").iterdir()}  # nothing ran again
    found = grades(course)
    assert {name: row["grade"] for name, row in found.items()} == {JANE: "6", ADA: "13", ED: "6.83"}
    assert (found[JANE]["name"], found[JANE]["adjusted"]) == ("Doe, Jane", "2")
    page = (course / f"reports/feedback/{JANE}.html").read_text(encoding="utf-8")
    assert "The handout did not say which axis." in page
    assert in_canvas(course) == {1003: "6", 1001: "13", 1002: "6.83"}

    shutil.copytree(course / "reports", course / "before")
    ease(course)
    assert f"1 gained 6.67 ({ED}), 2 stayed the same. Through {FUNCTION}.many_rows (check changed)." in grade(course)
    found = grades(course)
    assert {name: row["grade"] for name, row in found.items()} == {JANE: "6", ADA: "13", ED: "12.5"}
    # What ed got on top has no room any more: a function earns at most what it is worth.
    assert {name: row["adjusted"] for name, row in found.items()} == {JANE: "2", ADA: "", ED: "0"}
    assert in_canvas(course) == {1003: "6", 1001: "13", 1002: "12.5"}
    assert moved(course, "before") == [(ED, "3.33", "10", f"{FUNCTION}.many_rows")]
    history = run(course, "gradebook", "history")
    assert "ada" in history and "The handout did not say which axis." in history
