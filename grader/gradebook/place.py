"""Finds the gradebook's file of an output folder. Not in book.py, because this needs no database library."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

FILE_NAME: Final = "gradebook.sqlite3"


def beside(out: Path) -> Path:
    """Return the default gradebook of an output folder: a file beside it, which all output folders there share."""
    return Path(os.path.normpath(out / ".." / FILE_NAME))
