"""`check("name")` in a notebook: runs the same checks as `grader check`. The notebook shows the result as a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from grader.report.standing import Standing, standing_of
from grader.student.own_run import find_place, run_own, select


def check_package(package: Path, names: Sequence[str] = ()) -> Standing:
    """Check the functions that `names` select in a package (own_run.select); without names, check all functions.

    Reads the saved files, not the modules that the notebook has imported. Raises UsageError for an unknown name.
    """
    place = find_place(package)
    return standing_of(run_own(place, select(place, names)), selection=" ".join(names))
