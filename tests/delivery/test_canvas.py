"""A gradebook that Canvas exported, filled: read back by Canvas' own rules, and unchanged everywhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from canvas_reader import Course, feedback_owner, upload
from hypothesis import given
from hypothesis import strategies as st

from grader.delivery.canvas import feedback_names, fill_gradebook
from grader.delivery.hand_back import HandBack
from grader.errors import UsageError

COURSE = Course({77: "Homework 2", 78: "Quiz"}, {101: "Doe, Jane", 102: "O'Neil, Zoë", 103: "Poe, Ed"})
GRADEBOOK = (
    "\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Homework 2 (77),Quiz (78),Final Score\r\n"
    ",,,,,Manual Posting,,\r\n"
    "    Points Possible,,,,,100.00,10.00,(read only)\r\n"
    '"Doe, Jane",101,0042,jdoe,"Lab ""A""",,9.50,=1+1\r\n'
    '"O\'Neil, Zoë",102,0043,zo@uni.example,Lab B,70.00,,\r\n'
    '"Poe, Ed",103,0044,epoe,Lab B, ,7,\r\n'
    '"Student, Test",104,,f00,Lab B,,,\r\n'
).encode()


def back(number: int | str, name: str, grade: float | None, **more: object) -> HandBack:
    return HandBack(f"s{number}", name, grade, 100.0, lms_id=str(number), **more)


def fill(content: bytes = GRADEBOOK, records: list[HandBack] | None = None, **options: object):
    records = [back(101, "doejane", 91.255), back(102, "oneilzoë", 70)] if records is None else records
    return fill_gradebook(content, "gradebook.csv", records, **{"column": "Homework 2", **options})


def test_canvas_reads_the_grades_of_whom_they_are():
    filled = fill()
    assert upload(COURSE, filled.content)[0][77] == {101: "91.26", 102: "70", 103: "", -1: ""}
    assert (filled.written, filled.replaced, filled.without, filled.left_out) == (2, 0, 2, {})


def test_every_other_byte_stays():
    assert fill().content == GRADEBOOK.replace(b'A""",,9', b'A""",91.26,9').replace(b",70.00,", b",70,")


def test_a_grade_that_replaces_another_is_counted():
    assert fill(records=[back(102, "oneilzoë", 69.99)]).replaced == 1


@pytest.mark.parametrize("wanted", ["Homework 2 (77)", "77", "Homework 2"])
def test_the_column_is_named_by_header_title_or_number(wanted):
    assert upload(COURSE, fill(column=wanted).content)[0][77][101] == "91.26"


def test_the_only_assignment_needs_no_name():
    content = b"Student,ID,Section,Essay (9),Final Score\nPoints Possible,,,100,\nJane Doe,101,A,,\n"
    assert fill(content, column="").content == content.replace(b"101,A,,", b"101,A,91.26,")


def test_semicolons_and_decimal_commas_stay_what_they_are():
    content = GRADEBOOK.replace(b'"Doe, Jane"', b"Doe Jane").replace(b'"O\'Neil, Zo\xc3\xab"', b"ONeil Zo\xc3\xab")
    content = content.replace(b'"Poe, Ed"', b"Poe Ed").replace(b'"Student, Test"', b"Student Test")
    content = content.replace(b",", b";").replace(b".", b",")
    filled = fill(content)
    assert b';"Lab ""A""";91,26;9,50;' in filled.content
    assert upload(COURSE, filled.content)[0][77][101] == "91.26"


def test_last_and_first_names_in_two_columns_are_read():
    content = b"LastName,FirstName,ID,SIS Login ID,Section,Essay (77)\nPoints Possible,,,,,100\nDoe,Jane,101,jd,A,\n"
    filled = fill(content, column="Essay")
    assert upload(COURSE, filled.content)[0][77] == {101: "91.26"}


@pytest.mark.parametrize(
    ("change", "column", "said"),
    [
        ((b"Student,ID", b"Name,Number"), "Homework 2", "line 1: Name, Number, SIS User ID, SIS Login ID found"),
        ((b"Homework 2 (77)", b"Homework 2"), "Homework 2", "would make a new assignment"),
        ((b"Homework 2 (77)", b"Final Grade of 2 (77)"), "77", "Canvas skips the column"),
        ((b"Quiz (78)", b"Homework 2 (77)"), "Homework 2", "several columns fit"),
        ((b"100.00", b"(read only)"), "Homework 2", "line 3: Homework 2 (77) is read only"),
        (
            (b"100.00", b"50.00"),
            "Homework 2",
            "2 grades have another maximum: s101 (100), s102 (100)",
        ),
        ((b"100.00", b""), "Homework 2", "line 3: Homework 2 (77) has '' points"),
        ((b"    Points Possible", b"Points"), "Homework 2", "row Points Possible was not found"),
        ((b"", b""), "Essay", "no column 'Essay' of an assignment found. There are: Homework 2 (77), Quiz (78)."),
        (
            (b"", b""),
            "",
            "columns of assignments found. There are: Homework 2 (77), Quiz (78). Name one",
        ),
        ((b'"Doe, Jane"', b'"Doe, Jane"x'), "Homework 2", "line 4: unexpected quote"),
        (("ë".encode(), b"\xeb"), "Homework 2", "is not UTF-8"),
        ((b",102,0043,zo@uni.example,Lab B,70.00,,", b",102,0043"), "Homework 2", "line 5: 3 cells found, 8 expected"),
    ],
)
def test_what_canvas_would_skip_or_take_for_something_else_is_refused(change, column, said):
    with pytest.raises(UsageError) as refused:
        fill(GRADEBOOK.replace(*change), column=column)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (back(999, "newman", 50.0), "is not in the file"),
        (back(101, "somebody else", 50.0), "number 101 is called 'Doe, Jane' in the file, not 'somebody else'"),
        (HandBack("x", "Nobody", 50.0, 100.0), "is not in the file"),
    ],
)
def test_a_grade_without_a_row_is_left_out_and_named(record, why):
    filled = fill(records=[record])
    assert (filled.content, filled.left_out) == (GRADEBOOK, {record.label: why})


