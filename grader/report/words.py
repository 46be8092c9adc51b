"""The status and visibility words of DESIGN.md, each with a sentence that a student understands."""

from __future__ import annotations

from typing import Final

from grader.errors import GraderError
from grader.records import (
    ABSENT,
    AFTER_DUE_DATE,
    AFTER_PUBLISHED,
    ANSWERED,
    CRASHED,
    ERROR,
    FAILED,
    GRADED,
    GRADER_ERROR,
    HIDDEN,
    MISSING,
    NOT_APPLICABLE,
    PARTIAL,
    PASSED,
    SKIPPED,
    TIMEOUT,
    UNANSWERED,
    UNREADABLE,
    VISIBLE,
    Result,
)

CHECK_WORDS: Final[dict[str, str]] = {
    PASSED: "Every value that was compared is right.",
    PARTIAL: "Some of the values are right, others are not yet.",
    FAILED: "The code ran, but a value is wrong.",
    MISSING: "Not written yet: the function is absent, a stub, or raises NotImplementedError.",
    ERROR: "The code raised an exception.",
    TIMEOUT: "The code was stopped because it took too long.",
    CRASHED: "The process ended before it could answer: a signal, an exit, or no memory left.",
    SKIPPED: "Not run, because it needs something that is missing.",
    NOT_APPLICABLE: "Not part of this handout; it counts for nothing.",
}

SUBMISSION_WORDS: Final[dict[str, str]] = {
    GRADED: "Every check has its verdict.",
    UNREADABLE: "There was nothing to grade: no student file was found, or the archive is damaged.",
    GRADER_ERROR: "The grader itself failed here. That is no fault of the student and takes no mark away.",
}

ANSWER_WORDS: Final[dict[str, str]] = {
    ANSWERED: "Something was written into the cell, or into new cells below it.",
    UNANSWERED: "The cell holds what it was handed out with.",
    ABSENT: "The cell was deleted, or the notebook cannot be read.",
}

VISIBILITY_WORDS: Final[dict[str, str]] = {
    VISIBLE: "Students see everything about this check.",
    HIDDEN: "Students see only title, status, points and hint.",
    AFTER_DUE_DATE: "Students see only title, status, points and hint; an LMS shows it after the due date.",
    AFTER_PUBLISHED: "Students see only title, status, points and hint; an LMS shows it once marks are published.",
}


def explain(word: str) -> str:
    """The sentence for a status or visibility that check_words let pass."""
    return {**CHECK_WORDS, **SUBMISSION_WORDS, **VISIBILITY_WORDS}[word]


def check_words(result: Result) -> None:
    """Raise GraderError, naming the result, if it holds a status or visibility that a page could not show."""
    wrong = [result.status] if result.status not in SUBMISSION_WORDS else []
    wrong += [check.status for check in result.checks if check.status not in CHECK_WORDS]
    wrong += [function.status for function in result.functions if function.status not in CHECK_WORDS]
    wrong += [part.status for check in result.checks for part in check.comparisons if part.status not in CHECK_WORDS]
    answers = [answer for notebook in result.notebooks for answer in notebook.answers]
    wrong += [answer.status for answer in answers if answer.status not in ANSWER_WORDS]
    wrong += [check.visibility for check in result.checks if check.visibility not in VISIBILITY_WORDS]
    if wrong:
        raise GraderError(
            f"report: the result of {result.id!r} holds {wrong[0]!r}, which is no word for a status or visibility. "
            "Grade it again with --force."
        )
