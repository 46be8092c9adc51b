"""`check("name")` in a notebook: the same as `grader check`, as an object that shows itself as a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from grader.report.standing import Standing, standing_of
from grader.student.own_run import find_place, run_own, select


def check_package(package: Path, names: Sequence[str] = ()) -> Standing:
    """Check the functions of a package whose names hold one of these, all if there are none.

    The files as they are saved, not as a notebook has imported them. Raises UsageError for a name that fits nothing.
    """
    place = find_place(package)
    return standing_of(run_own(place, select(place, names)), selection=" ".join(names))
