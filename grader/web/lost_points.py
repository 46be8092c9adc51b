"""The attempts that lost points, by function and check. Read once after each run, for the whole class.

There is one byte for each attempt and part: 3 MB for 50,000 attempts with 60 functions and checks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grader.decisions import Attempt, Grade
from grader.function_ids import module_of


class LostPoints:
    """checks: by function, the ids of its checks."""

    def __init__(self, attempts: Sequence[Attempt]) -> None:
        self._places = {(one.submission, one.number): place for place, one in enumerate(attempts)}
        self._lost: dict[str, bytearray] = {}
        self.checks: dict[str, list[str]] = {}
        for place, one in enumerate(attempts):
            self._enter(place, one.functions, len(attempts))
            self._enter(place, one.checks, len(attempts))
        for check in {name: None for one in attempts for name in one.checks}:
            self.checks.setdefault(module_of(check), []).append(check)

    def _enter(self, place: int, parts: Mapping[str, tuple[float, float]], count: int) -> None:
        for name, (earned, most) in parts.items():
            if earned < most:
                if name not in self._lost:
                    self._lost[name] = bytearray(count)
                self._lost[name][place] = True

    def lost(self, part: str, grade: Grade) -> bool:
        """Return whether the attempt that counts for this grade lost points in this function or check."""
        place = self._places.get((grade.submission, grade.attempt))
        return place is not None and part in self._lost and bool(self._lost[part][place])
