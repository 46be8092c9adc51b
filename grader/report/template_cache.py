"""Cache compiled Jinja templates the way Python caches modules: in `__pycache__` beside the templates.

    environment ─► key (path), checksum (template, Jinja, all of report/) ─► file trusted and complete? ─► code
                                                                                └─no─► compile, and cache if possible

Compiling takes longer than grading a small submission. Loading a cached file runs its code. So the cache loads a file
only if everybody who could write the file could also write the template, and only if this code made the file from this
template. The cache cannot stop a run: it ignores a file that is unreadable, cut off or owned by somebody else, and it
ignores a write that fails.
"""

from __future__ import annotations

import hashlib
import os
import sys
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path
from typing import Final

import jinja2
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from grader.atomic_files import write_bytes
from grader.errors import GraderError
from grader.version import pages_version

BY_OTHERS: Final = 0o022  # the mode bits that let the group or others write
DIGEST_BYTES: Final = 32


class Compiled(BytecodeCache):
    """Caches the compiled templates of one folder, for an environment that loads templates only from this folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Jinja compares the versions of its cache format and of Python, but not Jinja's own version. pages_version
        # covers our settings, which are in report/.
        self._made_by = f"{jinja2.__version__}\0{pages_version()}"

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        return str(self._folder / name)

    def get_source_checksum(self, source: str) -> str:
        return hashlib.sha256(f"{self._made_by}\0{source}".encode("utf-8", "surrogatepass")).hexdigest()

    def load_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError, NotImplementedError), open(cache_from_source(bucket.key), "rb") as file:
            if not is_trusted(os.fstat(file.fileno()), os.stat(self._folder)):
                return
            content = file.read()
            # Python does not verify bytecode, and may crash if a full disk cut the file off.
            if content[:DIGEST_BYTES] == hashlib.sha256(content[DIGEST_BYTES:]).digest():
                bucket.bytecode_from_string(content[DIGEST_BYTES:])

    def dump_bytecode(self, bucket: Bucket) -> None:
        if sys.dont_write_bytecode:
            return
        content = bucket.bytecode_to_string()
        # Several processes may write at once. This is safe: each renames a temporary file of its own.
        with suppress(GraderError, NotImplementedError):
            path = Path(cache_from_source(bucket.key))
            write_bytes(path, hashlib.sha256(content).digest() + content, durable=False)


def is_trusted(file: os.stat_result, folder: os.stat_result) -> bool:
    """Return whether only root, this user and the folder's owner, who can write the templates, could write the file.

    On Windows, files have no such owners, and the cache is as safe as its folder, like Python's own bytecode.
    """
    if not hasattr(os, "geteuid"):
        return True
    return file.st_uid in (0, os.geteuid(), folder.st_uid) and not file.st_mode & BY_OTHERS
