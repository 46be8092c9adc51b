"""The autograder zip, run as Gradescope runs one: its files in place, the script started, results.json read."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from grader.delivery.gradescope import autograder_zip
from grader.delivery.hand_back import GradePart, HandBack

PARTS = (GradePart("layers.affine_forward", 3.0, 4.0, "failed: Shapes."), GradePart("optim.adam", 5.0, 5.0))
RECORDS = [
    HandBack("Jane_Doe_101", "Jane Doe", 91.255, 100.0, "101", comment="Well done.", late="1 day late", parts=PARTS),
    HandBack("b", "Ben", 50.0, 100.0, email="Ben@uni.example"),
    HandBack("c", "Cleo", None, 100.0, "103"),
    HandBack("d", "Dan", 7.0, 100.0),
]


def run(tmp_path: Path, submission: int, *emails: str, total: str = "100.0", records: list[HandBack] = RECORDS):
    """As in its container: the zip in source/, the script beside it, what it must know of the submission."""
    with zipfile.ZipFile(io.BytesIO(autograder_zip(records)[0])) as file:
        file.extractall(tmp_path / "source")
        modes = {info.filename: info.external_attr >> 16 & 0o777 for info in file.infolist()}
    assert {name: mode for name, mode in modes.items() if mode & 0o100} == modes
    assert {"setup.sh", "run_autograder"} <= modes.keys()
    (tmp_path / "source/run_autograder").rename(tmp_path / "run_autograder")
    metadata = {
        "id": submission,
        "assignment": {"total_points": total},
        "users": [{"email": email, "id": 1, "name": "x"} for email in emails],
    }
    (tmp_path / "submission_metadata.json").write_text(json.dumps(metadata))
    done = subprocess.run([sys.executable, tmp_path / "run_autograder"], capture_output=True, text=True, check=False)
    results = tmp_path / "results/results.json"
    return done, json.loads(results.read_text()) if results.exists() else None


@pytest.mark.process
def test_gradescope_gets_the_grade_of_the_submission(tmp_path):
    done, results = run(tmp_path, 101, "jane@uni.example")
    assert done.returncode == 0, done.stderr
    assert (results["score"], results["output"]) == (91.26, "Well done.\n1 day late")
    assert {test["name"]: (test["score"], test["max_score"], test["status"]) for test in results["tests"]} == {
        "layers.affine_forward": (3.0, 4.0, "failed"),
        "optim.adam": (5.0, 5.0, "passed"),
    }
    shown = {results["visibility"], *(test["visibility"] for test in results["tests"])}
    assert shown == {"after_published"}  # one hidden test would hide the student's total
    known = {"score", "output", "output_format", "visibility", "stdout_visibility", "tests"}
    assert results.keys() <= known


@pytest.mark.process
def test_an_address_tells_whose_it_is_where_the_number_is_new(tmp_path):
    assert run(tmp_path, 999, "other@uni.example", "ben@uni.example")[1]["score"] == 50.0


@pytest.mark.process
@pytest.mark.parametrize(
    ("submission", "total", "said"),
    [
        (999, "100.0", "no grade is known for submission 999"),
        (103, "100.0", "no grade is known for submission 103"),
        (101, "50.0", "the assignment has 50.0 points on Gradescope, but the maximum of the grades is 100.0"),
    ],
)
def test_without_a_grade_there_is_no_result_so_that_gradescope_shows_a_failed_run(tmp_path, submission, total, said):
    done, results = run(tmp_path, submission, "x@uni.example", total=total)
    assert (done.returncode, results) == (1, None)
    assert said in done.stderr


@pytest.mark.process
def test_two_grades_for_one_submission_are_none(tmp_path):
    records = [HandBack("a", "A", 1.0, 100.0, email="x@u"), HandBack("b", "B", 2.0, 100.0, email="x@u")]
    assert run(tmp_path, 7, "x@u", records=records)[1] is None


def test_a_grade_that_nobody_can_find_is_named():
    assert autograder_zip(RECORDS)[1] == {"d": "neither its number on Gradescope nor an email address is known"}


def test_the_same_grades_give_the_same_zip():
    assert autograder_zip(RECORDS) == autograder_zip(RECORDS)
