"""What a reader reads of records that hold reasons."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from grader.calls import CallFailed
from grader.messages.say import said, say
from grader.records import Result, Submission


@contextmanager
def call_fails(match: str) -> Iterator[pytest.ExceptionInfo[CallFailed]]:
    """Expects a call to fail for a reason whose sentence matches."""
    with pytest.raises(CallFailed) as caught:
        yield caught
    assert re.search(match, say(caught.value.failure.reason))


def notes_of(record: Result | Submission) -> tuple[str, ...]:
    return tuple(map(say, record.notes))


def problem_of(submission: Submission) -> str | None:
    return said(submission.problem) or None
