"""Runs enter the gradebook: what is an attempt, which one is the latest, what each run had scored."""

from __future__ import annotations

from dataclasses import replace

import pytest
from book_sample import DUE, NETS, TITLE, enter, handed_in, with_answers, without_policy

from grader.decisions import Rules
from grader.errors import GraderError
from grader.gradebook.book import NotInGradebook
from grader.gradebook.changes import changes
from grader.gradebook.grades import grade_of, grades_of
from grader.gradebook.naming import assignment_named
from grader.gradebook.runs import attempts_of, runs_of


def scores(book, submission, **more):
    return [(one.number, one.score) for one in attempts_of(book, TITLE, submission, **more)]


def test_a_run_is_kept_with_its_hashes_and_counts(book):
    enter(book, handed_in("ann"), hashes={"assignment": "a1", "numpy": "2.4"}, counts={"graded": 1, "reused": 2})
    (run,) = runs_of(book, TITLE)
    assert (run.number, run.output, run.who, run.began) == (1, "/course/reports", "instructor", DUE)
    assert run.hashes == {"assignment": "a1", "numpy": "2.4"}
    assert run.counts == {"graded": 1, "reused": 2}
    assert runs_of(book, "Other") == []


def test_points_come_back_by_function_and_check(book):
    enter(book, with_answers(handed_in("ann", relu=12.5), 3.0))
    (one,) = attempts_of(book, TITLE, "ann")
    assert one.functions == {"layers.relu": (12.5, 60.0), "layers.conv": (40.0, 40.0)}
    assert one.checks == {"layers.relu.a": (12.5, 60.0), "layers.conv.a": (40.0, 40.0)}
    assert (one.answers, one.score, one.max_score) == ({"why": (3.0, 5.0)}, 52.5, 100.0)


def test_the_same_content_graded_again_is_the_same_attempt(book):
    enter(book, handed_in("ann", 10))
    enter(book, handed_in("ann", 20))
    assert scores(book, "ann") == [(1, 60.0)]
    assert scores(book, "ann", run=1) == [(1, 50.0)]
    assert scores(book, "ann", run=2) == [(1, 60.0)]


def test_another_content_is_another_attempt(book):
    enter(book, handed_in("ann", 10, content="a"))
    enter(book, handed_in("ann", 20, content="b"))
    assert scores(book, "ann") == [(1, 50.0), (2, 60.0)]
    assert scores(book, "ann", run=1) == [(1, 50.0)]


def test_grading_an_older_download_again_does_not_make_it_the_latest(book):
    monday, friday = (
        handed_in("ann", 10, content="a", days_late=None),
        handed_in("ann", 20, content="b", days_late=None),
    )
    enter(book, monday, output="/monday")
    enter(book, friday, output="/friday")
    enter(book, monday, output="/monday")
    assert grade_of(book, TITLE, "ann").attempt == 2


def test_what_was_handed_in_again_is_the_latest_again(book):
    first, second = handed_in("ann", 10, content="a", days_late=None), handed_in("ann", 20, content="b", days_late=None)
    for one in (first, second, first):
        enter(book, one)
    assert grade_of(book, TITLE, "ann").attempt == 1


def test_times_decide_which_is_the_latest_where_they_are_known(book):
    enter(book, handed_in("ann", 20, content="b", days_late=-1), output="/friday")
    enter(book, handed_in("ann", 10, content="a", days_late=-5), output="/monday")
    assert grade_of(book, TITLE, "ann").attempt == 1


def test_submissions_of_other_output_folders_are_counted(book):
    enter(book, handed_in("ann"), handed_in("bob"), output="/one")
    run = enter(book, handed_in("ann"), handed_in("cem"), output="/two")
    assert run.counts["known"] == 1
    assert "known" not in enter(book, handed_in("ann"), handed_in("cem"), output="/two").counts


def test_a_fault_of_the_grader_does_not_take_the_place_of_an_attempt(book):
    enter(book, handed_in("ann", 10, content="a"))
    enter(book, replace(handed_in("ann", content="b"), status="grader_error", score=None))
    assert (grade_of(book, TITLE, "ann").attempt, grade_of(book, TITLE, "ann").total) == (1, 50.0)


def test_a_fault_of_the_grader_leaves_the_latest_of_the_others_the_latest(book):
    enter(book, handed_in("ann", 10, content="a"))
    enter(book, handed_in("ann", 20, content="b"))
    enter(book, replace(handed_in("ann", content="c"), status="grader_error", score=None))
    assert (grade_of(book, TITLE, "ann").attempt, grade_of(book, TITLE, "ann").total) == (2, 60.0)


def test_new_points_for_answers_count(book):
    enter(book, with_answers(handed_in("ann"), None))
    enter(book, with_answers(handed_in("ann"), 4.0))
    assert grade_of(book, TITLE, "ann").total == 104.0


def test_the_rules_are_those_of_the_last_run_and_a_change_is_in_the_history(book):
    enter(book, handed_in("ann", days_late=1))
    assert grade_of(book, TITLE, "ann").total == 90.0
    enter(book, handed_in("ann", days_late=1), nets=without_policy())
    assert grade_of(book, TITLE, "ann").total == 100.0
    assert [(one.what, one.action) for one in changes(book)] == [("rules", "made"), ("rules", "changed")]


def test_two_assignments_do_not_mix(book):
    enter(book, handed_in("ann", 10))
    enter(book, handed_in("ann", 20), nets=replace(NETS, title="Other", rules=Rules()))
    assert [one.total for one in grades_of(book, TITLE)] == [50.0]
    assert [one.total for one in grades_of(book, "Other")] == [60.0]
    with pytest.raises(NotInGradebook, match=r"there are 2 assignments: Nets, Other\. Name one with --title"):
        assignment_named(book)


def test_what_is_not_there_is_named_with_what_is(book):
    enter(book, handed_in("ann"), handed_in("annette"))
    with pytest.raises(NotInGradebook, match=r"no submission 'anne'\. There are: "):
        attempts_of(book, TITLE, "anne")
    with pytest.raises(NotInGradebook, match=r"no assignment 'Other'\. There are: Nets"):
        attempts_of(book, "Other")


def test_a_run_that_fails_leaves_nothing_of_it(book):
    with pytest.raises(GraderError):
        enter(book, handed_in("ann"), handed_in("bob"), handed_in("bob"))  # one id twice cannot be
    assert runs_of(book) == []
    assert changes(book) == []
