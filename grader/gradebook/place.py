"""Where the gradebook of an output folder lies. Apart from book.py, since looking needs no database library."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

FILE_NAME: Final = "gradebook.sqlite3"


def beside(out: Path) -> Path:
    """The gradebook of an output folder where none is named: a file beside it, for all that lie there."""
    return Path(os.path.normpath(out / ".." / FILE_NAME))
