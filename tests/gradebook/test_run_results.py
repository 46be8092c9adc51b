"""The results of a run come back as that run had them, whatever later runs found."""

from __future__ import annotations

from dataclasses import replace

import pytest
from book_sample import NETS, TITLE, enter, handed_in
from sqlalchemy import text

from grader.errors import UsageError
from grader.gradebook.deleting import delete_student
from grader.gradebook.run_results import LETTERS, results_of_run
from grader.graded_runs import GradedAssignment, Grounds
from grader.records import CHECK_STATUSES
from grader.report.regraded import Regraded

FIRST = Grounds({"title": TITLE, "sha256": "a1"}, {"grader": "1"}, {"layers.relu.a": "Small numbers."})
SECOND = replace(FIRST, assignment={"title": TITLE, "sha256": "a2"})


def held(book, number):
    results = results_of_run(book, number)
    return {name: results.read(name).score for name in results.ids()}


def moved(book, old, new):
    regraded = Regraded()
    before, after = results_of_run(book, old), results_of_run(book, new)
    for name in after.ids():
        regraded.add(before.read(name), after.read(name))
    return regraded


def test_a_run_keeps_what_it_had_when_later_runs_find_something_else(book):
    enter(book, handed_in("ann"), handed_in("ben", relu=10))
    enter(book, handed_in("ann", relu=20), handed_in("ben", relu=10))
    enter(book, handed_in("ann", relu=30))
    assert held(book, 1) == {"ann": 100, "ben": 50}
    assert held(book, 2) == {"ann": 60, "ben": 50}
    assert held(book, 3) == {"ann": 70}


def test_a_run_has_the_attempt_that_it_graded_though_another_came_in_later(book):
    enter(book, handed_in("ann", relu=1, content="v1"))
    enter(book, handed_in("ann", relu=2, content="v2"))
    enter(book, handed_in("ann", relu=1, content="v1"))  # handed in again
    assert [held(book, number)["ann"] for number in (1, 2, 3)] == [41, 42, 41]
    (move,) = moved(book, 1, 2).moves
    assert move.causes == ("submission",) and move.change == 1


def test_who_moved_through_which_check_and_why_follows_from_two_runs(book):
    enter(book, replace(handed_in("ann"), grounds=FIRST), replace(handed_in("ben"), grounds=FIRST))
    enter(book, replace(handed_in("ann", relu=15), grounds=SECOND), replace(handed_in("ben"), grounds=SECOND))
    regraded = moved(book, 1, 2)
    assert regraded.same == 1
    ((move, check),) = [(move, check) for move in regraded.moves for check in move.checks]
    assert (move.id, move.before, move.after, move.change) == ("ann", 100, 55, -45)
    assert (check.id, check.function, check.title) == ("layers.relu.a", "layers.relu", "Small numbers.")
    assert (check.status_before, check.status_after, check.causes) == ("passed", "failed", ("assignment",))


def test_the_same_points_for_another_reason_are_seen(book):
    enter(book, replace(handed_in("ann", relu=0), statuses=("failed", "passed")))
    enter(book, replace(handed_in("ann", relu=0), statuses=("timeout", "passed")))
    assert [results_of_run(book, number).read("ann").checks[0].status for number in (1, 2)] == ["failed", "timeout"]


def test_unchanged_scores_are_kept_once(book):
    for _ in range(3):
        enter(book, *(handed_in(f"student{number}") for number in range(20)))
    with book.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM scores")).scalar() == 20
        assert connection.execute(text("SELECT count(*) FROM grounds")).scalar() == 1


def test_two_runs_share_the_key_of_a_submission_only_where_its_marks_are_the_same(book):
    enter(book, handed_in("ann"), handed_in("ben"), handed_in("cem", content="v1"))
    enter(book, handed_in("ann"), handed_in("ben", relu=1), handed_in("cem", content="v2"))
    before, after = results_of_run(book, 1), results_of_run(book, 2)
    assert [name for name in after.ids() if before.key(name) == after.key(name)] == ["ann"]


def test_every_status_has_a_letter_of_its_own():
    assert set(LETTERS) == set(CHECK_STATUSES) and len(set(LETTERS.values())) == len(LETTERS)


def test_a_deleted_student_is_in_no_run_and_nobody_takes_their_place(book):
    enter(book, handed_in("ann"), handed_in("zoe", relu=1))
    delete_student(book, "zoe", who="Ada")  # whose score has the highest number, which SQLite gives again
    enter(book, handed_in("ann"), handed_in("cem", relu=2))
    assert held(book, 1) == {"ann": 100}
    assert held(book, 2) == {"ann": 100, "cem": 42}


def test_a_run_that_is_not_there_is_refused(book):
    enter(book, handed_in("ann"))
    with pytest.raises(UsageError, match="there is no run 7, expected one that grader gradebook runs lists"):
        results_of_run(book, 7)


def test_a_run_of_an_older_grader_is_refused_in_words(book):
    enter(book, handed_in("ann"))
    with book.writing() as connection:
        connection.execute(text("UPDATE runs SET holds = ''"))
    with pytest.raises(UsageError, match="run 1 is of an older grader, which did not keep the results"):
        results_of_run(book, 1)


def test_runs_of_two_assignments_have_their_titles(book):
    enter(book, handed_in("ann"))
    enter(book, handed_in("ann"), nets=GradedAssignment("Trees", NETS.rules, NETS.functions))
    assert [results_of_run(book, number).title for number in (1, 2)] == [TITLE, "Trees"]
