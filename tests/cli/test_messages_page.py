"""MESSAGES.md, which students get, explains what real mistakes make `grader check` say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from every_message import STATES
from own_folder import make_package, release_assignment

from grader.authoring.messages_page import NAME, SECTIONS, messages_page
from grader.messages import failures, marks, values
from grader.messages.say import CATALOGUE, say
from grader.records import CheckResult, Reason
from grader.report import standing
from grader.report.words import CHECK_WORDS
from grader.student.own_run import find_place, run_own

CPU_S = 0.25  # a fifth of it is enough for any right function
WALL_S = 6.0
# What no single mistake in a folder of one's own gives: crashes in a sandbox, two mistakes in one, chance.
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
    """The ids of all reasons that `grader check` gives of every state of a folder."""
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
        if name == "no values":  # it has a loop without an end and a sleep, and nobody waits here as students must
            limits = replace(place.context.limits, cpu_s=CPU_S, wall_s=WALL_S)
            place = replace(place, context=replace(place.context, limits=limits))
        result = run_own(place, place.functions)
        ids |= {reason.id for check in result.checks for reason in reasons_of(check)} | {one.id for one in result.notes}
    return ids


def test_real_mistakes_give_the_reasons_that_the_page_explains(given):
    tables = (values.RETURNED, values.SHAPES, values.VALUES, values.REMARKS, marks.FOLLOWS, failures.STOPPED)
    explained = {id for table in tables for id, entry in table.items() if entry.means}
    assert explained - given == ELSEWHERE


def test_every_sentence_that_real_mistakes_give_is_in_the_catalogue(given):
    assert given - CATALOGUE.keys() == set()


def test_the_page_shows_every_sentence_with_its_meaning_and_explains_every_status():
    page = messages_page()
    for _, _, entries in SECTIONS:
        for id, entry in entries.items():
            if entry.means:
                assert f"| `{say(Reason(id, entry.example))}` | {entry.means} |" in page
    for status, words in CHECK_WORDS.items():
        assert f"| {status} | {words} |" in page
    for word in (standing.RIGHT, standing.WRONG, standing.ABSENT, standing.WAITS):
        assert f"\n| {word} | " in page


def test_every_sentence_that_students_read_of_their_work_has_a_meaning_or_is_a_part_or_a_variant_of_one_that_has():
    variants = {"number_times", "number_times_size", "rounded", "rounded_down", "shifted_down", "is_not_finite"}
    bare = [id for _, _, entries in SECTIONS for id, entry in entries.items() if not entry.means]
    whole = [id for id in bare if CATALOGUE[id].template.endswith(".")]
    to_staff = {"stubs_counted", "called_counted", "holds_a_copy", "grading_lost", "late_judge"}
    assert set(whole) - variants - to_staff == {"wrong_sign"}


def test_the_table_of_the_page_is_not_broken_by_what_is_in_it():
    rows = [line for line in messages_page().splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} == {3}
    assert NAME == "MESSAGES.md"
