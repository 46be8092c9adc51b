"""Templates that Jinja has compiled, kept as Python keeps its modules: in `__pycache__` beside them, found or not.

    environment ─► key (path), checksum (template, Jinja, all of report/) ─► file ours and whole? ─► code
                                                                                └─no─► compiled, and kept if possible

Compiling takes longer than grading a small submission. Loading runs what the file holds, so a file counts only if who
could have written it could have written the template itself, and if it is what was made of this template by this code.
Nothing here fails a run: what cannot be read or written, is cut off or of somebody else is none.
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

BY_OTHERS: Final = 0o022  # mode bits: a group or everybody may write
DIGEST_BYTES: Final = 32


class Compiled(BytecodeCache):
    """Keeps the compiled templates of one folder. Their environment loads no others."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Jinja tells apart versions of its format and of Python, not its own; our settings are in report/.
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
            # Python trusts bytecode to be whole, and may crash over a file that a full disk cut off.
            if content[:DIGEST_BYTES] == hashlib.sha256(content[DIGEST_BYTES:]).digest():
                bucket.bytecode_from_string(content[DIGEST_BYTES:])

    def dump_bytecode(self, bucket: Bucket) -> None:
        if sys.dont_write_bytecode:
            return
        content = bucket.bytecode_to_string()
        with suppress(GraderError, NotImplementedError):  # several at once each rename a file of their own
            path = Path(cache_from_source(bucket.key))
            write_bytes(path, hashlib.sha256(content).digest() + content, durable=False)


def is_trusted(file: os.stat_result, folder: os.stat_result) -> bool:
    """Whether nobody wrote the file who could not have written the templates: root, this user, the folder's owner.

    Where files have no such owners (Windows), it is as safe as the folder, as Python's own bytecode is.
    """
    if not hasattr(os, "geteuid"):
        return True
    return file.st_uid in (0, os.geteuid(), folder.st_uid) and not file.st_mode & BY_OTHERS
