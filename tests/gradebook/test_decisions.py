"""Adjustments, comments, late days and requests: kept once, with who and when, against stale edits, over regrades."""

from __future__ import annotations

from datetime import timedelta

import pytest
from book_sample import CONV, DUE, RELU, TITLE, WHY, enter, handed_in, with_answers

from grader.decisions import SET, WHOLE, Part, Person
from grader.errors import UsageError
from grader.gradebook.adjusting import adjust, adjustment_of, adjustments_of, withdraw_adjustment
from grader.gradebook.book import NotInGradebook, StaleEdit
from grader.gradebook.changes import changes
from grader.gradebook.commenting import (
    add_comment,
    change_comment,
    comments_of,
    forget_comment,
    save_comment,
    saved_comments_of,
    withdraw_comment,
)
from grader.gradebook.grades import grade_of, grades_of, state_of
from grader.gradebook.lateness import enter_late_days, extend, set_times, withdraw_late_days
from grader.gradebook.requests import answer, ask, requests_of
from grader.gradebook.students import import_roster, link_members

HOSTILE = "=cmd|' /C calc'!A0 <script>alert(1)</script> '); DROP TABLE students; -- \u202e\x00\x1b[31m \ud800"


@pytest.fixture(autouse=True)
def graded(book):
    enter(book, with_answers(handed_in("ann", 10, 40), 2.0), handed_in("bob", days_late=None))


def total(book, submission="ann"):
    return grade_of(book, TITLE, submission).total


def test_an_adjustment_is_kept_with_who_when_and_over_what(book):
    made = adjust(book, TITLE, 2, "The check was wrong.", who="Ada", submission="ann", part=RELU, comment="Sorry.")
    assert (made.points, made.reason, made.comment, made.who, made.earned_then) == (
        *(2.0, "The check was wrong.", "Sorry.", "Ada", 10.0),
    )
    assert adjustment_of(book, TITLE, RELU, submission="ann") == made
    assert adjustments_of(book, TITLE, submission="bob") == []
    assert total(book) == 54.0
    line = changes(book, submission="ann")[-1]
    assert (line.who, line.what, line.action, line.number) == ("Ada", "adjustment", "made", made.revision)
    assert (line.before, line.after["points"]) == ({}, 2.0)


def test_what_is_sent_twice_counts_once(book):
    first = adjust(book, TITLE, 2, "Because.", who="Ada", submission="ann", part=RELU)
    before = changes(book)
    assert adjust(book, TITLE, 2, "Because.", who="Ada", submission="ann", part=RELU) == first
    assert (total(book), changes(book)) == (54.0, before)


def test_an_adjustment_survives_a_regrade_and_says_that_the_score_moved(book):
    adjust(book, TITLE, 2, "Because.", who="Ada", submission="ann", part=RELU)
    enter(book, with_answers(handed_in("ann", 30, 40), 2.0))
    made = grade_of(book, TITLE, "ann")
    assert (made.total, made.adjusted[0].is_stale) == (74.0, True)


def test_a_decision_over_a_score_that_moved_is_confirmed_by_whoever_saw_it(book):
    made = adjust(book, TITLE, 2, "Because.", who="Ada", submission="ann", part=RELU)
    enter(book, handed_in("ann", 30, 40))
    again = {"who": "Bea", "submission": "ann", "part": RELU}
    assert adjust(book, TITLE, 2, "Because.", **again) == made  # only sent twice
    assert adjust(book, TITLE, 2, "Because.", **again, seen=made.revision).earned_then == 30.0
    assert not grade_of(book, TITLE, "ann").adjusted[0].is_stale


def test_of_two_people_at_once_the_second_is_refused_and_told(book):
    adjust(book, TITLE, 2, "Because.", who="Ada", submission="ann", part=RELU)
    with pytest.raises(StaleEdit, match=r"ann: the adjustment was made or changed by Ada at .* Read it again"):
        adjust(book, TITLE, 5, "More.", who="Bea", submission="ann", part=RELU)
    assert total(book) == 54.0


def test_a_change_of_what_somebody_changed_meanwhile_is_refused(book):
    seen = adjust(book, TITLE, 2, "Because.", who="Ada", submission="ann", part=RELU).revision
    adjust(book, TITLE, 3, "Better.", who="Bea", submission="ann", part=RELU, seen=seen)
    with pytest.raises(StaleEdit):
        adjust(book, TITLE, 4, "Mine.", who="Ada", submission="ann", part=RELU, seen=seen)
    withdraw_adjustment(book, TITLE, who="Bea", submission="ann", part=RELU)
    with pytest.raises(StaleEdit, match="is gone"):
        adjust(book, TITLE, 4, "Mine.", who="Ada", submission="ann", part=RELU, seen=seen)


