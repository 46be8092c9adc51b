"""Write a new assignment (`grader new`): the files of starter/, and their fixtures.

The names of the files in starter/ end in `.txt`, because the files are not modules of this package. The wheel for
students does not contain starter/ (make_release.py). Otherwise an instructor who keeps the function of the starter in a
new assignment would hand out the function's solution.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from grader.assignment.load import load_assignment
from grader.atomic_files import write_bytes
from grader.authoring.make_fixtures import make_fixtures, write_fixtures
from grader.errors import UsageError

STARTER: Final = Path(__file__).with_name("starter")
SUFFIX: Final = ".txt"


def write_new(folder: Path) -> list[str]:
    """Write the assignment into a folder that is empty or does not exist. Return the paths of its files, sorted.

    Raises UsageError for any other folder.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder}: exists and is not empty, expected a new folder. Name another one.")
    for name, content in starter_files().items():
        write_bytes(folder / name, content)
    assignment = load_assignment(folder / "assignment")
    write_fixtures(assignment, make_fixtures(assignment))
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def starter_files() -> dict[str, bytes]:
    """Return the content of each file of a new assignment, by its path below the new folder."""
    paths = (path for path in sorted(STARTER.rglob(f"*{SUFFIX}")) if path.is_file())
    return {path.relative_to(STARTER).as_posix().removesuffix(SUFFIX): path.read_bytes() for path in paths}
