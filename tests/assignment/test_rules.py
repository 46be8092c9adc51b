"""What assignment.toml says of grades is read, refused in words, and decides over no mark that code earns."""

from __future__ import annotations

import tomllib
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from grader.assignment.rules import rules_from, without_rules
from grader.decisions import BEST, EARNED, LATEST, LatePolicy, Rules
from grader.errors import AssignmentError

TOML = Path("assignment.toml")
LATE = """[late]
due = 2026-05-01T23:59:00-07:00
percent_per_day = 10
of = "score"
grace_hours = 1.5
free_days = 2
cap_percent = 50
"""


def rules(text: str) -> Rules:
    return rules_from(TOML, tomllib.loads(text))


def test_all_keys_are_read() -> None:
    due = datetime(2026, 5, 1, 23, 59, tzinfo=timezone(timedelta(hours=-7)))
    assert rules(f'attempts = "best"\n{LATE}') == Rules(BEST, LatePolicy(due, 10, EARNED, 1.5, 2, 50))


def test_without_them_the_latest_attempt_counts_and_lateness_costs_nothing() -> None:
    assert rules('title = "x"') == Rules(LATEST, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('attempts = "last"', "attempts is 'last', expected one of latest, best, first"),
        ("[late]\npercent_per_day = 10", r"due of \[late\] is None, expected a time with a zone"),
        ("[late]\ndue = 2026-05-01T10:00:00\npercent_per_day = 10", "expected a time with a zone"),
        ("[late]\ndue = 2026-05-01T10:00:00Z", "lacks percent_per_day"),
        (LATE + "per_hour = 1", "holds per_hour, expected cap_percent, due"),
        (LATE.replace("= 10", "= 101"), "percent_per_day of .* is 101, expected a number from 0 to 100"),
        (LATE.replace("= 2\n", "= 1.5\n"), "free_days .* is 1.5, expected a whole number"),
        (LATE.replace('"score"', '"points"'), "is 'points', expected max_score or score"),
        ("late = 3", r"\[late\] holds 3"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, said: str) -> None:
    with pytest.raises(AssignmentError, match=said):
        rules(text)


REST = b'title = "x"  # a comment\n\n[points]\n"layers.f" = 2\n'


@pytest.mark.parametrize(
    "text",
    [
        b'attempts = "best"\n' + REST,
        REST + LATE.encode(),
        b'title = "x"  # a comment\n\n' + LATE.encode() + b'[points]\n"layers.f" = 2\n',
    ],
)
def test_the_hash_is_of_all_but_these_lines(text: bytes) -> None:
    assert without_rules(text) == REST


LOOK_SO = [
    REST,
    b'note = """\n[late]\ntext"""\n' + REST,
    b'note = """\nattempts = 3\n"""\n',
    b"[late]\n= not toml",
    b"\xff[late]\n",
]


@pytest.mark.parametrize("text", LOOK_SO)
def test_a_file_whose_lines_only_look_so_is_hashed_whole(text: bytes) -> None:
    assert without_rules(text) == text