def test_a_revision_is_never_used_again(book):
    """Else an editor who saw the first would overwrite the second, made after the first was withdrawn."""
    seen = adjust(book, TITLE, 2, "Because.", who="Ada", submission="ann", part=RELU).revision
    withdraw_adjustment(book, TITLE, who="Bea", submission="ann", part=RELU)
    adjust(book, TITLE, 3, "Again.", who="Bea", submission="ann", part=RELU)
    with pytest.raises(StaleEdit):
        adjust(book, TITLE, 9, "Mine.", who="Ada", submission="ann", part=RELU, seen=seen)


def test_a_withdrawn_adjustment_stays_in_the_history(book):
    adjust(book, TITLE, 2, "Because.", who="Ada", submission="ann", part=RELU)
    assert withdraw_adjustment(book, TITLE, who="Bea", submission="ann", part=RELU)
    assert not withdraw_adjustment(book, TITLE, who="Bea", submission="ann", part=RELU)
    last = changes(book, submission="ann")[-1]
    assert (last.who, last.action) == ("Bea", "withdrawn")
    assert (last.before["points"], last.before["reason"]) == (2.0, "Because.")
    assert total(book) == 52.0


def test_points_for_an_answer_win_over_answers_csv(book):
    adjust(book, TITLE, 4.5, "Read again.", who="Ada", submission="ann", part=WHY, mode=SET)
    assert total(book) == 54.5
    assert grade_of(book, TITLE, "ann").questions == {"why": (4.5, 5.0)}


@pytest.mark.parametrize(
    ("points", "part", "mode", "said"),
    [
        (61, RELU, "add", "61 points for layers.relu, expected from -60 to 60"),
        (-1, RELU, SET, "expected from 0 to 60"),
        (6, WHY, SET, "6 points for why, expected from 0 to 5"),
        (-3, WHOLE, SET, "for the whole, expected 0 or more"),
        (float("nan"), WHOLE, "add", "nan points, expected a number"),
        (1, WHOLE, "mul", "mode 'mul', expected add or set"),
    ],
)
def test_points_that_cannot_be_meant_are_refused(book, points, part, mode, said):
    with pytest.raises(UsageError, match=said):
        adjust(book, TITLE, points, "Because.", who="Ada", submission="ann", part=part, mode=mode)
    assert adjustments_of(book, TITLE) == []


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"submission": "ann", "part": Part("function", "layers.gone")}, "no function 'layers.gone'"),
        ({"submission": "nobody"}, "no submission 'nobody'"),
        ({"student": "nobody"}, "no student 'nobody'"),
        ({"submission": "ann", "student": "ann"}, "a submission or a student, and not both"),
        ({}, "a submission or a student"),
    ],
)
def test_other_peoples_ids_and_parts_are_refused(book, about, said):
    with pytest.raises(UsageError, match=said):
        adjust(book, TITLE, 1, "Because.", who="Ada", **about)


def test_a_reason_is_needed(book):
    with pytest.raises(UsageError, match="ann: reason: is empty"):
        adjust(book, TITLE, 1, " \n", who="Ada", submission="ann")


def test_hostile_text_is_kept_as_text_without_what_a_terminal_obeys(book):
    import_roster(book, [Person("", HOSTILE, ids={"login": HOSTILE})], HOSTILE)
    made = adjust(book, TITLE, 1, HOSTILE, who=HOSTILE, submission="ann")
    said = add_comment(book, TITLE, "ann", HOSTILE, who="Ada")
    for text in (made.reason, said.text, made.who):
        assert text.startswith("=cmd")
        assert not {*"\u202e\x00\x1b\ud800"} & {*text}
    assert total(book) == 53.0


def test_a_comment_is_said_once_changed_and_withdrawn(book):
    first = add_comment(book, TITLE, "ann", "Nice.", who="Ada", part=CONV)
    assert add_comment(book, TITLE, "ann", "Nice.", who="Bea", part=CONV) == first
    assert add_comment(book, TITLE, "ann", "Nice.", who="Bea") != first  # about the whole
    now = change_comment(book, first.number, "Very nice.", who="Bea", seen=first.revision)
    with pytest.raises(StaleEdit):
        change_comment(book, first.number, "No.", who="Ada", seen=first.revision)
    assert [one.text for one in comments_of(book, TITLE, "ann")] == ["Very nice.", "Nice."]
    assert grade_of(book, TITLE, "ann").comments[0] == now
    withdraw_comment(book, first.number, who="Ada", seen=now.revision)
    assert [one.text for one in comments_of(book, TITLE)] == ["Nice."]
    with pytest.raises(NotInGradebook, match=f"no comment '{first.number}'"):
        change_comment(book, first.number, "x", who="Ada", seen=None)


