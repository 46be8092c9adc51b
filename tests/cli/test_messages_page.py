"""MESSAGES.md, which students get, explains the messages that `grader check` gives for real mistakes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from cases import ROOT
from every_message import STATES
from own_folder import make_package, release_assignment

from grader.authoring.messages_page import SOURCE, messages_page, sections_of
from grader.errors import AssignmentError
from grader.messages import endings, notes, values
from grader.messages.advice import ADVICE
from grader.messages.say import CATALOGUE, say
from grader.records import CheckResult, Reason
from grader.report import standing
from grader.report.words import CHECK_WORDS
from grader.student.own_run import find_place, run_own

ASSIGNMENT = ROOT / "assignment"
CPU_S = 0.25  # a fifth of it is enough for any right function
WALL_S = 6.0
# Messages that no single mistake in a student's folder gives: crashes in a sandbox, two mistakes at once, chance.
ELSEWHERE = {
    "are_no_numbers",
    "entry_of_type",
    "huge_beside",
    "input_changed",
    "killed",
    "largest_of",
    "off",
    "out_of_memory_allowed",
    "shape_of_other",
    "shares_part",
    "was_given_other_cache",
}


def reasons_of(check: CheckResult) -> Iterator[Reason]:
    said = [*check.reasons, *check.hints, *check.remarks, *(part.reason for part in check.comparisons if part.reason)]
    while said:
        yield (reason := said.pop())
        said += [value for value in reason.values.values() if isinstance(value, Reason)]


@pytest.fixture(scope="module")
def given(tmp_path_factory) -> set[str]:
    """The ids of all reasons that `grader check` gives for every state of a folder."""
    top = tmp_path_factory.mktemp("messages")
    release_assignment(top / "assignment")
    ids: set[str] = set()
    for name, added in STATES.items():
        folder = top / name.replace(" ", "_")
        make_package(folder / "cs231n", written=None)
        for file, text in added.items():
            path = folder / "cs231n" / file
            path.write_text(path.read_text() + text)
        place = find_place(folder)
        if name == "no values":  # it contains an endless loop and a sleep, so a short limit saves time
            limits = replace(place.context.limits, cpu_s=CPU_S, wall_s=WALL_S)
            place = replace(place, context=replace(place.context, limits=limits))
        result = run_own(place, place.functions)
        ids |= {reason.id for check in result.checks for reason in reasons_of(check)} | {one.id for one in result.notes}
    return ids


@pytest.mark.process
def test_real_mistakes_give_reasons_that_the_page_explains(given):
    tables = (values.VALUES, endings.FOLLOWS, endings.STOPPED)
    explained = {id for table in tables for id in table} & EXPLAINED.keys()
    assert explained - given == ELSEWHERE


@pytest.mark.process
def test_every_sentence_for_real_mistakes_is_in_the_catalogue(given):
    assert given - CATALOGUE.keys() == set()


EXPLAINED = {id: said for section in sections_of(ASSIGNMENT / SOURCE) for id, said in section["says"].items()}


def test_the_page_shows_every_sentence_with_its_meaning_and_explains_every_status():
    page = messages_page(ASSIGNMENT)
    for id, explained in EXPLAINED.items():
        assert f"| `{say(Reason(id, explained.get('example', {})))}` | {explained['means']} |" in page
    for status, words in CHECK_WORDS.items():
        assert f"| {status} | {words} |" in page
    for word in (standing.RIGHT, standing.WRONG, standing.ABSENT, standing.WAITS):
        assert f"\n| {word} | " in page
    assert {line.count("|") for line in page.splitlines() if line.startswith("|")} == {3}


def test_every_sentence_that_students_read_is_explained_or_a_variant_of_one_that_is():
    variants = {"number_times", "number_times_size", "rounded", "rounded_down", "shifted_down", "is_not_finite"}
    variants |= {"wrong_sign", "lost_statement"}
    to_staff = {"stubs_counted", "called_counted", "holds_a_copy", "grading_lost", "late_judge", "and_more"}
    # Messages about files, the handout and faults of ours need no explanation: they say what to do.
    others = {id for table in (notes.HANDED_IN, notes.HANDOUT, notes.FAULTS) for id in table}
    whole = {id for id, text in CATALOGUE.items() if text.endswith(".")} - ADVICE.keys() - others
    assert whole - EXPLAINED.keys() - variants - to_staff == set()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[sections]", "cannot be read"),
        ("a = 1", "expected a table"),
        ('[[sections]]\ntitle = "T"\n[sections.says.nothing]\nmeans = "M"', "no message has the id nothing"),
        ('[[sections]]\ntitle = "T"\n[sections.says.zero]\nmeans = "M"', "has the values none, expected name"),
        (
            '[[sections]]\ntitle = "T"\n[sections.says.huge]\nmeans = "M"\nexample = {x = 1}',
            "has the values x, expected",
        ),
    ],
)
def test_an_explanation_of_an_unknown_message_is_rejected(tmp_path, text, words):
    (tmp_path / SOURCE).write_text(text)
    with pytest.raises(AssignmentError, match=words):
        messages_page(tmp_path)


def test_an_assignment_that_explains_no_messages_has_no_page(tmp_path):
    assert messages_page(tmp_path) is None
