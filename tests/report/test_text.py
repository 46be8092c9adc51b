"""Invisible characters become visible; numbers lose needless digits; links stay files beside the page."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.report.roster import place_of
from grader.report.text import CODES, clip, first_line, number, page_name, seconds, small, visible


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\x00b\x07", "a\\x00b\\x07"),
        ("\x7f\x9b0m", "\\x7f\\x9b0m"),
        ("\u202egnp.exe\u202c", "\\u202egnp.exe\\u202c"),
        ("\u2066x\u2069\u200f", "\\u2066x\\u2069\\u200f"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("\ud800", "\\ud800"),
        ("progress\rdone", "progress\\x0ddone"),
        ("one\r\ntwo\n\tthree", "one\ntwo\n\tthree"),
        ("naïve ∂L/∂w 卷积 🙂", "naïve ∂L/∂w 卷积 🙂"),
    ],
)
def test_invisible_characters_become_visible_and_others_stay(raw: str, shown: str) -> None:
    assert visible(raw) == shown


@given(st.text(st.characters()))
def test_any_text_can_be_written_and_never_reverses_a_line(raw: str) -> None:
    shown = visible(raw)
    shown.encode("utf-8")
    assert not set(shown) & {chr(code) for code in (0x1B, 0x00, 0x0D, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
    assert visible(shown) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(61.5, "61.5"), (100.0, "100"), (0.0, "0"), (2 / 3, "0.67"), (-0.0, "0"), (10.10, "10.1")]
)
def test_points_have_two_decimals_at_most(value: float, shown: str) -> None:
    assert number(value) == shown


def test_durations_and_errors_are_short() -> None:
    assert [seconds(value) for value in (0.001, 1.934, 61.2)] == ["< 0.01 s", "1.93 s", "61 s"]
    assert [small(value) for value in (None, 5.3e-6, 0.3123456, 0.0)] == ["–", "5.3e-06", "0.312", "0"]


def test_long_text_is_cut_with_the_number_of_further_characters() -> None:
    assert clip("abcdef", 4) == "abcd … (2 more characters)"
    assert clip("abcd", 4) == "abcd"
    assert first_line("\n  first: wrong.  \nsecond") == "first: wrong."
    assert first_line("  \n") == ""


def test_ids_are_ordered_as_people_count() -> None:
    ids = ["student_10", "Student_9", "student_2", "ada", "2", "10", "a", "a1", ""]
    assert sorted(ids, key=place_of) == ["", "2", "10", "a", "a1", "ada", "student_2", "Student_9", "student_10"]


@given(st.lists(st.text(max_size=12)))
def test_any_two_ids_can_be_compared(ids: list[str]) -> None:
    backwards = list(reversed(ids))
    assert sorted(ids, key=place_of) == sorted(backwards, key=place_of)


@pytest.mark.parametrize("name", ["javascript:alert(1)", "../../etc", "a b&c?d#e%2f\"'<>", "Zoë", "caf\udce9"])
def test_a_link_names_a_file_beside_the_page_and_nothing_else(name: str) -> None:
    link = page_name(name)
    assert not set(link) & set("/:?#&\"'<> ")
    assert unquote(link, errors="surrogateescape") == name + ".html"


def test_every_character_that_is_shown_as_a_code_is_one_that_python_does_not_print() -> None:
    """So the shortcut for printable strings is right."""
    assert len(CODES) > 2000
    assert not [code for code in CODES if chr(code).isprintable()]
    for code in (0x202E, 0xD800, 0x7F):
        assert visible(f"plain{chr(code)}text") == f"plain{CODES[code]}text"
