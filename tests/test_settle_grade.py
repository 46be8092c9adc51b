"""Points are added up as a person would with a pencil: every expected number was worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from grader.decisions import (
    ADD,
    ANSWER,
    BEST,
    EARNED,
    FIRST,
    FUNCTION,
    LATEST,
    REACHABLE,
    SET,
    WHOLE,
    Adjustment,
    Attempt,
    LateDays,
    LatePolicy,
    MoreTime,
    Part,
    Rules,
)
from grader.settle_grade import settle

DUE = datetime(2026, 5, 1, 12, tzinfo=UTC)
CONV, WHY = Part(FUNCTION, "layers.conv"), Part(ANSWER, "why")


def attempt(score: float | None = 70.0, number: int = 1, hours_late: float | None = 0, status: str = "graded", **more):
    functions = {} if score is None else {"layers.conv": (score - 60.0, 40.0), "layers.relu": (60.0, 60.0)}
    when = None if hours_late is None else DUE + timedelta(hours=hours_late)
    return Attempt("ann", number, "0" * 64, status, score, 100.0, 1, when, functions=functions, **more)


def adjustment(points: float, part: Part = CONV, mode: str = ADD, then: float | None = 10.0, student: str = ""):
    submission = "" if student else "ann"
    return Adjustment(submission, student, part, mode, points, "Because.", "", "ta", DUE, 1, then)


def grade(*attempts, rules: Rules | None = None, **more):
    return settle("Nets", attempts, rules or Rules(), submission="ann", **more)


def late(**policy) -> Rules:
    return Rules(LATEST, LatePolicy(DUE, **{"percent_per_day": 10, **policy}))


def test_without_decisions_the_grade_is_the_score_and_nobody_decided():
    made = grade(attempt())
    assert (made.total, made.max_total, made.is_decided) == (70.0, 100.0, False)


@pytest.mark.parametrize(
    ("points", "mode", "total"),
    [(2, ADD, 72.0), (-2, ADD, 68.0), (40, ADD, 100.0), (-40, ADD, 60.0), (0, SET, 60.0), (25, SET, 85.0)],
)
def test_an_adjusted_function_stays_between_nothing_and_what_it_is_worth(points, mode, total):
    """layers.conv earned 10 of 40, so more than 30 cannot be added and more than 10 cannot be taken."""
    made = grade(attempt(), adjustments=[adjustment(points, mode=mode)])
    assert made.total == total
    assert sum(item.change for item in made.adjusted) == total - 70


def test_answers_count_beside_the_score_and_a_decision_wins_over_the_table():
    mine = attempt(answers={"why": (1.0, 5.0), "when": (None, 3.0)})
    assert (grade(mine).total, grade(mine).max_total) == (71.0, 108.0)
    made = grade(mine, adjustments=[adjustment(4, WHY, SET, then=1.0)])
    assert (made.total, made.questions["why"]) == (74.0, (4.0, 5.0))


def test_an_answer_without_points_gets_some():
    made = grade(attempt(answers={"why": (None, 5.0)}), adjustments=[adjustment(3, WHY, SET, then=None)])
    assert (made.total, made.adjusted[0].earned, made.adjusted[0].is_stale) == (73.0, None, False)


def test_the_whole_is_adjusted_last_and_may_exceed_the_maximum():
    both = [adjustment(5, WHOLE), adjustment(30)]
    assert grade(attempt(), adjustments=both).total == 105.0


def test_a_members_own_adjustment_counts_after_the_groups():
    made = grade(attempt(), adjustments=[adjustment(-5, WHOLE, student="ann_k"), adjustment(80, WHOLE, SET)])
    assert made.total == 75.0


def test_an_adjustment_over_other_points_than_it_was_made_over_is_stale():
    made = grade(attempt(score=75), adjustments=[adjustment(2, then=10.0)])
    assert made.adjusted[0].is_stale
    assert not grade(attempt(score=70), adjustments=[adjustment(2, then=10.0)]).adjusted[0].is_stale


def test_an_adjustment_to_what_is_no_longer_asked_counts_for_nothing():
    made = grade(attempt(), adjustments=[adjustment(2, Part(FUNCTION, "layers.gone"))])
    assert (made.total, made.adjusted) == (70.0, ())


@pytest.mark.parametrize(
    ("hours", "policy", "days", "points"),
    [
        (-1, {}, None, 0),  # no line
        (0, {}, None, 0),
        (0.5, {"grace_hours": 1}, None, 0),
        (1.5, {"grace_hours": 1}, 1, -10),
        (24, {}, 1, -10),
        (24.1, {}, 2, -20),
        (24.1, {"of": EARNED}, 2, -14),  # 20 % of 70
        (24.1, {"of": REACHABLE}, 2, -20),
        (47, {"free_days": 1}, 2, -10),
        (23, {"free_days": 2}, 1, 0),
        (24 * 9, {"cap_percent": 50}, 9, -50),
        (24 * 9, {}, 9, -70),  # never below nothing
    ],
)
def test_late_days_cost_what_the_policy_says(hours, policy, days, points):
    made = grade(attempt(hours_late=hours), rules=late(**policy))
    assert (made.late.days if made.late else None, made.total) == (days, 70 + points)
    assert (made.late.points if made.late else 0) == points


def test_an_extension_moves_the_due_time_and_the_longest_counts():
    more = [MoreTime("ann", "", 1.0, "ill", "ta", DUE, 1), MoreTime("", "a", 2.0, "ill", "ta", DUE, 2)]
    assert grade(attempt(hours_late=47), rules=late(), extensions=more).late is None
    assert grade(attempt(hours_late=49), rules=late(), extensions=more).late.days == 1


def test_a_platform_that_only_says_late_costs_nothing_until_somebody_enters_the_days():
    unknown = attempt(hours_late=None, late_mark=True)
    made = grade(unknown, rules=late())
    assert (made.late.is_known, made.total) == (False, 70.0)
    entered = {1: LateDays("ann", 1, 2, "asked", "ta", DUE, 1)}
    made = grade(unknown, rules=late(), late_days=entered)
    assert (made.late.days, made.late.entered_by, made.total) == (2, "ta", 50.0)


def test_without_a_policy_nothing_is_late():
    assert grade(attempt(hours_late=99)).late is None


def test_late_days_come_after_points_that_were_given_back():
    made = grade(attempt(hours_late=1), rules=late(of=EARNED), adjustments=[adjustment(30)])
    assert made.total == 90.0  # 100 less 10 %


@pytest.mark.parametrize(("counts", "number", "total"), [(LATEST, 3, 60.0), (BEST, 2, 80.0), (FIRST, 1, 70.0)])
def test_which_attempt_counts(counts, number, total):
    three = [attempt(70, 1), attempt(80, 2), attempt(60, 3)]
    made = grade(*three, rules=Rules(counts))
    assert (made.attempt, made.total, made.moved) == (number, total, number != 3)


def test_the_best_attempt_is_the_best_after_late_days():
    on_time, better = attempt(70, 1), attempt(75, 2, hours_late=1)
    made = grade(on_time, better, rules=Rules(BEST, LatePolicy(DUE, 10)))
    assert (made.attempt, made.total) == (1, 70.0)


def test_a_fault_of_the_grader_takes_no_mark_away():
    made = grade(attempt(70, 1), attempt(None, 2, status="grader_error"))
    assert (made.attempt, made.total) == (1, 70.0)
    assert grade(attempt(None, status="grader_error")).total is None


def test_nobody_gets_a_grade_for_nothing_handed_in_but_may_be_given_one():
    assert (grade().total, grade().status) == (None, "absent")
    assert grade(adjustments=[adjustment(80, WHOLE, SET)]).total == 80.0
