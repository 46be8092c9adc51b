"""Computes a grade from a score and decisions. Pure. No other module adds up the points of a grade.

    attempts ─► counting ─► score, answers ─► + adjustments ─► − late days ─► Grade

The order is fixed. First come adjustments of functions and answers, each limited to between 0 and the maximum of its
part. Second come adjustments of the whole, first of the submission, then of the student. Late days come last,
so that points given by an adjustment count as earned points. No total is below 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from grader.decisions import (
    ABSENT,
    ANSWER,
    BEST,
    EARNED,
    FIRST,
    FUNCTION,
    SET,
    WHOLE_KIND,
    Adjusted,
    Adjustment,
    Attempt,
    Grade,
    LateDays,
    LateLine,
    LatePolicy,
    MoreTime,
    Person,
    Rules,
)
from grader.records import GRADER_ERROR

DAY_S: Final = 86_400


def settle(
    assignment: str,
    attempts: Sequence[Attempt],
    rules: Rules,
    *,
    submission: str = "",
    student: Person | None = None,
    members: tuple[Person, ...] = (),
    adjustments: Sequence[Adjustment] = (),
    extensions: Sequence[MoreTime] = (),
    late_days: Mapping[int, LateDays] | None = None,
    max_score: float = 0.0,
) -> Grade:
    """Compute a grade. attempts: in the order in which they were handed in, the latest last.

    adjustments: of the submission, and of the student alone. extensions: of submission and student; the longest counts.
    late_days: for the number of an attempt, the late days that a person entered. max_score: the maximum, which is
    needed for a student without a submission.
    """
    entered = late_days or {}
    days = max((one.days for one in extensions), default=0.0)
    settled = [
        settle_attempt(one, rules.late, adjustments, extension_days=days, entered=entered.get(one.number))
        for one in chosen_from(attempts, rules.counts)
    ]
    best = max(reversed(settled), key=lambda one: -math.inf if one[2] is None else one[2], default=None)
    if best is None:
        adjusted, total = adjust_whole(adjustments, None)
        return Grade(
            assignment, submission, ABSENT, None, max_score, None, 0.0, adjusted, None, total, student, members
        )
    attempt, (adjusted, late, questions), total = best
    given = [points for points, _ in attempt.answers.values() if points is not None]
    return Grade(
        assignment=assignment,
        submission=submission or attempt.submission,
        status=attempt.status,
        score=attempt.score,
        max_score=attempt.max_score,
        answers=round(sum(given), 6) if given else None,
        max_answers=sum(most for _, most in attempt.answers.values()),
        adjusted=adjusted,
        late=late,
        total=total,
        student=student,
        members=members,
        attempt=attempt.number,
        latest=attempts[-1].number,
        questions=questions,
    )


def chosen_from(attempts: Sequence[Attempt], counts: str) -> Sequence[Attempt]:
    """Return the attempts that may count: all if the rule is "best", else only the first or the latest one.

    An attempt with status grader_error counts only if there is no other attempt.
    """
    usable = [one for one in attempts if one.status != GRADER_ERROR] or attempts
    if counts == BEST:
        return usable
    return usable[:1] if counts == FIRST else usable[-1:]


Settled = tuple[tuple[Adjusted, ...], LateLine | None, Mapping[str, tuple[float | None, float]]]


def settle_attempt(
    attempt: Attempt,
    policy: LatePolicy | None,
    adjustments: Sequence[Adjustment],
    *,
    extension_days: float,
    entered: LateDays | None,
) -> tuple[Attempt, Settled, float | None]:
    """Return an attempt, the effects of adjustments and late days on it, and its total."""
    adjusted = []
    questions = dict(attempt.answers)
    for one in adjustments:
        if one.part.kind == FUNCTION:
            earned, most = attempt.functions.get(one.part.name, (None, None))
        elif one.part.kind == ANSWER:
            earned, most = attempt.answers.get(one.part.name, (None, None))
        else:
            continue
        if most is None:  # the assignment no longer has this function or question
            continue
        done = adjust_part(one, earned, most)
        adjusted.append(done)
        if one.part.kind == ANSWER:
            questions[one.part.name] = done.counts, most
    earned_answers = sum(points for points, _ in attempt.answers.values() if points is not None)
    base = None if attempt.score is None else attempt.score + earned_answers
    if base is None and any(one.adjustment.part.kind == ANSWER for one in adjusted):
        base = earned_answers
    if base is not None:
        base += sum(one.change for one in adjusted)
    whole, total = adjust_whole(adjustments, base)
    late = None
    if total is not None:
        reachable = attempt.max_score + sum(most for _, most in attempt.answers.values())
        late = late_line(
            attempt, policy, earned=total, reachable=reachable, extension_days=extension_days, entered=entered
        )
        total = round(max(0.0, total + (late.points if late else 0.0)), 6)
    return attempt, ((*adjusted, *whole), late, questions), total


def adjust_part(adjustment: Adjustment, earned: float | None, most: float) -> Adjusted:
    counts = adjustment.points if adjustment.mode == SET else (earned or 0.0) + adjustment.points
    return Adjusted(adjustment, earned, round(min(max(counts, 0.0), most), 6), is_stale(adjustment, earned))


def adjust_whole(adjustments: Sequence[Adjustment], base: float | None) -> tuple[tuple[Adjusted, ...], float | None]:
    """Return the adjustments of the whole with their effects (first the submission's, then the student's), and the sum.

    The sum may be above the maximum, so that staff can give extra points.
    """
    adjusted = []
    own = [one for one in adjustments if one.part.kind == WHOLE_KIND]
    for one in sorted(own, key=lambda one: bool(one.student)):
        counts = max(0.0, one.points if one.mode == SET else (base or 0.0) + one.points)
        adjusted.append(Adjusted(one, base, round(counts, 6), is_stale(one, base)))
        base = counts
    return tuple(adjusted), base


def is_stale(adjustment: Adjustment, earned: float | None) -> bool:
    """Return whether the points of the adjusted part have changed since the adjustment was made.

    Always False for the whole, because every other adjustment also changes the points of the whole.
    """
    if adjustment.part.kind == WHOLE_KIND:
        return False
    then = adjustment.earned_then
    return (then is None) != (earned is None) or abs((then or 0.0) - (earned or 0.0)) > 1e-6


def late_line(
    attempt: Attempt,
    policy: LatePolicy | None,
    *,
    earned: float,
    reachable: float,
    extension_days: float = 0.0,
    entered: LateDays | None = None,
) -> LateLine | None:
    """Return what late days cost an attempt, or None if the attempt is on time or there is no policy.

    entered: days that a person entered. The extension is not subtracted from these, because the person knew it.
    """
    if policy is None:
        return None
    submitted = attempt.submitted_at
    days: int | None
    if entered is not None:
        days = entered.days
    elif submitted is not None:
        late = submitted - policy.due - timedelta(days=extension_days)
        days = 0 if late <= timedelta(hours=policy.grace_hours) else math.ceil(late.total_seconds() / DAY_S)
    else:
        days = None if attempt.late_mark else 0
    if days == 0 and entered is None:
        return None
    charged = max(0, (days or 0) - policy.free_days)
    percent = min(charged * policy.percent_per_day, policy.cap_percent)
    share = earned if policy.of == EARNED else reachable
    points = -round(min(share * percent / 100, earned), 2)
    return LateLine(
        days=days,
        extension_days=extension_days,
        free_days=min(policy.free_days, days or 0),
        charged_days=charged,
        percent=percent,
        points=points + 0.0,  # no -0.0
        submitted_at=submitted,
        due=policy.due,
        entered_by=entered.who if entered else "",
        reason=entered.reason if entered else "",
    )
