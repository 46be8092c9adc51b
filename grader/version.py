"""Which code this grader is: hashes over its own source, so that a changed grader takes no old verdict for its own.

Two, since they age apart: what decides over marks, and what draws pages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

from grader import VERSION

PACKAGE: Final = Path(__file__).parent
# What shows, hands out or keeps results, but decides over none. All other modules do, those to come included.
SHOWING: Final = frozenset(["report", "cli", "delivery", "authoring", "student", "running"])


@cache
def grader_version() -> str:
    """The version, and the first digits of a hash over every module that decides over marks and the judge's NumPy."""
    import numpy as np  # what draws pages goes without

    deciding = (path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] not in SHOWING)
    return f"{VERSION}+{digest_of(deciding, np.__version__)[:12]}"


@cache
def pages_version() -> str:
    """A hash over all that a page is made with: modules, templates, styles and scripts."""
    made_with = [PACKAGE / "records.py", *(PACKAGE / "report").rglob("*")]
    return digest_of(path for path in made_with if "__pycache__" not in path.parts)


def digest_of(paths: Iterable[Path], *more: str) -> str:
    digest = hashlib.sha256("\0".join(more).encode())
    for path in sorted(paths):
        if path.is_file():
            digest.update(f"{path.relative_to(PACKAGE).as_posix()}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).digest())
    return digest.hexdigest()
