"""What a student may see of a result: the same record with everything else taken out.

Of a visible check that is all, with two exceptions: if a hidden input had been in one of the submission's sandboxes, or
if the reference answered stubs, what the code prints, raises or returns may be that input or such an answer.

The feedback page is rendered from what `for_student` returns and from nothing else, so a slip in a template cannot
disclose what is not there.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from grader import records
from grader.records import CheckResult, Reason, Result

# Hints of misconceptions, where values were compared. Advice on an exception goes by its text, which the code could
# choose by what it was given.
HINTED = (records.FAILED, records.PARTIAL)


def for_student(result: Result, opened: Collection[str] = ()) -> Result:
    """The result without what hidden checks gave away, where the files lay on our disk, and our own error texts.

    opened: visibilities that have become visible by now (after_due_date, after_published). As long as a check is
    hidden all the same, what the code chose to say in an opened one may be a hidden input, so it stays out.
    The whole duration goes as well: less those of the visible checks, it would be that of the hidden ones.
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
    """The check as it is if the code could choose nothing secret to show, else built anew from what is public."""
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
    """What the run on the student's own functions found; of the one on stubs, the names of values that are wrong there.

    The code could have had the reference's answers said in the latter.
    """
    own = check.own_run
    if own is None:
        return {}
    if own.outcome != records.EARNED_LESS:
        kept = replace(own, reasons=()) if own.outcome == records.EARNED_THE_SAME else None
        return {"reasons": own.reasons, "own_run": kept}
    wrong = [one.name for one in check.comparisons if one.status != records.PASSED]
    too = (Reason.of("wrong_on_stubs", names=wrong),) if wrong else ()
    return {"own_run": replace(own, reasons=(*own.reasons, *too))}
