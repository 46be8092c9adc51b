"""`check("name")` in a notebook: the same as `grader check`, as an object that shows itself as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.report.standing import Standing, standing_html, standing_of
from grader.report.text import visible
from grader.student.own_run import find_place, run_own, select


@dataclass(frozen=True, repr=False)
class Checked:
    """What was found; a notebook shows it as HTML, everything else as text."""

    standing: Standing

    @property
    def all_right(self) -> bool:
        return self.standing.all_right

    def _repr_html_(self) -> str:
        return standing_html(self.standing)

    def __repr__(self) -> str:
        width = max((len(row.name) for row in self.standing.rows), default=0)
        lines = []
        for row in self.standing.rows:
            lines.append(f"{row.name:<{width}}  {row.standing}")
            lines += [f"{'':<{width}}  {visible(message)}" for message in (*row.messages, *row.hints)]
        lines += [f"next: {self.standing.next}"] if self.standing.next else []
        return "\n".join([*lines, self.standing.ending])


def check_package(package: Path, names: Sequence[str] = ()) -> Checked:
    """Check the functions of a package whose names hold one of these, all if there are none.

    The files as they are saved, not as a notebook has imported them. Raises UsageError for a name that fits nothing.
    """
    place = find_place(package)
    result = run_own(place, select(place, names))
    return Checked(standing_of(result, asked=" ".join(names)))
