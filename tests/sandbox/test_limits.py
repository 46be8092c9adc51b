"""The allowed limits of an assignment; the project's own limits are allowed, each with a reason beside it."""

from __future__ import annotations

import re

import pytest
from cases import ROOT

from grader.errors import AssignmentError
from grader.sandbox.host.limits import RANGES, limits_from

RIGHT = {
    "cpu_s": 2,
    "wall_s": 10.5,
    "import_cpu_s": 10,
    "import_wall_s": 30,
    "submission_wall_s": 120,
    "memory_mib": 1024,
    "processes": 8,
    "open_files": 64,
    "reply_mib": 16,
}


def test_right_limits_are_accepted_unchanged():
    limits = limits_from(RIGHT, "assignment.toml")
    assert (limits.cpu_s, limits.wall_s, limits.reply_mib) == (2, 10.5, 16)
    assert limits.at_start()["AS"] == 1 << 30


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cpu_s": 0.5}, "limit cpu_s is 0.5, expected a whole number between 1 and 86400: the kernel counts CPU time"),
        ({"cpu_s": 2.5}, "limit cpu_s is 2.5, expected a whole number"),
        ({"wall_s": 0.2}, "limit wall_s is 0.2, expected a number between 1 and 86400"),
        ({"memory_mib": 100}, "limit memory_mib is 100, expected a whole number between 256 and 1048576: Python with"),
        ({"processes": 2}, "limit processes is 2"),
        ({"processes": 1e9}, "limit processes is 1e\\+09"),
        ({"open_files": 3}, "limit open_files is 3"),
        ({"reply_mib": 300}, "limit reply_mib is 300"),
        ({"cpu_seconds": 2}, "limit cpu_seconds is unknown, expected cpu_s, wall_s"),
        ({"cpu_s": None}, "limit cpu_s is missing. Set it under \\[limits\\], between 1 and 86400"),
        ({"cpu_s": 20}, "limit cpu_s is 20, expected at most 10.5, which is wall_s and"),
        ({"import_cpu_s": 31}, "limit import_cpu_s is 31, expected at most 30, which is import_wall_s and"),
        ({"submission_wall_s": 20}, "limit import_wall_s is 30, expected at most 20, which is submission_wall_s and"),
    ],
)
def test_a_bad_limit_is_refused_by_its_name(change, words):
    given = {name: value for name, value in {**RIGHT, **change}.items() if value is not None}
    with pytest.raises(AssignmentError, match=f"^assignment.toml: {words}"):
        limits_from(given, "assignment.toml")


def test_every_limit_of_the_assignment_stands_with_its_reason():
    text = (ROOT / "assignment/assignment.toml").read_text().partition("[limits]")[2]
    reasons = dict(re.findall(r"^(\w+) = [\d.]+ +# (.+)$", text, re.MULTILINE))
    assert set(reasons) == set(RANGES)
    assert min(map(len, reasons.values())) > 20
