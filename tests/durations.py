"""Removes the fields that differ between runs, so that tests can compare two results."""

from __future__ import annotations

import re

TIMES = re.compile(r'"duration_s": [0-9.e-]+|"spent_s": \{[^}]*\}')


def without_durations(text: str) -> str:
    return TIMES.sub('"time": 0', text)
