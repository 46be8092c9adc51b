"""Computes points, reasons, hints and follow-through from the trials of a submission. Pure.

A trial is one run of a check. A trial's points can depend on other trials: a gradient that is right for a wrong forward
earns all points if the forward is a known misconception or passes other checks. So all trials of a submission are
settled together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from grader.calls import Failure
from grader.function_ids import short_name
from grader.judging.compare import Fit, Judgement
from grader.judging.diagnose import advice_on
from grader.judging.hints import find_hints, full_explanations
from grader.messages.of_check import all_reasons, placed
from grader.messages.say import say
from grader.records import (
    CHECK_STATUSES,
    EARNED_LESS,
    EARNED_THE_SAME,
    ERROR,
    FAILED,
    MISSING,
    NOT_APPLICABLE,
    PARTIAL,
    PASSED,
    SKIPPED,
    VISIBLE,
    Check,
    CheckResult,
    FunctionResult,
    OwnRun,
    Reason,
)

Results = Sequence[CheckResult]
WITHOUT_CODE: Final = (PASSED, MISSING, NOT_APPLICABLE)  # a page shows the code of the other functions

FOLLOWS: Final = 1.0  # share if the forward is a known misconception, or passes half of its other checks, by weight
HALF: Final = 0.5  # share for other wrong forwards


@dataclass(frozen=True)
class Trial:
    """One run of a check. failure: why the check returned no values; then judgements is empty.

    agreed: names of wrong gradients that are right for the student's own forward. same_reach: whether this forward's
    inputs reach the right outputs. variants: misconceptions with other values than the reference in this check → hint.
    matched: the misconceptions with the student's values. fits: how well each misconception fits, if a value is wrong.
    raising: misconceptions that raise in this check → hint. raised: the misconceptions with the student's exception.
    by_outcome, beside: misconceptions with these options of checks.misconception. fed: the failure of the forward, if
    the check used the documented cache instead. stubs: functions that the reference replaced. processes: 2 if the
    check was rerun in a fresh process. follow: computes agreed and same_reach later. after_hidden: whether this
    visible check ran after a hidden input was sent, so that its texts and values may contain one.
    """

    check: Check
    failure: Failure | None = None
    judgements: tuple[Judgement, ...] = ()
    agreed: frozenset[str] = frozenset()
    same_reach: bool = False
    variants: Mapping[str, str] = field(default_factory=dict)
    matched: frozenset[str] = frozenset()
    fits: Mapping[str, Fit] = field(default_factory=dict)
    raising: Mapping[str, str] = field(default_factory=dict)
    raised: frozenset[str] = frozenset()
    by_outcome: Mapping[str, str] = field(default_factory=dict)
    beside: frozenset[str] = frozenset()
    fed: Failure | None = None
    stubs: frozenset[str] = frozenset()
    remarks: tuple[Reason, ...] = ()
    output: str = ""
    duration_s: float = 0.0
    processes: int = 1
    follow: Callable[..., tuple[frozenset[str], bool]] | None = field(default=None, compare=False)
    after_hidden: bool = False

    @property
    def passed(self) -> bool:
        return self.failure is None and all(j.comparison.status == PASSED for j in self.judgements)


def settle(trials: Sequence[Trial]) -> list[CheckResult]:
    results = [settle_trial(trial, trials) for trial in trials]
    return [with_share(result, trial, results, trials) for result, trial in zip(results, trials, strict=True)]


def with_share(result: CheckResult, trial: Trial, results: Results, trials: Sequence[Trial]) -> CheckResult:
    """Give a check that failed only in the forward that it needs the share that the function's other checks earn.

    So a mistake costs once. The share is halved unless the forward passes a hidden check, which shows that it fails
    only on some inputs. The share is 0 if the forward is not written, or if no other check of this function returned a
    value.
    """
    failure = trial.fed or trial.failure
    needs = trial.check.needs
    if result.status != SKIPPED or failure is None or failure.function != needs or failure.status == MISSING:
        return result
    judged = [one for one, of in zip(results, trials, strict=True) if of.judgements]
    others = [one for one in judged if one.function == trial.check.function and one.status != SKIPPED]
    forward = [other for other in trials if other.check.function == needs]
    hidden = [other for other in forward if other.check.visibility != VISIBLE]
    worth = FOLLOWS if any(other.passed for other in hidden or forward) else HALF
    available = sum(other.max_points for other in others)
    share = round(worth * sum(other.points for other in others) / available, 4) if available else 0.0
    if not share:
        return result
    name, own = short_name(trial.check.function), short_name(needs or "")
    in_full, in_part = (
        Reason.of("shares", own=own, name=name),
        Reason.of("shares_part", own=own, name=name, share=share),
    )
    return replace(
        result,
        points=round(trial.check.max_points * share, 6),
        status=PASSED if share == 1 else PARTIAL,
        reasons=(*result.reasons, in_full if share == 1 else in_part),
        follow_through=True,
    )


def choose(
    own: Results, on_stubs: Results, run_again: Collection[str], stubs: Mapping[str, Sequence[str]]
) -> list[CheckResult]:
    """For each check, choose the run that earned more; if both earned the same, the run with the more helpful message.

    So a mistake costs once: in the run with stubs, only mistakes of the function itself cost points. run_again: ids of
    the checks that were rerun with stubs. stubs: function → functions that it may call.
    """
    wrong = {result.function for result in own if result.status != PASSED}
    chosen = []
    for one, other in zip(own, on_stubs, strict=True):
        called = [name for name in stubs.get(one.function, ()) if name in wrong]
        is_share = (
            one.follow_through and not one.comparisons and len(other.comparisons) > 0
        )  # prefer values to a shared result
        is_same = other.points == one.points and not is_share
        if one.id not in run_again or (other.points < one.points and not is_share) or (is_same and not called):
            chosen.append(one)
        else:
            outcome = EARNED_THE_SAME if is_same else EARNED_LESS
            chosen.append(replace(other, own_run=OwnRun(outcome, tuple(called), all_reasons(one))))
    return chosen


def settle_trial(trial: Trial, trials: Sequence[Trial]) -> CheckResult:
    check = trial.check
    result = CheckResult(
        id=check.id,
        function=check.function,
        file=check.file,
        title=check.title,
        visibility=check.visibility,
        points=0.0,
        max_points=check.max_points,
        status=FAILED,
        stubs=tuple(sorted(trial.stubs)),
        remarks=trial.remarks,
        output=trial.output,
        duration_s=trial.duration_s,
        after_hidden=trial.after_hidden,
    )
    if trial.failure is not None:
        return settle_failure(result, trial, trial.failure, trials)
    worth = forward_worth(trial, trials)
    earned = weight = 0.0
    comparisons = []
    for judgement in trial.judgements:
        comparison = judgement.comparison
        follows = worth > 0 and comparison.name in trial.agreed
        shown, _ = check.words.get(comparison.name, (comparison.name, ""))
        is_same = shown == comparison.name and not follows
        comparisons.append(comparison if is_same else replace(comparison, name=shown, follow_through=follows))
        weight += comparison.weight
        earned += comparison.weight * (1.0 if comparison.status == PASSED else worth if follows else 0.0)
    points = round(check.max_points * earned / weight, 6)
    status = PASSED if earned == weight else PARTIAL if points > 0 else FAILED
    if status == FAILED and trial.fed is not None:  # it may be right for the cache of its own forward
        status = SKIPPED
    return replace(
        result,
        points=points,
        status=status,
        reasons=reasons_of(trial, worth),
        hints=find_hints(trial, trials),
        follow_through=any(comparison.follow_through for comparison in comparisons),
        comparisons=tuple(comparisons),
        remarks=(*trial.remarks, *(remark for judgement in trial.judgements for remark in judgement.remarks)),
    )


def settle_failure(result: CheckResult, trial: Trial, failure: Failure, trials: Sequence[Trial]) -> CheckResult:
    """Return the result of a check without values: 0 points, and skipped if another function caused the failure."""
    reason, status = failure.reason, failure.status
    if trial.fed is not None and status == ERROR:  # it may be right for the cache of its own forward
        reason, status = Reason.of("given_cache", why=trial.fed.reason, then=reason), SKIPPED
    elif failure.function not in (result.function, ""):
        reason, status = Reason.of("could_not_run", name=short_name(result.function), why=reason), SKIPPED
    hints = find_hints(trial, trials) or tuple(filter(None, [advice_on(say(failure.reason))]))
    return replace(result, status=status, reasons=(reason,), hints=hints, frames=failure.frames)


def forward_worth(trial: Trial, trials: Sequence[Trial]) -> float:
    """Return the share of points for a gradient that is right for a wrong forward."""
    if not trial.agreed:
        return 0.0
    forward = [other for other in trials if other.check.function == (trial.check.needs or trial.check.function)]
    if any(full_explanations(other, trials) for other in forward):
        return FOLLOWS
    # The gradient of a constant or a sum does not show that the student can derive the right gradient. A forward that
    # passes all of its own checks is right, so if it returns wrong values here, it is a trick.
    if not trial.same_reach or all(other.passed for other in forward):
        return 0.0
    other_checks = [other for other in forward if other is not trial]
    others = [other for other in other_checks if other.check.visibility != VISIBLE] or other_checks
    right = sum(other.check.weight for other in others if other.passed)
    return FOLLOWS if right > 0 and 2 * right >= sum(other.check.weight for other in others) else HALF


def reasons_of(trial: Trial, worth: float) -> tuple[Reason, ...]:
    """Return further reasons: that gradients are right for a wrong forward, or that the documented cache was used."""
    function, reasons = trial.check.function, []
    if trial.agreed and worth > 0:
        own = short_name(trial.check.needs) if trial.check.needs else "loss"
        reasons.append(placed(function, Reason.of("follows", names=sorted(trial.agreed), own=own, share=worth)))
    if trial.fed is not None:
        name, why, forward = short_name(function), trial.fed.reason, short_name(trial.fed.function)
        right = Reason.of("was_given_cache", why=why, name=name)
        wrong = Reason.of("was_given_other_cache", why=why, name=name, forward=forward)
        reasons.append(right if trial.passed else wrong)
    return tuple(reasons)


def sum_up(
    results: Results, needs: Mapping[str, Sequence[str]], defined: Mapping[str, tuple[int, str]]
) -> list[FunctionResult]:
    """Sum up points and status by function, in the order of the checks.

    defined: for each function that the student's files define, the line and the text of its definition.
    """
    functions: dict[str, list[CheckResult]] = {}
    for result in results:
        functions.setdefault(result.function, []).append(result)
    summed = []
    for function, checks in functions.items():
        status = status_of(checks)
        line, code = defined.get(function, (0, ""))
        summed.append(
            FunctionResult(
                function=function,
                points=round(sum(check.points for check in checks), 4),
                max_points=round(sum(check.max_points for check in checks), 4),
                status=status,
                needs=tuple(needs.get(function, ())),
                line=line,
                code=code if status not in WITHOUT_CODE else "",
            )
        )
    return summed


def status_of(checks: Results) -> str:
    """Return the worst status, or `partial` if that status is worse than `passed` and some check earned points."""
    worst = min((check.status for check in checks), key=CHECK_STATUSES.index, default=NOT_APPLICABLE)
    return PARTIAL if worst not in (PASSED, NOT_APPLICABLE) and any(check.points > 0 for check in checks) else worst
