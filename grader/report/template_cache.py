"""Cache compiled Jinja templates the way Python caches modules: in `__pycache__` beside the templates.

    environment ─► key (path), checksum (template, Jinja, all of report/) ─► file trusted and complete? ─► code
                                                                                └─no─► compile, and cache if possible

Compiling takes longer than grading a small submission. Loading a cached file runs its code. So a file counts only if
its owner could also have written the template itself, and if this code made it from this template. Nothing here fails
a run: a file that is unreadable, cut off or owned by somebody else is ignored, and a failed write, too.
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

BY_OTHERS: Final = 0o022  # mode bits: the group or others may write
DIGEST_BYTES: Final = 32


class Compiled(BytecodeCache):
    """Caches the compiled templates of one folder. Their environment loads no others."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Jinja checks the versions of its cache format and of Python, but not its own. Our settings are in report/.
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
            # Python assumes that bytecode is complete, and may crash on a file that a full disk cut off.
            if content[:DIGEST_BYTES] == hashlib.sha256(content[DIGEST_BYTES:]).digest():
                bucket.bytecode_from_string(content[DIGEST_BYTES:])

    def dump_bytecode(self, bucket: Bucket) -> None:
        if sys.dont_write_bytecode:
            return
        content = bucket.bytecode_to_string()
        with suppress(
            GraderError, NotImplementedError
        ):  # several processes may write at once: each renames its own file
            path = Path(cache_from_source(bucket.key))
            write_bytes(path, hashlib.sha256(content).digest() + content, durable=False)


def is_trusted(file: os.stat_result, folder: os.stat_result) -> bool:
    """Whether only those could write the file who can also write the templates: root, this user, the folder's owner.

    Where files have no such owners (Windows), it is as safe as the folder, like Python's own bytecode.
    """
    if not hasattr(os, "geteuid"):
        return True
    return file.st_uid in (0, os.geteuid(), folder.st_uid) and not file.st_mode & BY_OTHERS
