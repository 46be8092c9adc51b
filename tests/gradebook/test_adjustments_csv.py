"""adjustments.csv: out, through a spreadsheet, and in again; all of it or nothing."""

from __future__ import annotations

import csv
import io

import pytest
from book_sample import NETS, RELU, TITLE, WHY, enter, handed_in

from grader.decisions import SET
from grader.errors import GraderError
from grader.gradebook.adjusting import adjust, adjustments_of
from grader.gradebook.adjustments_csv import Applied, adjustments_csv, import_adjustments
from grader.gradebook.changes import changes

FORMULA = '=HYPERLINK("http://x")'


@pytest.fixture(autouse=True)
def graded(book):
    enter(book, handed_in("ann", 10, 40), handed_in("bob"))
    adjust(book, TITLE, -2, FORMULA, who="@Ada", submission="ann", part=RELU, comment="+1")
    adjust(book, TITLE, 3.5, "Read.", who="Ada", submission="bob", part=WHY, mode=SET)


def rows_of(book) -> list[dict[str, str]]:
    content = adjustments_csv(adjustments_of(book, TITLE)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content, newline="")))


def saved(tmp_path, rows, delimiter=","):
    path = tmp_path / "adjustments.csv"
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


def points(book):
    return {(one.submission, str(one.part)): one.points for one in adjustments_of(book, TITLE)}


def test_no_cell_is_a_formula_and_points_are_numbers(book):
    first = rows_of(book)[0]
    assert (first["reason"], first["comment"], first["who"], first["points"]) == (f"'{FORMULA}", "'+1", "'@Ada", "-2")


def test_what_was_exported_changes_nothing_when_it_is_imported(book, tmp_path):
    path, before = saved(tmp_path, rows_of(book)), changes(book)
    assert import_adjustments(book, NETS, path, "Ada") == Applied(same=2)
    assert changes(book) == before


def test_changed_new_and_emptied_rows_are_taken_in_once(book, tmp_path):
    first, second = rows_of(book)
    new = {**dict.fromkeys(first, ""), "submission": "bob", "part": "conv", "points": "-1,5", "reason": "Late."}
    path = saved(tmp_path, [{**first, "points": "4"}, {**second, "points": ""}, new], delimiter=";")
    assert import_adjustments(book, NETS, path, "Bea") == Applied(made=1, changed=1, withdrawn=1)
    expected = {("ann", "layers.relu"): 4.0, ("bob", "layers.conv"): -1.5}
    assert points(book) == expected
    assert import_adjustments(book, NETS, path, "Bea") == Applied(same=2)
    assert points(book) == expected


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"points": "many"}, "line 3: points 'many', expected a number"),
        ({"points": "99"}, "line 3: bob: 99 points for why, expected from 0 to 5"),
        ({"submission": "nobody"}, "line 3: .*no submission 'nobody'"),
        ({"part": "layers.gone"}, "line 3: .*no function or question 'layers.gone'"),
        ({"reason": ""}, "line 3: bob: reason: is empty"),
        ({"mode": "plus"}, "line 3: mode 'plus', expected add or set"),
        ({"revision": "x", "points": "1"}, "line 3: revision 'x'"),
        ({"revision": "1", "points": "1"}, "line 3: bob: the adjustment was made or changed by Ada"),
    ],
)
def test_a_line_that_cannot_be_taken_in_keeps_all_others_out(book, tmp_path, change, said):
    first, second = rows_of(book)
    path = saved(tmp_path, [{**first, "points": "4"}, {**second, **change}])
    before = points(book)
    with pytest.raises(GraderError, match=f"{said}.*Nothing was imported"):
        import_adjustments(book, NETS, path, "Bea")
    assert points(book) == before


def test_what_somebody_changed_after_the_export_is_refused(book, tmp_path):
    first, second = rows_of(book)
    adjust(book, TITLE, 9, "Meanwhile.", who="Cem", submission="ann", part=RELU, seen=None)
    with pytest.raises(GraderError, match="line 2: ann: the adjustment was made or changed by Cem"):
        import_adjustments(book, NETS, saved(tmp_path, [{**first, "points": "4"}, second]), "Bea")


def test_a_table_without_its_columns_is_refused(book, tmp_path):
    (tmp_path / "adjustments.csv").write_text("who,what\na,b\n")
    with pytest.raises(GraderError, match="0 columns 'submission', expected submission, part, points, reason once"):
        import_adjustments(book, NETS, tmp_path / "adjustments.csv", "Bea")