@pytest.mark.parametrize(("cell", "why"), [(b"EX", "is excused in Canvas"), (b"N/A", "is not assigned in Canvas")])
def test_what_staff_decided_in_canvas_stays(cell, why):
    content = GRADEBOOK.replace(b"70.00", cell)
    assert fill(content, [back(102, "oneilzoë", 70)]).left_out == {"s102": why}
    assert fill(content, [back(102, "oneilzoë", 70)]).content == content


def test_without_a_number_login_address_and_name_tell_whose_a_grade_is():
    records = [
        HandBack("a", "x", 1.0, 100.0, login="JDOE"),
        HandBack("b", "y", 2.0, 100.0, email="zo@uni.example"),
        HandBack("c", "Ed Poe", 3.0, 100.0),
    ]
    assert upload(COURSE, fill(records=records).content)[0][77] == {101: "1", 102: "2", 103: "3", -1: ""}


def test_two_of_one_name_are_never_guessed():
    content = GRADEBOOK.replace(b"Poe, Ed", b"Doe, Jane")
    filled = fill(content, [HandBack("a", "Jane Doe", 1.0, 100.0)])
    assert (filled.content, filled.left_out) == (content, {"a": "fits 2 rows of the file"})


def test_two_grades_for_one_row_are_both_left_out():
    filled = fill(records=[back(101, "doejane", 1.0), HandBack("b", "y", 2.0, 100.0, login="jdoe")])
    assert filled.content == GRADEBOOK
    assert set(filled.left_out) == {"s101", "b"}


def test_no_grade_is_no_zero():
    assert fill(records=[back(101, "doejane", None)]).content == GRADEBOOK


def test_grades_out_of_other_points_are_scaled_if_asked():
    filled = fill(GRADEBOOK.replace(b"100.00", b"20.00"), [back(101, "doejane", 91.25)], scale=True)
    assert upload(COURSE, filled.content)[0][77][101] == "18.25"


PLAIN = st.text(st.characters(exclude_characters=',"\r\n', exclude_categories=["Cs"]), max_size=6)
QUOTED = st.text(st.characters(exclude_categories=["Cs"]), max_size=6).map(lambda t: '"' + t.replace('"', '""') + '"')
GRADE = st.floats(0, 100, allow_nan=False)


@given(
    st.lists(st.tuples(PLAIN | QUOTED, PLAIN | QUOTED, PLAIN | QUOTED, GRADE), min_size=1, max_size=5),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_whatever_else_stands_in_the_file_stays(students, ending, has_last_ending):
    """Beside the cells that are filled, the text is the one that was put together here."""
    lines = ["Student,ID,Section,Essay (9),Other (10)", "    Points Possible,,,100,10"]
    expected = list(lines)
    records = []
    for number, (section, before, other, grade) in enumerate(students, 1):
        if before.strip().strip('"').strip().upper() in ("EX", "N/A"):
            before = ""
        records.append(back(number, f"Student {number}", grade))
        lines.append(f"Student {number},{number},{section},{before},{other}")
        mark = f"{grade:.9f}"
        cents = int(mark.replace(".", "")[:-7]) + (mark[-7:] >= "5000000")
        text = f"{cents // 100}.{cents % 100:02}".rstrip("0").rstrip(".")
        text = f'"{text}"' if before.startswith('"') else text
        expected.append(f"Student {number},{number},{section},{text},{other}")
    end = ending if has_last_ending else ""
    filled = fill((ending.join(lines) + end).encode(), records, column="Essay")
    assert filled.content.decode() == ending.join(expected) + end


DOWNLOAD = {
    "doejane_101_5001_layers.py": False,
    "doejane_101_5009_layers-1.py": False,
    "o_5_neilzoë_LATE_102_5002_hw_3_4.zip": False,
    "poeed_103_text.html": False,
    "roerichard_105_5003_layers.py": False,
}


def test_canvas_gives_each_page_to_the_student_it_is_for():
    records = [back(101, "doejane", 1.0), back(102, "o5neilzoë", 2.0), back(103, "poeed", 3.0)]
    names, left_out = feedback_names(records, {n: f for n, f in DOWNLOAD.items() if "o_5" not in n})
    assert left_out == {
        "s102": "no file of this student is in the download",
        "s103": "no file of this student is in the download",
    }
    owners = {feedback_owner(name, {101: [5009], 105: [5003]}): record.lms_id for name, record in names.items()}
    assert owners == {101: "101"}


def test_digits_in_a_students_name_are_not_taken_for_numbers():
    entries = {"42_103_5004_layers.py": False, "roe_105_5003_layers.py": False}
    names, _ = feedback_names([back(103, "42", 3.0)], entries)
    assert [feedback_owner(name, {103: [5004]}) for name in names] == [103]


def test_a_page_is_named_once_for_each_student(tmp_path: Path):
    names, _ = feedback_names([back(101, "doejane", 1.0), back(105, "roerichard", 1.0)], DOWNLOAD)
    assert sorted(names) == ["doejane_101_5009_feedback.html", "roerichard_105_5003_feedback.html"]
