"""Records go to JSON and back unchanged, and any other file raises ValueError."""

import dataclasses
import hashlib
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.records import (
    ANSWER_STATUSES,
    CHECK_STATUSES,
    GRADED,
    OUTCOMES,
    PASSED,
    SUBMISSION_STATUSES,
    VISIBILITIES,
    Answer,
    CheckResult,
    Comparison,
    Frame,
    FunctionResult,
    NotebookResult,
    OwnRun,
    Reason,
    Result,
    Submission,
    as_written,
)

TEXT = st.text(st.characters(), max_size=12) | st.sampled_from(["\u2028", "\0", "<b>&", "\U0001f600", "\ud800", "\r\n"])
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
PLAIN = TEXT | st.integers(-(2**60), 2**60) | NUMBERS
REASONS = st.recursive(
    st.builds(Reason, TEXT, st.dictionaries(TEXT, PLAIN | st.lists(PLAIN, max_size=3), max_size=3)),
    lambda inner: st.builds(Reason, TEXT, st.dictionaries(TEXT, PLAIN | inner, max_size=2)),
    max_leaves=3,
)
COMPARISONS = st.builds(
    Comparison,
    TEXT,
    st.sampled_from(CHECK_STATUSES),
    st.none() | REASONS,
    st.none() | NUMBERS,
    NUMBERS,
    NUMBERS,
    st.booleans(),
)
FRAMES = st.builds(Frame, TEXT, st.integers(0, 10**6), TEXT, TEXT)


def some(strategy):
    return st.lists(strategy, max_size=2).map(tuple)


CHECKS = st.builds(
    CheckResult,
    id=TEXT,
    function=TEXT,
    file=TEXT,
    title=TEXT,
    visibility=st.sampled_from(VISIBILITIES),
    points=NUMBERS,
    max_points=NUMBERS,
    status=st.sampled_from(CHECK_STATUSES),
    reasons=some(REASONS),
    hints=some(REASONS),
    own_run=st.none() | st.builds(OwnRun, st.sampled_from(OUTCOMES), some(TEXT), some(REASONS)),
    follow_through=st.booleans(),
    comparisons=some(COMPARISONS),
    remarks=some(REASONS),
    frames=some(FRAMES),
    output=TEXT,
    duration_s=NUMBERS,
)
FUNCTIONS = st.builds(FunctionResult, TEXT, NUMBERS, NUMBERS, st.sampled_from(CHECK_STATUSES), some(TEXT))
ANSWERS = st.builds(Answer, TEXT, TEXT, TEXT, st.sampled_from(ANSWER_STATUSES), TEXT, NUMBERS)
NOTEBOOKS = st.builds(NotebookResult, TEXT, TEXT, TEXT, st.none() | REASONS, some(ANSWERS))
RESULTS = st.builds(
    Result,
    submission=st.fixed_dictionaries({"id": TEXT, "files": st.dictionaries(TEXT, TEXT, max_size=2)}),
    assignment=st.dictionaries(TEXT, TEXT, max_size=2),
    environment=st.dictionaries(TEXT, st.none() | TEXT, max_size=2),
    status=st.sampled_from(SUBMISSION_STATUSES), score=NUMBERS, max_score=NUMBERS, duration_s=NUMBERS,
    checks=some(CHECKS), functions=some(FUNCTIONS),
    spent_s=st.dictionaries(TEXT, NUMBERS, max_size=4),
    notes=some(REASONS), grounds=st.none() | REASONS, reason=st.none() | REASONS, notebooks=some(NOTEBOOKS),
)  # fmt: skip
RESULT = Result(
    {"id": "alice", "files": {}},
    {"title": "T"},
    {"numpy": "2"},
    GRADED,
    1.5,
    4.0,
    0.1,
    notes=(Reason.of("a"), Reason.of("b")),
)


