"""The last line of a page: a hash over what the page was made from, and by which code.

A later run reads the stamp to decide whether the page is still the page of that result, or of that notebook.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

from grader.version import pages_version

STAMP_BYTES: Final = 200  # more than a stamp has


def stamp_of(content: bytes, *words: str) -> str:
    """content: the file that the page is made from. words: what else is in it."""
    digest = hashlib.sha256(pages_version().encode())
    for part in (*(word.encode("utf-8", "surrogatepass") for word in words), content):
        digest.update(hashlib.sha256(part).digest())
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
