"""The sentences that a reader sees for records with reasons."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from string import Formatter

import msgspec
import pytest

from grader.calls import CallFailed
from grader.intake.choose import ChosenFiles
from grader.intake.downloads.recognise import HandedIn
from grader.intake.tree import Tree
from grader.messages.say import said, say
from grader.records import NotebookResult, Reason, Result, Submission


@contextmanager
def call_fails(match: str) -> Iterator[pytest.ExceptionInfo[CallFailed]]:
    """Expects a call to fail for a reason whose sentence matches."""
    with pytest.raises(CallFailed) as caught:
        yield caught
    assert re.search(match, say(caught.value.failure.reason))


def said_in(data: dict[str, object] | None) -> str:
    """The sentence of a reason as a result file holds it."""
    return said(msgspec.convert(data, Reason | None))


def notes_of(record: Result | Submission | Tree | ChosenFiles | HandedIn) -> tuple[str, ...]:
    return tuple(map(say, record.notes))


def problem_of(submission: Submission | HandedIn | NotebookResult) -> str | None:
    return said(submission.problem) or None


LISTS = ("shape", "array", "position", "list", "and", "or", "few")
NUMBERS = ("amount", "percent", "ratio", "counted", "word", "g", ".2g")


def values_for(template: str, chosen: str = "chosen") -> dict[str, object]:
    """Values of the types that a template needs. chosen: used for each text that student code would choose."""
    values: dict[str, object] = {}
    for _, name, spec, conversion in Formatter().parse(template):
        if name and not isinstance(values.get(name), list):
            text = chosen if conversion == "c" else "text"
            is_number = spec in NUMBERS or "|" in (spec or "")
            values[name] = [chosen if conversion == "c" else 2] if spec in LISTS else 2 if is_number else text
    return values


def chosen_by_code(template: str) -> frozenset[str]:
    """The fields of a sentence whose values student code chooses."""
    return frozenset(name for _, name, _, conversion in Formatter().parse(template) if name and conversion == "c")
