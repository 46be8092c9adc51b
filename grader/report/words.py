"""The statuses and visibilities of records, each with a sentence that explains it to students.

The list is complete: records.Result.from_json rejects a file with another status or visibility.
"""

from __future__ import annotations

from typing import Final

from grader import records

CHECK_WORDS: Final[dict[str, str]] = {
    records.PASSED: "Every value that was compared is right.",
    records.PARTIAL: "Some of the values are right, others are not yet.",
    records.FAILED: "The code ran, but a value is wrong.",
    records.MISSING: "Not written yet: the function is absent, a stub, or raises NotImplementedError.",
    records.ERROR: "The code raised an exception.",
    records.TIMEOUT: "The code was stopped because it took too long.",
    records.CRASHED: "The process ended before the function returned: a signal, an exit, or no memory left.",
    records.SKIPPED: "Not run, because it needs something that is missing.",
    records.NOT_APPLICABLE: "Not part of this handout; it carries no points.",
}

SUBMISSION_WORDS: Final[dict[str, str]] = {
    records.GRADED: "Every check has a status.",
    records.UNREADABLE: "There was nothing to grade: no student file was found, or the archive is damaged.",
    records.GRADER_ERROR: "The grader itself failed here. This is not the student's fault and costs no marks.",
}

ANSWER_WORDS: Final[dict[str, str]] = {
    records.ANSWERED: "Something was written into the cell, or into new cells below it.",
    records.UNANSWERED: "The cell is as it was handed out.",
    records.ABSENT: "The cell was deleted, or the notebook cannot be read.",
}

LITTLE: Final = "Students see only title, status, points and hint"
VISIBILITY_WORDS: Final[dict[str, str]] = {
    records.VISIBLE: "Students see everything about this check.",
    records.HIDDEN: f"{LITTLE}.",
    records.AFTER_DUE_DATE: f"{LITTLE}; once the due date has passed, they see everything.",
    records.AFTER_PUBLISHED: f"{LITTLE}; once marks are published, they see everything.",
}


MEANINGS: Final = {**CHECK_WORDS, **SUBMISSION_WORDS, **VISIBILITY_WORDS}
