"""Collects one HandIn for each submission of a run: the data from its result that the gradebook stores.

To save memory, the points of functions and checks are tuples without names. The names are in a PointLayout, and nearly
all results of a class share the same layout. They also share the same Grounds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from grader.graded_runs import Grounds, HandIn, PointLayout
from grader.intake.collect import Found
from grader.intake.downloads.recognise import LARGEST, METADATA, times_in
from grader.records import GRADER_ERROR, Reason, Result
from grader.running.partial_regrade import PARTS

HANDED_IN_BY: Final = "handed_in_by"  # the note that names the person, and says whether the submission was late


@dataclass
class HandIns:
    """Collects the results of a run. persons: for each id, the person who handed in."""

    found: Sequence[Found]
    persons: Mapping[str, str]
    _taken: dict[str, HandIn] = field(default_factory=dict)
    _layouts: dict[PointLayout, PointLayout] = field(default_factory=dict)
    _grounds: dict[tuple[object, ...], Grounds] = field(default_factory=dict)

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
            statuses=tuple(one.status for one in result.checks),
            grounds=self.grounds_of(result),
        )

    def grounds_of(self, result: Result) -> Grounds:
        """The hashes of an assignment's parts follow from its own, so results of the same hash share them."""
        assignment, environment = result.assignment, result.environment
        names = ("title", "sha256", "handout")
        key = (*map(assignment.get, names), PARTS in assignment, *sorted(environment.items()), bool(result.checks))
        if key not in self._grounds:
            kept = {name: assignment[name] for name in (*names, PARTS) if name in assignment}
            self._grounds[key] = Grounds(kept, environment, {one.id: one.title for one in result.checks})
        return self._grounds[key]

    def all(self, answers: Mapping[str, Mapping[str, tuple[float | None, float]]]) -> list[HandIn]:
        """Return all collected, in the order of the run. answers: by submission and question, points and maximum."""
        times = times_of(self.found)
        return [
            replace(self._taken[one.id], answers=answers.get(one.id, {}), submitted_at=times.get(one.id))
            for one in self.found
            if one.id in self._taken
        ]


def is_late(note: Reason) -> bool:
    return note.id == HANDED_IN_BY and isinstance(note.values.get("late"), Reason)


def times_of(found: Sequence[Found]) -> dict[str, datetime]:
    """Return the time at which each submission was handed in, if Gradescope's list beside its folder has this time."""
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
    """Return the times in Gradescope's list, or no times if the file is missing or cannot be read.

    No error is needed here: intake has already read the same file for names, and reported a damaged file.
    """
    try:
        with open(path, "rb") as file:
            return times_in(file.read(LARGEST))
    except OSError:
        return {}
