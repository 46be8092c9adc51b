"""What a student may see of a result: the same record with everything else taken out.

Of a visible check that is all, with two exceptions: if a hidden input had been in one of the submission's sandboxes, or
if the reference answered stubs, what the code prints, raises or returns may be that input or such an answer.

The feedback page is rendered from what `for_student` returns and from nothing else, so a slip in a template cannot
disclose what is not there.
"""

from __future__ import annotations

from dataclasses import replace

from grader.records import FAILED, GRADER_ERROR, PARTIAL, PASSED, VISIBLE, CheckResult, Result

# Hints of misconceptions, where values were compared. Advice on an exception goes by its text, which the code could
# choose by what it was given.
HINTED = (FAILED, PARTIAL)

AFTER_HIDDEN = "This check ran after hidden ones, so what it printed, raised or returned is not shown here."


def for_student(result: Result) -> Result:
    """The result without what hidden checks gave away, where the files lay on our disk, and our own error texts.

    The whole duration goes as well: less those of the visible checks, it would be that of the hidden ones.
    """
    submission = {key: result.submission[key] for key in ("id", "sha256", "files") if key in result.submission}
    return replace(
        result,
        submission=submission,
        checks=tuple(map(disclose, result.checks)),
        duration_s=0.0,
        spent_s={},
        message="" if result.status == GRADER_ERROR else result.message,
    )


def disclose(check: CheckResult) -> CheckResult:
    """The check as it is if the code could choose nothing secret to show, else built anew from what is public."""
    if check.visibility == VISIBLE and not check.stubs and not check.after_hidden:
        return check
    is_hidden = check.visibility != VISIBLE
    told = check.told if not check.after_hidden else AFTER_HIDDEN if check.status != PASSED else ""
    return CheckResult(
        id=check.function if is_hidden else check.id,
        function=check.function,
        file=check.file,
        title=check.title,
        visibility=check.visibility,
        points=check.points,
        max_points=check.max_points,
        status=check.status,
        message="" if is_hidden else told,
        hint=check.hint if check.status in HINTED and check.comparisons else "",
        stubs=check.stubs,
        after_hidden=check.after_hidden,
    )
