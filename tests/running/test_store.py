"""Results as files: written atomically, reused by later runs, and never replaced by a fault of ours."""

import csv
import dataclasses
import io
import os

import pytest

from grader import atomic_files
from grader.atomic_files import write_text
from grader.errors import GraderError
from grader.records import (
    EARNED_LESS,
    FAILED,
    GRADED,
    GRADER_ERROR,
    UNREADABLE,
    VISIBLE,
    CheckResult,
    Comparison,
    FunctionResult,
    NotebookResult,
    OwnRun,
    Reason,
    Result,
    as_written,
)
from grader.report.grades_csv import grades_csv
from grader.running.output_folder import is_current, result_path, store, stored

RESULT = Result({"id": "alice", "sha256": "1"}, {"sha256": "2"}, {"numpy": "2"}, GRADED, 61.5, 100.0, 0.1)
BROKEN = dataclasses.replace(RESULT, status=GRADER_ERROR, score=0.0, reason=as_written("the disk is full"))


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_stored_result_reads_back_equal(tmp_path):
    store(tmp_path, RESULT)
    assert names(tmp_path) == ["results/alice.json"]
    assert stored(tmp_path, "alice") == RESULT
    assert result_path(tmp_path, "alice") == tmp_path / "results" / "alice.json"


def test_a_later_result_replaces_an_earlier_one(tmp_path):
    store(tmp_path, RESULT)
    store(tmp_path, dataclasses.replace(RESULT, score=70.0))
    assert stored(tmp_path, "alice").score == 70.0


@pytest.mark.parametrize("status", [GRADED, UNREADABLE, GRADER_ERROR])
def test_a_fault_of_ours_never_replaces_an_earlier_result(tmp_path, status):
    earlier = dataclasses.replace(RESULT, status=status)
    store(tmp_path, earlier)
    store(tmp_path, BROKEN)
    assert stored(tmp_path, "alice") == earlier


def test_a_fault_of_ours_is_stored_if_there_is_no_earlier_result(tmp_path):
    store(tmp_path, BROKEN)
    assert stored(tmp_path, "alice") == BROKEN
    store(tmp_path, RESULT)
    assert stored(tmp_path, "alice") == RESULT


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"schema": 2}', b"[" * 100_000])
def test_a_damaged_result_counts_as_missing(tmp_path, content):
    path = result_path(tmp_path, "alice")
    path.parent.mkdir()
    path.write_bytes(content)
    assert stored(tmp_path, "alice") is None
    assert stored(tmp_path, "bob") is None


CHECK = CheckResult("layers.f.a", "layers.f", "layers.py", "A title.", VISIBLE, 0.0, 1.0, FAILED)
UNSAYABLE = (Reason("of_a_newer_grader"), Reason("raised", {"name": "f"}), Reason("off_in_some", {"amount": "x"}))
OF_A_CHECK = {
    "reasons": lambda reason: {"reasons": (reason,)},
    "hints": lambda reason: {"hints": (reason,)},
    "remarks": lambda reason: {"remarks": (reason,)},
    "own_run": lambda reason: {"own_run": OwnRun(EARNED_LESS, reasons=(reason,))},
    "comparisons": lambda reason: {"comparisons": (Comparison("dx", FAILED, reason, 0.1, 1e-5),)},
}
OF_A_RESULT = {
    "notes": lambda reason: {"notes": (reason,)},
    "grounds": lambda reason: {"grounds": reason},
    "reason": lambda reason: {"reason": reason},
    "problem": lambda reason: {"notebooks": (NotebookResult("a.ipynb", "", "", reason),)},
    "nested": lambda reason: {"reason": Reason("in_function", {"function": "f", "what": reason})},
}


@pytest.mark.parametrize("place", [*OF_A_CHECK, *OF_A_RESULT])
@pytest.mark.parametrize("reason", UNSAYABLE, ids=lambda reason: reason.id)
def test_a_result_with_an_unknown_reason_counts_as_missing(tmp_path, place, reason):
    for said in (Reason.of("not_written", name="f"), reason):
        if place in OF_A_RESULT:
            changed = OF_A_RESULT[place](said)
        else:
            changed = {"checks": (dataclasses.replace(CHECK, **OF_A_CHECK[place](said)),)}
        store(tmp_path, dataclasses.replace(RESULT, **changed))
        assert (stored(tmp_path, "alice") is None) == (said is reason)


def test_text_that_cannot_be_encoded_does_not_stop_the_run(tmp_path):
    store(tmp_path, dataclasses.replace(RESULT, reason=as_written("raised \ud800")))
    assert stored(tmp_path, "alice").status == GRADED


def test_a_file_is_written_as_it_stands_with_its_folders(tmp_path):
    write_text(tmp_path / "a" / "b.txt", "one\r\ntwo\n\u2603")
    assert (tmp_path / "a" / "b.txt").read_bytes() == b"one\r\ntwo\n\xe2\x98\x83"
    assert (tmp_path / "a" / "b.txt").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("function", ["fsync", "chmod", "replace"])
