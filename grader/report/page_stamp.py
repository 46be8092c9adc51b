"""The last line of a page: a hash over the result and the code that the page was made from.

A later run reads the stamp to decide whether the page is still the page of that result.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import Final

STAMP_BYTES: Final = 200  # more than a stamp has


def result_path(out: Path, submission: str) -> Path:
    return out / "results" / f"{submission}.json"


def stamp_of(out: Path, submission: str, *versions: str) -> str:
    """The last line of a page of the stored result: a hash over the result's file and what the page is made by."""
    digest = hashlib.sha256("\0".join(versions).encode())
    with contextlib.suppress(OSError):
        digest.update(result_path(out, submission).read_bytes())
    return f"<!-- made from {digest.hexdigest()} -->\n"


def has_stamp(page: Path, stamp: str) -> bool:
    """Whether the page is there and ends with this stamp."""
    try:
        with open(page, "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - STAMP_BYTES))
            return file.read().endswith(stamp.encode())
    except OSError:
        return False
