"""Remove from a result everything that its student may not see.

A visible check is shown completely, except in two cases. First, if a hidden input was in one of the submission's
sandboxes before the check: the student's code may print, raise or return this input. Second, if the check ran on stubs:
the student's code may print, raise or return a value of the reference, which a stub returned.

The feedback page is rendered only from what `for_student` returns, so a mistake in a template cannot disclose more.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from grader import records
from grader.records import CheckResult, Reason, Result

# For a hidden check, students see only hints from compared values. Advice on an exception depends on its text, and the
# student's code could put the hidden input into this text.
HINTED = (records.FAILED, records.PARTIAL)


def for_student(result: Result, opened: Collection[str] = ()) -> Result:
    """Return the result without hidden inputs and values, without paths on our disk, and without our own error texts.

    opened: the visibilities (after_due_date, after_published) whose checks the student may see now. While other checks
    are still hidden, an opened check is shown without text that the student's code chose, because the text may contain
    a hidden input. The total duration is left out, because it would reveal the duration of the hidden checks.
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
    """Return the checks, with the visibility `visible` for each check whose visibility is in `opened`."""
    still_hidden = any(check.visibility not in (records.VISIBLE, *opened) for check in checks)
    return [
        replace(check, visibility=records.VISIBLE, after_hidden=check.after_hidden or still_hidden)
        if check.visibility in opened
        else check
        for check in checks
    ]


def disclose(check: CheckResult) -> CheckResult:
    """Return the check unchanged if the student's code could not know a secret; else a copy with public parts only."""
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
    """Return what the run on the student's own functions found; of the run on stubs, only the names of wrong values.

    In the run on stubs, the student's code had values of the reference and could put them into a text.
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
