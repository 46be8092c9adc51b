"""Remove from a result everything that its student may not see.

A visible check is shown completely, with two exceptions: if a hidden input was in one of the submission's sandboxes
before, or if the reference answered stubs. Then the code may print, raise or return this input or this answer.

The feedback page is rendered only from what `for_student` returns, so a mistake in a template cannot disclose more.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from grader import records
from grader.records import CheckResult, Reason, Result

# For a hidden check, only hints from compared values are shown. Advice on an exception depends on its text, and the
# code could choose this text by the hidden input.
HINTED = (records.FAILED, records.PARTIAL)


def for_student(result: Result, opened: Collection[str] = ()) -> Result:
    """The result without hidden inputs and values, without paths on our disk, and without our own error texts.

    opened: visibilities that have become visible by now (after_due_date, after_published). As long as another check is
    hidden, the text that the code chose in an opened check may be a hidden input, so it stays out.
    Without the total duration, too: minus the durations of visible checks, it would reveal that of the hidden ones.
    """
    submission = {key: result.submission[key] for key in ("id", "sha256", "files") if key in result.submission}
    return replace(
        result,
        submission=submission,
        checks=tuple(map(disclose, open_checks(result.checks, opened))),
        duration_s=0.0,
        spent_s={},
        reason=None if result.status == records.GRADER_ERROR else result.reason,
    )


def open_checks(checks: Sequence[CheckResult], opened: Collection[str]) -> list[CheckResult]:
    """The checks, those that have been opened as visible ones."""
    still_hidden = any(check.visibility not in (records.VISIBLE, *opened) for check in checks)
    return [
        replace(check, visibility=records.VISIBLE, after_hidden=check.after_hidden or still_hidden)
        if check.visibility in opened
        else check
        for check in checks
    ]


def disclose(check: CheckResult) -> CheckResult:
    """Return the check unchanged if the code could not know a secret; else a new one with only its public parts."""
    if check.visibility == records.VISIBLE and not check.stubs and not check.after_hidden:
        return check
    is_hidden = check.visibility != records.VISIBLE
    disclosed = CheckResult(
        id=check.function if is_hidden else check.id,
        function=check.function,
        file=check.file,
        title=check.title,
        visibility=check.visibility,
        points=check.points,
        max_points=check.max_points,
        status=check.status,
        hints=check.hints if check.status in HINTED and check.comparisons else (),
        stubs=check.stubs,
        after_hidden=check.after_hidden,
    )
    if is_hidden:
        return disclosed
    if check.after_hidden:
        return replace(disclosed, reasons=() if check.status == records.PASSED else (Reason.of("after_hidden"),))
    return replace(disclosed, **of_own_run(check))


def of_own_run(check: CheckResult) -> dict[str, Any]:
    """What the run on the student's own functions found, and only the names of the values that are wrong on stubs.

    In the run on stubs, the code knew the reference's answers and could show them.
    """
    own = check.own_run
    if own is None:
        return {}
    if own.outcome != records.EARNED_LESS:
        public = replace(own, reasons=()) if own.outcome == records.EARNED_THE_SAME else None
        return {"reasons": own.reasons, "own_run": public}
    wrong = [one.name for one in check.comparisons if one.status != records.PASSED]
    too = (Reason.of("wrong_on_stubs", names=wrong),) if wrong else ()
    return {"own_run": replace(own, reasons=(*own.reasons, *too))}
