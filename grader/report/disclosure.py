"""What a student may see of a result: the same record with everything else taken out.

The feedback page is rendered from what `for_student` returns and from nothing else, so a slip in a template cannot
disclose what is not there.
"""

from __future__ import annotations

from dataclasses import replace

from grader.records import FAILED, GRADER_ERROR, PARTIAL, VISIBLE, CheckResult, Result

# Hints of misconceptions, where values were compared. Advice on an exception goes by its text, which the code could
# choose by what it was given.
HINTED = (FAILED, PARTIAL)


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
    """The check as it is if it is visible, else built anew from the few fields that are public."""
    if check.visibility == VISIBLE:
        return check
    return CheckResult(
        id=check.function,
        function=check.function,
        file=check.file,
        title=check.title,
        visibility=check.visibility,
        points=check.points,
        max_points=check.max_points,
        status=check.status,
        hint=check.hint if check.status in HINTED and check.comparisons else "",
        stubs=check.stubs,
    )
