"""Figures and their bars, and the exit codes of a part that runs alone."""

from __future__ import annotations

import pytest

from bench.row import Part, Row, run_alone, shown


@pytest.mark.parametrize(
    ("value", "bar", "at_most", "verdict"),
    [
        (1.7, 1.7, False, "met"),
        (1.69, 1.7, False, "MISSED"),
        (1.7, 1.7, True, "met"),
        (1.71, 1.7, True, "MISSED"),
        (0.0, 0, True, "met"),
        (1.0, 0, True, "MISSED"),
        (float("nan"), 1.7, False, "MISSED"),
        (float("nan"), 1.7, True, "MISSED"),
        (0.1, None, False, ""),
    ],
)
def test_a_bar_is_an_upper_or_a_lower_limit(value, bar, at_most, verdict):
    row = Row("speed", value, "x", bar, at_most=at_most)
    assert (row.verdict, row.missed) == (verdict, verdict == "MISSED")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (25.0, "x", "25x"),
        (1.3, "x", "1.3x"),
        (0.98765, "x", "0.988x"),
        (12345.6, "ms", "12,346 ms"),
        (0.0, "", "0"),
        (10, "s", "10 s"),
        (float("nan"), "s", "nan s"),
    ],
)
def test_numbers_are_shown_whole_or_with_three_digits(value, unit, text):
    assert shown(value, unit) == text


def part(*rows, lack=""):
    return Part("one", "One", "Counts.", lambda options: iter(rows), lacks=lambda options: lack)


@pytest.mark.process
@pytest.mark.parametrize(("bar", "code", "word"), [(2.0, 0, "met"), (2.5, 1, "MISSED"), (None, 0, "2x")])
def test_a_part_alone_prints_its_rows_and_fails_for_a_missed_bar(bar, code, word, capsys):
    assert run_alone(part(Row("speed", 2.0, "x", bar, of="4 s / 2 s")), []) == code
    printed = capsys.readouterr().out
    assert word in printed and "4 s / 2 s" in printed
    assert "on Python " in printed and " cores (" in printed


def test_a_part_with_missing_requirements_measures_nothing(capsys):
    def measured(options):
        raise AssertionError("measured")

    lacking = Part("one", "One", "Counts.", measured, lacks=lambda options: "no peer. Run make bench-peers.")
    assert run_alone(lacking, []) == 2
    assert capsys.readouterr().out == "bench: no peer. Run make bench-peers.\n"
