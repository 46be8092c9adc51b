"""`grader export` from an output folder: what is written, what is refused, and that nothing is written then."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from contextlib import chdir
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from one_check import write_assignment

from grader.cli.commands import cli
from grader.errors import UsageError
from grader.intake.collect import Found
from grader.records import Answer, CheckResult, FunctionResult, NotebookResult, Reason
from grader.records import Result as Graded
from grader.running.identities import save_ids
from grader.running.output_folder import store

GRADEBOOK = (
    "Student,ID,SIS Login ID,Section,Double (9),Quiz (10)\r\n"
    "    Points Possible,,,,10.00,5\r\n"
    '"Doe, Jane",1234,jdoe,A,,=1+1\r\n'
    '"Poe, Edgar",1236,epoe,A,3.00,\r\n'
)
WORKSHEET = (
    "Identifier,Full name,Grade,Maximum grade,Last modified (grade)\n"
    "Participant 1234,Jane Doe,,10.00,-\nParticipant 1236,Edgar Poe,,10.00,-\n"
)
PEOPLE = {"doejane_1234": 7.5, "poeedgar_1236": 10.0}


def graded(name: str, score: float, status: str = "graded") -> Graded:
    check = CheckResult("one.double.five", "one.double", "one.py", "Five numbers.", "hidden", score, 10.0, "partial")
    function = FunctionResult("one.double", score, 10.0, "partial")
    submission = {"id": name, "source": f"class/{name}", "sha256": "", "files": {}}
    reason = Reason.of("folder_is_empty") if status == "unreadable" else None
    assignment = {"title": "One check", "sha256": "", "handout": "default"}
    return Graded(submission, assignment, {}, status, score, 10.0, 0.1, (check,), (function,), (), reason)


@pytest.fixture
def folder(tmp_path) -> Path:
    """assignment/, the results of a class that came from Canvas in reports/, and what the platforms gave."""
    write_assignment(tmp_path)
    keep([graded(name, score) for name, score in PEOPLE.items()], tmp_path)
    (tmp_path / "gradebook.csv").write_bytes(GRADEBOOK.encode())
    (tmp_path / "worksheet.csv").write_bytes(WORKSHEET.encode())
    (tmp_path / "download").mkdir()
    for name in ("doejane_1234_55501_one.py", "poeedgar_LATE_1236_55502_one.py"):
        (tmp_path / "download" / name).write_text("")
    return tmp_path


def keep(results: list[Graded], folder: Path) -> None:
    out = folder / "reports"
    (out / "feedback").mkdir(parents=True, exist_ok=True)
    for result in results:
        store(out, result)
        (out / "feedback" / f"{result.id}.html").write_text(f"<p>page of {result.id}")
    save_ids([Found(one.id, Path(one.id), one.id, person=one.id) for one in results], out)


def run(folder: Path, *words: str) -> Result:
    with chdir(folder):
        return CliRunner().invoke(cli, ["export", *words], standalone_mode=False)


def export(folder: Path, *words: str) -> Result:
    done = run(folder, *words)
    if done.exception is not None:
        raise done.exception
    return done


def refused(folder: Path, *words: str) -> str:
    done = run(folder, *words)
    assert isinstance(done.exception, UsageError), done.output
    assert not (folder / "reports/export").exists()
    return str(done.exception)


def names_in(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as file:
        return file.namelist()


def test_canvas_gets_its_gradebook_and_pages_under_its_names(folder):
    done = export(folder, "--to", "canvas", "--into", "gradebook.csv", "--column", "Double", "--download", "download")
    expected = GRADEBOOK.replace("1234,jdoe,A,,", "1234,jdoe,A,7.5,").replace("3.00", "10")
    assert (folder / "reports/export/canvas.csv").read_bytes() == expected.encode()
    feedback = folder / "reports/export/canvas-feedback.zip"
    assert names_in(feedback) == ["doejane_1234_55501_feedback.html", "poeedgar_1236_55502_feedback.html"]
    assert done.stdout.splitlines() == [
        "reports/export/canvas.csv: 2 grades, of which 1 replace another grade.",
        "reports/export/canvas-feedback.zip: 2 feedback pages.",
    ]


def test_without_the_download_canvas_gets_no_pages_and_that_is_said(folder):
    done = export(folder, "--to", "canvas", "--into", "gradebook.csv", "--column", "9")
    assert "Name its folder with --download" in done.stdout
    assert [path.name for path in (folder / "reports/export").iterdir()] == ["canvas.csv"]


def test_moodle_gets_its_worksheet_and_pages_under_its_names(folder):
    people = {"Jane_Doe_1234": "Jane Doe_1234", "Edgar_Poe_1236": "Edgar Poe_1236"}
    for path in (folder / "reports/results").iterdir():
        path.unlink()
    (folder / "reports/ids.json").unlink()
    keep([graded(name, 7.5) for name in people], folder)
    found = [Found(name, Path(name), name, person=person) for name, person in people.items()]
    save_ids(found, folder / "reports")
    export(folder, "--to", "moodle", "--into", "worksheet.csv")
    assert (folder / "reports/export/moodle.csv").read_text() == WORKSHEET.replace(",,10", ",7.5,10")
    assert names_in(folder / "reports/export/moodle-feedback.zip") == [
        "Edgar Poe_1236_assignfeedback_file_/feedback.html",
        "Jane Doe_1234_assignfeedback_file_/feedback.html",
    ]


def test_csv_and_json_have_all_there_is(folder):
    export(folder, "--to", "csv")
    text = (folder / "reports/export/grades.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [(row["submission"], row["name"], row["lms_id"], row["grade"]) for row in rows] == [
        ("doejane_1234", "doejane", "1234", "7.5"),
        ("poeedgar_1236", "poeedgar", "1236", "10"),
    ]
    assert names_in(folder / "reports/export/feedback.zip") == ["doejane_1234.html", "poeedgar_1236.html"]
    export(folder, "--to", "json", "--no-feedback")
    first = json.loads((folder / "reports/export/grades.json").read_text())["grades"][0]
    part = {"name": "double", "points": 7.5, "max_points": 10.0, "text": "partial: Five numbers."}
    assert (first["grade"], first["parts"]) == (7.5, [part])


def test_gradescope_gets_an_autograder(folder):
    export(folder, "--to", "gradescope")
    path = folder / "reports/export/gradescope-autograder.zip"
    assert names_in(path) == ["setup.sh", "run_autograder", "grades.json"]


def test_a_grade_that_the_platform_has_no_row_for_stops_the_export(folder):
    keep([graded("newman_9", 1.0)], folder)
    words = ("--to", "canvas", "--into", "gradebook.csv", "--column", "Double")
    assert "1 grades cannot be exported: newman_9 (is not in the file). Nothing was written." in refused(folder, *words)
    done = export(folder, *words, "--partial")
    assert "Left out: newman_9 (is not in the file)." in done.stderr
    assert b"7.5" in (folder / "reports/export/canvas.csv").read_bytes()


def test_what_could_not_be_graded_has_no_grade_and_is_named(folder):
    keep([graded("doejane_1234", 0.0, "unreadable")], folder)
    done = export(folder, "--to", "csv")
    assert "No grade to export for 1 (unreadable): doejane_1234." in done.stderr
    assert "doejane_1234,doejane,,,1234,,,10,," in (folder / "reports/export/grades.csv").read_text("utf-8-sig")


def test_points_for_answers_count_once_all_are_marked(folder):
    toml = folder / "assignment/assignment.toml"
    toml.write_text(toml.read_text() + "[questions]\nwhy = 4\n")
    answer = Answer("why", "Why?", "markdown", "answered", "Because.", 4.0)
    notebook = NotebookResult("nb.ipynb", "nb", "", None, (answer,))
    keep([replace(graded(name, score), notebooks=(notebook,)) for name, score in PEOPLE.items()], folder)
    marks = "submission,notebook,question,points,comment\ndoejane_1234,nb,why,1.5,\n"
    (folder / "reports/answers.csv").write_text(marks)
    done = export(folder, "--to", "json")
    assert "No grade to export for 1 (answers are not marked yet): poeedgar_1236." in done.stderr
    found = json.loads((folder / "reports/export/grades.json").read_text())["grades"]
    assert [(one["grade"], one["max_grade"]) for one in found] == [(9.0, 14.0), (None, 14.0)]
    export(folder, "--to", "json", "--no-answers")
    found = json.loads((folder / "reports/export/grades.json").read_text())["grades"]
    assert [(one["grade"], one["max_grade"]) for one in found] == [(7.5, 10.0), (10.0, 10.0)]


def test_a_result_of_an_older_form_is_handed_back_too(folder):
    path = folder / "reports/results/doejane_1234.json"
    data = json.loads(path.read_text())
    path.write_text(json.dumps(data, indent=4))
    export(folder, "--to", "csv")
    assert "doejane,,,1234,,7.5,10,," in (folder / "reports/export/grades.csv").read_text("utf-8-sig")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--to", "canvas"), "--to canvas needs --into FILE: the gradebook that you export"),
        (("--to", "moodle"), "--to moodle needs --into FILE: the worksheet that you download"),
        (("--to", "csv", "--into", "gradebook.csv"), "--to csv fills no file"),
        (("--to", "csv", "--out", "download"), "download: no results found. Run grader grade first"),
        (("--to", "canvas", "--into", "none.csv"), "none.csv: cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said(folder, words, said):
    assert said in refused(folder, *words)


def test_a_damaged_result_is_no_zero(folder):
    (folder / "reports/results/doejane_1234.json").write_text("{")
    done = run(folder, "--to", "csv")
    assert "doejane_1234.json: is not a result file" in str(done.exception)
