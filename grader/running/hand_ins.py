"""What a run tells the gradebook about each submission: its result as a HandIn, in little memory.

Points by function and check are lists; the names that they are about stand in a Layout, which nearly all results of a
class share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from grader.decisions import HandIn, PointLayout
from grader.intake.collect import Found
from grader.intake.downloads.recognise import LARGEST, METADATA, times_in
from grader.records import GRADER_ERROR, Reason, Result

HANDED_IN_BY: Final = "handed_in_by"  # the note that says so, and whether it was late


@dataclass
class HandIns:
    """Grows while results come in. persons: whose each id is."""

    found: Sequence[Found]
    persons: Mapping[str, str]
    _taken: dict[str, HandIn] = field(default_factory=dict)
    _layouts: dict[PointLayout, PointLayout] = field(default_factory=dict)

    def add(self, result: Result) -> None:
        layout = PointLayout(
            tuple((one.function, one.max_points) for one in result.functions),
            tuple((one.id, one.max_points) for one in result.checks),
        )
        self._taken[result.id] = HandIn(
            submission=result.id,
            person=self.persons.get(result.id, ""),
            source=str(result.submission.get("source", "")),
            sha256=str(result.submission.get("sha256", "")),
            status=result.status,
            score=None if result.status == GRADER_ERROR else result.score,
            max_score=result.max_score,
            layout=self._layouts.setdefault(layout, layout),
            functions=tuple(one.points for one in result.functions),
            checks=tuple(one.points for one in result.checks),
            late_mark=any(is_late(note) for note in result.notes),
        )

    def all(self, answers: Mapping[str, Mapping[str, tuple[float | None, float]]]) -> list[HandIn]:
        """Those of this run, in its order. answers: what staff gave, by submission and question."""
        times = times_of(self.found)
        return [
            replace(self._taken[one.id], answers=answers.get(one.id, {}), submitted_at=times.get(one.id))
            for one in self.found
            if one.id in self._taken
        ]


def is_late(note: Reason) -> bool:
    return note.id == HANDED_IN_BY and isinstance(note.values.get("late"), Reason)


def times_of(found: Sequence[Found]) -> dict[str, datetime]:
    """When each submission was handed in, where Gradescope's list beside its folder says so."""
    lists: dict[Path, Mapping[str, datetime]] = {}
    times = {}
    for one in found:
        folder = one.path.parent
        if folder not in lists:
            lists[folder] = read_times(folder / METADATA)
        if one.path.name in lists[folder]:
            times[one.id] = lists[folder][one.path.name]
    return times


def read_times(path: Path) -> Mapping[str, datetime]:
    """Of a list that is not there or cannot be read: no times; who handed in was read from it before, with care."""
    try:
        with open(path, "rb") as file:
            return times_in(file.read(LARGEST))
    except OSError:
        return {}
