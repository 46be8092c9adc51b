"""Atomic writes of files: write to a temporary name in the same folder, sync, rename.

A reader sees either the old file or the new file, never a part. If a process is killed while it writes, a file whose
name begins with TEMPORARY is left, and the next run removes this file.
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
    """Replace a file atomically. If this fails, raise GraderError and leave the old file unchanged.

    durable: wait until the file would survive a power cut. Files that the next run can rebuild do not need this.
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
        raise GraderError(f"{path}: cannot be written ({error.strerror}). Earlier files are complete.") from error


def write_text(path: Path, text: str, *, durable: bool = True) -> None:
    """Write text as UTF-8. A lone surrogate, which UTF-8 cannot encode, becomes a question mark."""
    write_bytes(path, text.encode("utf-8", "replace"), durable=durable)


def sync_folder(folder: Path) -> None:
    """Flush a rename to the disk. On Windows, which cannot open folders, this does nothing."""
    with contextlib.suppress(PermissionError):
        file = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)