def test_a_failure_in_the_middle_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, function):
    path = tmp_path / "f.txt"
    write_text(path, "old")

    def fails(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic_files.os, function, fails)
    with pytest.raises(GraderError, match=r"f\.txt: cannot be written \(No space left on device\)"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["f.txt"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_an_interruption_in_the_middle_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, error):
    path = tmp_path / "f.txt"
    write_text(path, "old")

    def interrupts(*_, **__):
        raise error

    monkeypatch.setattr(atomic_files.os, "fsync", interrupts)
    with pytest.raises(error):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["f.txt"]


def test_a_lone_surrogate_can_be_written(tmp_path):
    path = tmp_path / "f.txt"
    write_text(path, "new \ud800")
    assert path.read_text() == "new ?"
    assert names(tmp_path) == ["f.txt"]


def test_an_unwritable_folder_is_a_fault_of_ours(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(GraderError, match="cannot be written"):
        write_text(tmp_path / "file" / "below.json", "text")
    (tmp_path / "folder").mkdir()
    with pytest.raises(GraderError, match="cannot be written"):
        write_text(tmp_path / "folder", "text")
    assert names(tmp_path) == ["file"]


def test_a_reader_sees_the_old_file_until_the_new_one_is_complete(tmp_path, monkeypatch):
    path, seen, replace = tmp_path / "f.txt", [], os.replace
    write_text(path, "old")
    monkeypatch.setattr(atomic_files.os, "replace", lambda *args: (seen.append(path.read_text()), replace(*args)))
    write_text(path, "new")
    assert (seen, path.read_text()) == (["old"], "new")


def rows(*given):
    return list(csv.reader(io.StringIO(grades_csv(given))))


def test_the_table_has_one_row_per_submission_and_one_column_per_function():
    first = dataclasses.replace(RESULT, functions=(FunctionResult("f.a", 1.5, 2.0, "partial"),))
    second = dataclasses.replace(
        RESULT, submission={"id": "bob"}, score=1 / 3, functions=(FunctionResult("f.b", 0.0, 2.0, "failed"),)
    )
    assert rows(first, second) == [
        ["submission", "status", "score", "max_score", "f.a", "f.b"],
        ["alice", "graded", "61.5", "100", "1.5", ""],
        ["bob", "graded", "0.3333333333", "100", "", "0"],
    ]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", '=cmd|" /C calc"!A1', "=1\n=2"])
def test_no_cell_is_a_formula(name):
    _, row = rows(dataclasses.replace(RESULT, submission={"id": name}))
    assert row[0] == "'" + name
    assert len(row) == 4


@pytest.mark.parametrize("name", ["alice", "a,b", 'say "hi"', "two\nlines", "Zoë", " x", "a=b"])
def test_ordinary_names_stay_as_they_are(name):
    _, row = rows(dataclasses.replace(RESULT, submission={"id": name}))
    assert row[0] == name


def test_a_result_is_current_only_for_the_same_submission_assignment_and_environment():
    assert is_current(RESULT, dataclasses.replace(RESULT, score=0.0, duration_s=9.0, status="")) is True
    for changed in (
        {"submission": {"id": "alice", "sha256": "x"}},
        {"assignment": {}},
        {"environment": {"numpy": "1"}},
    ):
        assert is_current(RESULT, dataclasses.replace(RESULT, **changed)) is False
    assert is_current(BROKEN, RESULT) is False
    assert is_current(Result.from_json(RESULT.to_json()), RESULT) is True


@pytest.mark.parametrize(("durable", "synced"), [(True, 2), (False, 0)])
def test_durable_files_are_synced_with_their_folder(tmp_path, monkeypatch, durable, synced):
    calls, fsync = [], os.fsync

    def sync(file):
        calls.append(os.readlink(f"/proc/self/fd/{file}"))
        fsync(file)

    monkeypatch.setattr(atomic_files.os, "fsync", sync)
    write_text(tmp_path / "f.txt", "text", durable=durable)
    assert len(calls) == synced
    assert calls[1:] == [str(tmp_path)][:synced]


def test_currency_ignores_the_path_but_not_status_and_notes():
    elsewhere = {**RESULT.submission, "source": "elsewhere"}
    assert is_current(RESULT, dataclasses.replace(RESULT, submission=elsewhere)) is True
    assert is_current(dataclasses.replace(RESULT, status=UNREADABLE), RESULT) is False
    noted = dataclasses.replace(RESULT, notes=(as_written("two layers.py were found"), as_written("solver.py differs")))
    assert is_current(noted, dataclasses.replace(RESULT, notes=(as_written("two layers.py were found"),))) is True
    assert is_current(noted, dataclasses.replace(RESULT, notes=(as_written("one was found"),))) is False