@settings(deadline=None)
@given(RESULTS)
def test_from_json_reverses_to_json(result):
    assert Result.from_json(result.to_json()) == result
    assert Result.from_json(result.to_json()).to_json() == result.to_json()


@pytest.mark.slow
@settings(deadline=None)
@given(RESULTS)
def test_every_result_can_be_written_as_utf_8(result):
    result.to_json().encode("utf-8")


def test_the_json_is_the_one_that_the_design_shows():
    check = CheckResult(
        "f.a",
        "f",
        "layers.py",
        "T.",
        "hidden",
        1.0,
        2.0,
        PASSED,
        comparisons=(Comparison("dx", PASSED, None, 0.0, 1e-7),),
    )
    data = json.loads(dataclasses.replace(RESULT, checks=(check,)).to_json())
    assert list(data)[:4] == ["schema", "submission", "assignment", "environment"]
    assert data["schema"] == 2
    assert data["checks"][0]["comparisons"][0]["tolerance"] == 1e-7
    assert {"status", "score", "max_score", "duration_s", "checks", "functions", "notes"} <= data.keys()


def test_letters_of_any_language_stay_readable():
    assert "Zoë" in dataclasses.replace(RESULT, reason=as_written("Zoë")).to_json()


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_nan_and_infinity_are_never_written(number):
    with pytest.raises(ValueError, match="JSON"):
        dataclasses.replace(RESULT, score=number).to_json()


def damaged(**changes):
    data = json.loads(RESULT.to_json())
    for name, value in changes.items():
        if value is ...:
            del data[name]
        else:
            data[name] = value
    return json.dumps(data)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "null",
        "1",
        '"text"',
        "[]",
        "{}",
        "[{}]",
        "{",
        RESULT.to_json()[:-20],
        RESULT.to_json()[:60],
        "[" * 100_000,
    ],
    ids=lambda text: text[:12],
)
def test_other_files_are_rejected(text):
    with pytest.raises(ValueError):
        Result.from_json(text)


@pytest.mark.parametrize("schema", [0, 3, None, "1", [1], ...])
def test_another_schema_is_rejected(schema):
    with pytest.raises(ValueError, match="result"):
        Result.from_json(damaged(schema=schema))


@pytest.mark.parametrize(
    "changes",
    [
        {"checks": ...},
        {"checks": None},
        {"checks": [1]},
        {"checks": [{}]},
        {"checks": {"a": 1}},
        {"functions": [{}]},
        {"functions": ...},
        {"notes": ...},
        {"notes": 3},
        {"status": ...},
        {"score": ...},
        {"extra": 1},
        {"submission": ...},
    ],
    ids=str,
)
def test_a_result_with_a_missing_or_unknown_field_is_rejected(changes):
    with pytest.raises(ValueError, match="not a result file"):
        Result.from_json(damaged(**changes))


@pytest.mark.parametrize(
    "changes",
    [{"score": "abc"}, {"score": None}, {"submission": "alice"}, {"submission": {}}, {"notes": "ab"}],
    ids=str,
)
def test_a_result_with_wrong_types_is_rejected(changes):
    with pytest.raises(ValueError, match="result"):
        Result.from_json(damaged(**changes))


CHECK = {
    **vars(CheckResult("f.a", "f", "layers.py", "T.", "hidden", 1.0, 2.0, PASSED)),
    "comparisons": [vars(Comparison("dx", PASSED, None, 0.0, 1e-7))],
    "frames": [vars(Frame("layers.py", 1, "f", "x"))],
}
ANSWER = vars(Answer("why", "Why?", "markdown", "answered", "So.", 2.0))
NOTEBOOK = {**vars(NotebookResult("N.ipynb", "N", "0")), "answers": [ANSWER]}


def test_a_result_with_all_fields_is_read():
    text = damaged(checks=[CHECK], notebooks=[NOTEBOOK], functions=[vars(FunctionResult("f", 1.0, 2.0, PASSED))])
    assert Result.from_json(text).checks[0].comparisons[0].name == "dx"


