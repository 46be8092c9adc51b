"""The progress of a run: the rate counts only new results, times are in words, and only a few ids are named."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console
from test_class_table import result

from grader.cli.screen import progress as module
from grader.cli.screen.progress import Pace, Progress, format_duration


@pytest.fixture
def clock(monkeypatch):
    """A clock that advances only when the test says so."""
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def took(name: str, seconds: float, **changes):
    return replace(result({}, name), duration_s=seconds, **changes)


def test_reused_results_do_not_count_for_rate_and_time_left(clock):
    pace = Pace()
    pace.start(10)
    pace.add(took("a", 3.0), reused=True)
    assert (pace.left_s, pace.status_line()) == (None, "1 graded")
    clock[0] += 4
    pace.add(took("b", 1.0), reused=False)
    pace.add(took("c", 2.0, status="unreadable"), reused=False)
    assert pace.left_s == 14.0  # seven more, 2 s each
    assert pace.status_line() == "0.5/s · 14.0 s left · 2 graded, 1 unreadable · slowest c 2.0 s"
    assert pace.slowest == [(2.0, "c"), (1.0, "b")]
    assert pace.summary() == "2 graded in 4.0 s, 0.5 a second; 1 reused from an earlier run."


def test_the_slowest_three_of_many_are_named(clock):
    pace = Pace()
    pace.start(1000)
    for number in range(1000):
        pace.add(took(f"s{number}", (number * 7) % 1000 / 10), reused=False)
    clock[0] += 50
    assert (
        pace.summary()
        == "1000 graded in 50.0 s, 20 a second; slowest: s857 1 min 40 s, s714 1 min 40 s, s571 1 min 40 s."
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0.0 s"),
        (59.94, "59.9 s"),
        (60, "1 min 00 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 00 min"),
        (90000, "25 h 00 min"),
    ],
)
def test_time_in_words(seconds, words):
    assert format_duration(seconds) == words


def test_a_terminal_has_a_bar_with_rate_time_left_outcomes_and_the_slowest(clock):
    progress = Progress()
    stream = io.StringIO()
    progress.console = Console(file=stream, width=160, force_terminal=True)
    progress.bar.live.console = progress.console
    progress.bar.disable = False
    with progress.begin(4):
        clock[0] += 2
        progress.advance(took("ada", 1.5))
        shown = progress.bar.tasks[0]
        assert shown.description == "0.5/s · 6.0 s left · 1 graded · slowest ada 1.5 s · ada"
        assert (shown.completed, shown.total) == (1, 4)
    assert stream.getvalue().endswith("1 graded in 2.0 s, 0.5 a second.\n")


def test_without_a_terminal_each_result_is_a_line_that_names_reused_ones(clock, capsys):
    progress = Progress()
    with progress.begin(12):
        progress.advance(took("ada", 1.5), True)
        progress.advance(took("bela", 1.5, status="unreadable"))
    said = capsys.readouterr().err.splitlines()
    assert said[:2] == [" 1/12 ada: 92.96 / 100, from an earlier run", " 2/12 bela: unreadable"]
