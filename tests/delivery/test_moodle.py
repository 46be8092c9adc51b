"""A grading worksheet, filled, and the feedback zip: read back by Moodle's own rules."""

from __future__ import annotations

from datetime import datetime

import pytest
from moodle_reader import MoodleAssignment, feedback_owner, upload

from grader.delivery.hand_back import HandBack
from grader.delivery.moodle import feedback_names, fill_worksheet
from grader.errors import UsageError

PEOPLE = {31: "Zoë van Dam", 32: "Jane Doe", 33: "Ed Poe"}
GIVEN = datetime(2026, 11, 20, 17, 0, 42)
WORKSHEET = (
    "\ufeffIdentifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\n"
    '"Participant 31","Zoë van Dam",zoe@uni.example,"Submitted for grading - ",,100.00,Yes,"Friday, x",-,\n'
    '"Participant 32","Jane Doe",jane@uni.example,Submitted,50.00,100.00,Yes,-,"Friday, 20 November 2026, 5:00 PM",\n'
    '"Participant 33","Ed Poe",ed@uni.example,No submission,,100.00,Yes,-,-,\n'
).encode()


def back(number: int, name: str, grade: float | None, **more: object) -> HandBack:
    return HandBack(f"s{number}", name, grade, 100.0, lms_id=str(number), **more)


RECORDS = [back(31, "Zoë van Dam", 91.255, comment="Well done.\n1 < 2"), back(32, "Jane Doe", 70.0)]


def fill(content: bytes = WORKSHEET, records: list[HandBack] = RECORDS, **options: bool):
    return fill_worksheet(content, "Grades.csv", records, **options)


def test_moodle_sets_the_grades_and_comments_of_whom_they_are():
    filled = fill()
    given, comments = upload(MoodleAssignment(100.0, PEOPLE, {32: (50.0, GIVEN)}), filled.content)
    assert given == {31: 91.26, 32: 70.0}
    assert comments == {31: "<p>Well done.<br>1 &lt; 2</p>"}
    assert (filled.written, filled.replaced, filled.without, filled.left_out) == (2, 1, 1, {})


def test_every_other_byte_stays():
    expected = WORKSHEET.replace(b'ing - ",,', b'ing - ",91.26,').replace(b"50.00", b"70")
    expected = expected.replace(b'"Friday, x",-,', b'"Friday, x",-,<p>Well done.<br>1 &lt; 2</p>')
    assert fill().content == expected


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("Identifier", "Bezeichner"), "line 1: 0 columns 'Identifier'"),
        (("Last modified (grade)", "Zuletzt"), "0 columns 'Last modified (grade)'"),
        (("Status", "Grade"), "2 columns 'Grade'"),
        (("Participant 31", "Participant"), "line 2: Identifier is 'Participant', expected Participant and a number"),
        (("Friday, 20 November 2026, 5:00 PM", "20.11.2026 17:00"), "line 3: Last modified (grade) is '20.11.2026"),
        (("Friday, 20 November 2026, 5:00 PM", "Freitag, 20. November 2026, 17:00"), "Moodle would skip this student"),
        (("Friday, 20 November 2026, 5:00 PM", "-"), "line 3: Last modified (grade) is '-', expected a date"),
        (("100.00", "50.00"), "line 2: the maximum for s31 is 100, and the maximum in Moodle is 50."),
        (("100.00", "Scale"), "line 2: Maximum grade is 'Scale', expected a number above 0"),
        (
            ("Identifier,Full name,Email address,Status,Grade,", "Identifier;Full name;Email address;Status;Grade;"),
            "0 columns 'Identifier'",
        ),
    ],
)
def test_what_moodle_would_refuse_or_skip_is_refused(change, said):
    with pytest.raises(UsageError) as refused:
        fill(WORKSHEET.replace(*(text.encode() for text in change)))
    assert said in str(refused.value)


def test_a_date_that_a_spreadsheet_rewrote_would_have_cost_the_grade():
    """Why the date is looked at: Moodle passes over the student, and says nothing."""
    spoiled = fill().content.replace(b'"Friday, 20 November 2026, 5:00 PM"', b"20.11.26 17:00")
    assert 32 not in upload(MoodleAssignment(100.0, PEOPLE, {32: (50.0, GIVEN)}), spoiled)[0]


def test_a_grade_above_the_maximum_is_left_out_and_named():
    filled = fill(records=[back(31, "Zoë van Dam", 100.5)])
    assert filled.left_out == {"s31": "grade 100.5 is not between 0 and 100: Moodle skips it"}
    assert filled.content == WORKSHEET


def test_a_locked_grade_is_left_out_and_named():
    content = WORKSHEET.replace(b"100.00,Yes", b"100.00,No")
    assert fill(content, [back(32, "Jane Doe", 70)]).left_out == {"s32": "the grade is locked in Moodle"}


def test_a_groups_number_is_not_taken_for_a_participants():
    filled = fill(records=[back(33, "Team Seven", 70)])
    assert filled.left_out == {"s33": "number 33 is called 'Ed Poe' in the file, not 'Team Seven'"}


def test_grades_out_of_other_points_are_scaled_if_asked():
    filled = fill(WORKSHEET.replace(b"100.00", b"20.00"), [back(31, "Zoë van Dam", 91.25)], scale=True)
    assert upload(MoodleAssignment(20.0, PEOPLE), filled.content)[0] == {31: 18.25}


@pytest.mark.parametrize("before_4_1", [False, True])
def test_moodle_gives_each_page_to_the_student_it_is_for(before_4_1):
    records = [back(31, "Zoë van Dam", 1.0), back(32, "Jane_32 Doe/../x", 1.0), back(33, "..", 1.0)]
    names, left_out = feedback_names([*records, HandBack("s", "No Number", 1.0, 100.0)])
    owners = {feedback_owner(name, PEOPLE, before_4_1=before_4_1): record.lms_id for name, record in names.items()}
    assert owners == {(31, "feedback.html"): "31", (32, "feedback.html"): "32", (33, "feedback.html"): "33"}
    assert left_out == {"s": "the number of the participant is not known"}
    assert all(name.count("/") == 1 for name in names)