@pytest.mark.parametrize(
    "changes",
    [
        {"checks": [{**CHECK, "points": "1"}]},
        {"checks": [{**CHECK, "title": 3}]},
        {"checks": [{**CHECK, "status": "perfect"}]},
        {"checks": [{**CHECK, "visibility": "everybody"}]},
        {"checks": [{**CHECK, "comparisons": [{**CHECK["comparisons"][0], "error": "large"}]}]},
        {"checks": [{**CHECK, "comparisons": [{**CHECK["comparisons"][0], "status": ""}]}]},
        {"checks": [{**CHECK, "frames": [{**CHECK["frames"][0], "line": "one"}]}]},
        {"checks": [{**CHECK, "remarks": "ab"}]},
        {"functions": [{"function": "f", "points": None, "max_points": 2.0, "status": PASSED}]},
        {"notebooks": [{**NOTEBOOK, "answers": [{**ANSWER, "text": ["So."]}]}]},
        {"notebooks": [{**NOTEBOOK, "answers": [{**ANSWER, "status": "clever"}]}]},
        {"notebooks": [{**NOTEBOOK, "name": None}]},
        {"notes": [1]},
        {"notes": [{"id": 1}]},
        {"notes": [{"id": "a", "values": {"shape": [[1]]}}]},
        {"checks": [{**CHECK, "own_run": {"outcome": "won"}}]},
        {"status": "fine"},
        {"reason": "why"},
        {"spent_s": {"judge": "1"}},
        {"environment": [1]},
        {"submission": {"id": 7}},
    ],
    ids=str,
)
def test_a_result_with_a_damaged_nested_record_is_rejected(changes):
    with pytest.raises(ValueError, match="not a result file"):
        Result.from_json(damaged(**changes))


def test_records_cannot_be_edited():
    for record in (RESULT, Comparison("a", PASSED, None, 0.0, 1.0), Frame("a", 1, "f", "t")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            record.name = "other"


def test_the_hash_of_a_submission_covers_names_and_contents_in_any_order():
    a = Submission("a", "x", {"layers.py": b"1", "optim.py": b"2"})
    assert a.sha256 == Submission("b", "y", {"optim.py": b"2", "layers.py": b"1"}, notes=(as_written("n"),)).sha256
    by_hand = hashlib.sha256(b"layers.py\x001\x001" + b"optim.py\x001\x002").hexdigest()
    assert a.sha256 == by_hand
    others = [{"layers.py": b"2", "optim.py": b"1"}, {"layers.py": b"1"}, {"layers.p": b"y1", "optim.py": b"2"}, {}]
    assert len({a.sha256, *(Submission("a", "x", files).sha256 for files in others)}) == 5
    assert a.file_hashes == {
        "layers.py": hashlib.sha256(b"1").hexdigest(),
        "optim.py": hashlib.sha256(b"2").hexdigest(),
    }


def test_the_file_holds_no_control_characters_for_a_terminal():
    """ESC and the one-character CSI could set titles, colours and the clipboard; direction marks could turn lines."""
    hostile = "".join(map(chr, (*range(32), *range(0x7F, 0xA0), 0x200F, 0x202E, 0x2066, 0xFEFF, 0xFFFF)))
    result = Result({"id": hostile}, {}, {}, GRADED, 1.0, 2.0, 0.1)
    text = result.to_json()
    assert not [code for code in hostile if code != "\n" and code in text]  # those are the file's own
    assert Result.from_json(text) == result


def test_a_result_file_has_one_line_per_check():
    result = dataclasses.replace(RESULT, functions=(FunctionResult("a.f", 1, 1, "passed"),) * 2)
    lines = result.to_json().splitlines()
    assert '  {"id": "b", "values": {}}' in lines
    start = lines.index(' "functions": [')
    assert json.loads(lines[start + 1].rstrip(",")) == json.loads(lines[start + 2])
    assert lines[start + 3] == " ],"
