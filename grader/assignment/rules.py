"""The rules for grades in assignment.toml: which attempt counts, and what late days cost.

    attempts = "latest"                    or "best", "first"
    [late]
    due = 2026-05-01T23:59:00-07:00        a time with its zone
    percent_per_day = 10                   for each started day, of the points that can be reached
    of = "max_score"                       or "score": of the points that were earned
    grace_hours = 1                        a submission that is late by at most this counts as on time
    free_days = 2                          the number of late days that cost a student nothing
    cap_percent = 50                       the most that late days may cost

The rules for grades do not change the points of code. So the assignment's hash leaves these rules out (without_rules),
and a change of a rule does not cause a regrade.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from grader.decisions import COUNTS, LATEST, SHARES, LatePolicy, Rules
from grader.errors import AssignmentError

KEYS: Final = ("attempts", "late")
# The lines of the table [late] up to the next table, and the line of the key `attempts`.
TABLE: Final = re.compile(rb"(?m)^\[late\][^\n]*\n(?:(?!\[)[^\n]*\n?)*")
KEY: Final = re.compile(rb"(?m)^attempts[ \t]*=[^\n]*\n?")
LIMITS: Final = {"grace_hours": 24.0 * 366, "free_days": 366.0, "cap_percent": 100.0, "percent_per_day": 100.0}


def rules_from(toml: Path, data: Mapping[str, Any]) -> Rules:
    """Return the rules of an assignment. Raises AssignmentError for a wrong value or an unknown key."""
    counts = data.get("attempts", LATEST)
    if counts not in COUNTS:
        raise AssignmentError(f"{toml}: attempts is {counts!r}, expected one of {', '.join(COUNTS)}.")
    late = data.get("late")
    return Rules(counts, None if late is None else late_from(toml, late))


def late_from(toml: Path, late: Any) -> LatePolicy:
    known = set(LatePolicy.__dataclass_fields__)
    if not isinstance(late, dict) or set(late) - known:
        unknown = ", ".join(sorted(set(late) - known)) if isinstance(late, dict) else repr(late)
        raise AssignmentError(f"{toml}: [late] holds {unknown}, expected {', '.join(sorted(known))}.")
    due = late.get("due")
    if not isinstance(due, datetime) or due.tzinfo is None:
        raise AssignmentError(
            f"{toml}: due of [late] is {due}, expected a time with a zone, YYYY-MM-DDTHH:MM:SS-07:00."
        )
    if "percent_per_day" not in late:
        raise AssignmentError(f"{toml}: [late] lacks percent_per_day, expected what a late day costs.")
    for name, most in LIMITS.items():
        value = late.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
            raise AssignmentError(f"{toml}: {name} of [late] is {value!r}, expected a number from 0 to {most:g}.")
    if late.get("free_days", 0) != math.floor(late.get("free_days", 0)):
        raise AssignmentError(f"{toml}: free_days of [late] is {late['free_days']}, expected a whole number.")
    if late.get("of", SHARES[0]) not in SHARES:
        raise AssignmentError(f"{toml}: of in [late] is {late['of']!r}, expected {' or '.join(SHARES)}.")
    return LatePolicy(**late)


def without_rules(content: bytes) -> bytes:
    """Return the content of assignment.toml without the lines of the rules.

    If removing these lines would also change another key, return the content unchanged.
    """
    rest = KEY.sub(b"", TABLE.sub(b"", content))
    if rest == content:
        return content
    try:
        whole, left = (tomllib.loads(text.decode()) for text in (content, rest))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        return content
    return rest if left == {name: value for name, value in whole.items() if name not in KEYS} else content
