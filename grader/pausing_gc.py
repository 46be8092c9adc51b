"""Importing much at once, without looking for garbage in it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def importing() -> Iterator[None]:
    """For blocks that import and do nothing else: what they make stays for good.

    Python looks through all objects again and again while they are being made, at every full collection afterwards, and
    when the process ends. Of modules, functions and classes none is garbage: a fifth of what importing takes is saved.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:  # else this block is within another one
            gc.freeze()
            gc.enable()
