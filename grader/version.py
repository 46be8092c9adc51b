"""The version of this grader: hashes of its own source, so that a changed grader does not reuse old results.

There are two hashes, because the code that decides marks and the code that makes pages change independently.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

from grader import VERSION

PACKAGE: Final = Path(__file__).parent
# These folders show, hand out or store results, but do not decide marks. All other modules, also new ones, count as
# modules that decide marks.
SHOWING: Final = frozenset(["report", "cli", "delivery", "authoring", "student", "running"])


@cache
def grader_version() -> str:
    """Return the version number and digits of a hash of every module that decides marks, and of the judge's NumPy."""
    import numpy as np  # not at the top, because pages do not need NumPy

    deciding = (path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] not in SHOWING)
    return f"{VERSION}+{digest_of(deciding, np.__version__)[:12]}"


@cache
def pages_version() -> str:
    """Return a hash of everything that makes a page: modules, templates, styles and scripts."""
    made_with = [PACKAGE / "records.py", *(PACKAGE / "report").rglob("*")]
    return digest_of(path for path in made_with if "__pycache__" not in path.parts)


def digest_of(paths: Iterable[Path], *more: str) -> str:
    digest = hashlib.sha256("\0".join(more).encode())
    for path in sorted(paths):
        if path.is_file():
            digest.update(f"{path.relative_to(PACKAGE).as_posix()}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).digest())
    return digest.hexdigest()
