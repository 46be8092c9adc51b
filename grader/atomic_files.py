"""Atomic writes of files: write to a temporary name in the same folder, sync, rename.

A reader sees either the old file or the new one. A process that is killed in between leaves one file named TEMPORARY…,
and the next run removes it.
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
    """Replace a file atomically. Raises GraderError if that fails; the old file is then unchanged.

    durable: once this returns, the file also survives a power cut. Not needed for files that the next run can rebuild.
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
    """Flush a rename to the disk. Windows cannot open folders; there the system decides when it writes."""
    with contextlib.suppress(PermissionError):
        file = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)
