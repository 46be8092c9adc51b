"""The table and the JSON: whole, and no cell is a formula. Rounding, and the zips of pages."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest

from grader.delivery import feedback_zip
from grader.delivery.feedback_zip import write_zips
from grader.delivery.hand_back import GradePart, HandBack, rounded, same_letters, written
from grader.delivery.plain_files import grades_json, grades_table
from grader.errors import GraderError

NASTY = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '"=1"', "a,b\nc"]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("text", NASTY)
def test_no_cell_of_the_table_is_a_formula(text):
    record = HandBack(text, text, 1.0, 2.0, text, text, text, text, text, text)
    (row,) = rows(grades_table([record]))
    assert all(not cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row.values())
    assert all(cell in (text, f"'{text}", "1", "2") for cell in row.values())


def test_no_grade_is_an_empty_cell_and_no_zero():
    records = [HandBack("a", "A", None, 10.0), HandBack("b", "B", 0.0, 10.0)]
    assert [row["grade"] for row in rows(grades_table(records))] == ["", "0"]
    assert [one["grade"] for one in json.loads(grades_json(records))["grades"]] == [None, 0.0]


def test_a_grade_below_zero_stays_a_number():
    assert rows(grades_table([HandBack("a", "A", -2.5, 10.0)]))[0]["grade"] == "-2.5"


def test_json_has_the_parts():
    (one,) = json.loads(grades_json([HandBack("a", "A", 3.0, 4.0, parts=(GradePart("f", 3.0, 4.0, "said"),))]))[
        "grades"
    ]
    assert one["parts"] == [{"name": "f", "points": 3.0, "max_points": 4.0, "text": "said"}]


@pytest.mark.parametrize(
    ("grade", "text"),
    [(85.0, "85"), (85.5, "85.5"), (0.125, "0.13"), (1.005, "1.01"), (2.675, "2.68"), (99.999, "100"), (-0.001, "0")],
)
def test_grades_are_rounded_as_people_round(grade, text):
    assert written(rounded(grade)) == text


def test_letters_in_any_order_are_one_name():
    assert same_letters("doejane", "Jane Doe") and same_letters("Zoë", "zoe\u0308")
    assert not same_letters("Jane Doe", "Jane Roe")


@pytest.fixture
def pages(tmp_path) -> dict[str, Path]:
    for number in range(5):
        (tmp_path / f"{number}.html").write_text(f"page {number}")
    return {f"a_{number}/feedback.html": tmp_path / f"{number}.html" for number in range(5)}


def test_a_zip_holds_each_page_under_its_name(pages, tmp_path):
    (path,) = write_zips(tmp_path, "moodle-feedback", pages)
    with zipfile.ZipFile(path) as file:
        assert {name: file.read(name) for name in file.namelist()} == {n: p.read_bytes() for n, p in pages.items()}
        assert file.testzip() is None


def test_many_pages_are_several_zips_and_those_of_an_earlier_export_go(pages, tmp_path, monkeypatch):
    write_zips(tmp_path, "moodle-feedback", pages)
    monkeypatch.setattr(feedback_zip, "PAGES", 2)
    written_now = write_zips(tmp_path, "moodle-feedback", pages)
    assert [path.name for path in written_now] == [f"moodle-feedback-{n}-of-3.zip" for n in (1, 2, 3)]
    assert sorted(tmp_path.glob("*.zip")) == written_now
    names = [name for path in written_now for name in zipfile.ZipFile(path).namelist()]
    assert names == list(pages)


def test_a_page_that_is_gone_is_said(pages, tmp_path):
    pages["a_1/feedback.html"].unlink()
    with pytest.raises(GraderError, match=r"1\.html: cannot be read"):
        write_zips(tmp_path, "x", pages)
