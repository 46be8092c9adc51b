"""Files that are written whole or not at all: to a temporary name in the same folder, synced, then renamed.

A reader sees the old file or the new one. A process that is killed in between leaves one file named TEMPORARY…, which
the next run removes.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Final

from grader.errors import GraderError

TEMPORARY: Final = ".grader-"


def write_bytes(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write a whole file or none: readers see the old one or the new one. Raises GraderError if that fails.

    durable: it survives a power cut, too, once this returns; not needed for what the next run would make anew.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=TEMPORARY, suffix=".tmp", delete=False) as file:
            temporary = file.name
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
        if durable:
            sync_folder(path.parent)
    except BaseException as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise GraderError(f"{path}: cannot be written ({error.strerror}). What was written before is whole.") from error


def write_text(path: Path, text: str, *, durable: bool = True) -> None:
    """write_bytes, of text as UTF-8; what UTF-8 lacks, half of a surrogate pair, becomes a question mark."""
    write_bytes(path, text.encode("utf-8", "replace"), durable=durable)


def sync_folder(folder: Path) -> None:
    """See that a rename reached the disk. Where folders cannot be opened (Windows), that is up to the system."""
    with contextlib.suppress(PermissionError):
        file = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)
