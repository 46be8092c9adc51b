"""The version of this grader: hashes of its own source, so that a changed grader does not reuse old results.

There are two hashes, because the code that decides marks and the code that makes pages change independently.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

from grader import VERSION

PACKAGE: Final = Path(__file__).parent
# These folders show, hand out or store results, but do not decide marks. All other modules, also new ones, count as
# modules that decide marks.
SHOWING: Final = frozenset(["report", "cli", "web", "delivery", "gradebook", "authoring", "student", "running"])


@cache
def grader_version() -> str:
    """Return the version number and digits of a hash of every module that decides marks, and of the judge's NumPy."""
    import numpy as np  # not at the top, because pages do not need NumPy

    folders = [entry.name for entry in os.scandir(PACKAGE) if entry.is_dir() and entry.name not in SHOWING]
    deciding = [name for name in (*os.listdir(PACKAGE), *files_in(*folders)) if name.endswith(".py")]
    return f"{VERSION}+{digest_of(deciding, np.__version__)[:12]}"


@cache
def pages_version() -> str:
    """Return a hash of everything that makes a page: modules, templates, styles and scripts."""
    return digest_of(["records.py", *(name for name in files_in("report") if "__pycache__" not in name)])


def files_in(*folders: str) -> Iterator[str]:
    """List all files below these folders, by path below the package."""
    # Not Path.rglob, which takes four times as long: every command waits for this.
    for folder in folders:
        for place, _, names in os.walk(PACKAGE / folder):
            inner = os.path.relpath(place, PACKAGE)
            yield from (os.path.join(inner, name) for name in names)


def digest_of(names: Iterable[str], *more: str) -> str:
    digest = hashlib.sha256("\0".join(more).encode())
    for name in sorted(name.replace(os.sep, "/") for name in names):
        path = os.path.join(PACKAGE, name)
        if os.path.isfile(path):  # an editor leaves links to nowhere
            with open(path, "rb") as file:
                content = file.read().replace(b"\r\n", b"\n")
            digest.update(f"{name}\0".encode() + hashlib.sha256(content).digest())
    return digest.hexdigest()