def test_saved_comments_are_used_again_and_forgotten(book):
    one = save_comment(book, TITLE, "See the notes.", who="Ada")
    assert save_comment(book, TITLE, "See the notes.", who="Bea") == one
    assert [saved.text for saved in saved_comments_of(book, TITLE)] == ["See the notes."]
    assert forget_comment(book, TITLE, one.number, who="Ada")
    assert saved_comments_of(book, TITLE) == []


def test_entered_days_count_in_place_of_the_time_and_are_withdrawn(book):
    entered = enter_late_days(book, TITLE, "ann", 2, "Canvas says late.", who="Ada")
    assert (total(book), entered.attempt) == (52 - 21, 1)  # 2 x 10 % of 105
    with pytest.raises(StaleEdit):
        enter_late_days(book, TITLE, "ann", 3, "No.", who="Bea")
    assert withdraw_late_days(book, TITLE, "ann", who="Ada", seen=entered.revision)
    assert total(book) == 52.0
    with pytest.raises(UsageError, match="expected a whole number from 0 to 366"):
        enter_late_days(book, TITLE, "ann", -1, "No.", who="Bea")


def test_times_and_extensions_give_the_late_line(book):
    assert set_times(book, TITLE, {"bob": DUE + timedelta(days=2)}, who="Ada") == 1
    assert set_times(book, TITLE, {"bob": DUE + timedelta(days=2)}, who="Ada") == 0
    assert total(book, "bob") == 80.0
    made = extend(book, TITLE, 1, "Ill.", who="Ada", submission="bob")
    assert total(book, "bob") == 90.0
    extend(book, TITLE, 0, "Was not.", who="Ada", submission="bob", seen=made.revision)
    assert total(book, "bob") == 80.0
    with pytest.raises(NotInGradebook):
        set_times(book, TITLE, {"bob": DUE, "nobody": DUE}, who="Ada")
    assert total(book, "bob") == 80.0


def test_a_request_is_asked_once_and_answered(book):
    asked = ask(book, TITLE, "ann", "Why?", who="Ada", part=RELU)
    assert ask(book, TITLE, "ann", "Why?", who="Ada", part=RELU) == asked
    assert asked.is_open
    done = answer(book, asked.number, "Because.", who="Bea", seen=asked.revision)
    with pytest.raises(StaleEdit):
        answer(book, asked.number, "No.", who="Ada", seen=asked.revision)
    assert requests_of(book, TITLE, "ann") == [done]
    assert (done.answer, done.who, done.is_open) == ("Because.", "Bea", False)
    with pytest.raises(NotInGradebook, match=r"no request '99'\. There are: "):
        answer(book, 99, "x", who="Ada", seen=None)


def test_the_members_of_a_group_share_a_page_that_tells_nothing_about_one_of_them(book):
    import_roster(book, [Person("ann_k", "Ann"), Person("zoe", "Zoe"), Person("abe", "Abe")], "Ada")
    link_members(book, TITLE, "ann", ["ann_k", "zoe"], "Ada")
    adjust(book, TITLE, 10, "All.", who="Ada", submission="ann")
    adjust(book, TITLE, -5, "Did nothing.", who="Ada", student="zoe")
    by_name = {one.names: one.total for one in grades_of(book, TITLE)}
    assert by_name == {"Abe": None, "Ann": 62.0, "Zoe": 57.0, "": 100.0}
    page = grade_of(book, TITLE, "ann")
    assert (page.total, [one.adjustment.reason for one in page.adjusted]) == (62.0, ["All."])
    set_times(book, TITLE, {"ann": DUE + timedelta(hours=1)}, who="Ada")
    extend(book, TITLE, 1, "Ill.", who="Ada", student="zoe")
    page = grade_of(book, TITLE, "ann")
    assert (page.late, page.late_differs, page.total) == (None, True, None)
    assert {one.names: bool(one.late) for one in grades_of(book, TITLE)}["Ann"]


def test_the_state_changes_with_every_decision_and_every_run(book):
    states = [state_of(book)]
    adjust(book, TITLE, 1, "Because.", who="Ada", submission="ann")
    states.append(state_of(book))
    enter(book, handed_in("ann"))
    states.append(state_of(book))
    assert len({*states}) == 3
    assert state_of(book) == states[-1]
