"""The names of the pages of a submission's notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from grader.intake.names import Ids


def page_names(notebooks: Sequence[str]) -> dict[str, str]:
    """The page of each notebook of a submission, by its name: safe as a file name and in an address, and unique."""
    ids = Ids()
    return {name: f"{ids.give(name.rpartition('.')[0] or name)}.html" for name in notebooks}


NOTEBOOKS: Final = "notebooks"  # a folder a submission in it
