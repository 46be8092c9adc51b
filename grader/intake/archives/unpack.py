"""An archive, read into a Tree: what kind it is is told by its content, never by its name.

zip, tar, and tar packed with gzip, bzip2 or xz are read; 7z, rar and zstd are refused in words. An archive inside the
archive is not opened. Nothing is unpacked to disk.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from grader.intake.archives.streams import MAGIC, PLAIN, Unpacked, open_regular
from grader.intake.archives.tars import BLOCK, is_tar_header, read_tar
from grader.intake.archives.zips import read_zip
from grader.intake.names import show
from grader.intake.tree import Gathering, IntakeLimits, IntakeProblem, Tree
from grader.records import Reason

ZIP: Final = "zip"
SIGNS: Final = {
    ZIP: (b"PK\x03\x04", b"PK\x05\x06"),
    **{kind: (magic,) for kind, magic in MAGIC.items()},
    "split zip": (b"PK\x07\x08",),
    "7z": (b"7z\xbc\xaf\x27\x1c",),
    "rar": (b"Rar!\x1a\x07",),
    "zstd": (b"\x28\xb5\x2f\xfd",),
}


def read_archive(path: Path, limits: IntakeLimits, student_files: Sequence[str] = ()) -> Tree:
    """The Python files of an archive, by member path; links are left out with a note.

    Raises IntakeProblem if it is no archive, or refused, damaged, encrypted or over the limits; OSError if the file
    itself cannot be read.
    """
    with open_regular(path) as file:
        kind = recognise(file.read(BLOCK))
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        if kind is None:
            raise IntakeProblem(Reason.of("no_archive"))
        if kind not in (ZIP, PLAIN, *MAGIC):
            raise IntakeProblem(Reason.of("kind_not_read", kind=kind))
        if size > limits.archive_bytes:
            raise IntakeProblem(Reason.of("archive_too_large", most=limits.archive_bytes))
        gathering = Gathering(limits, student_files)
        if kind == ZIP:
            read_zip(file, gathering)
        else:
            if kind != PLAIN and not is_tar_header(Unpacked(file, kind, limits).read(BLOCK)):
                raise IntakeProblem(Reason.of("packed_no_archive"))
            file.seek(0)
            stream = Unpacked(file, kind, limits)
            read_tar(stream, gathering)
            stream.drain()
    tree = gathering.finish()
    if gathering.problem and not tree.files and not tree.notebooks:
        raise IntakeProblem(gathering.problem)
    inner = tuple(Reason.of("archive_inside", file=show(name)) for name in tree.archives[:5])
    return replace(tree, notes=tree.notes + inner)


def find_kind(path: Path) -> str | None:
    """What kind of archive the file is, also of those that are refused; None if it is none. Raises as read_archive."""
    with open_regular(path) as file:
        return recognise(file.read(BLOCK))


def recognise(head: bytes) -> str | None:
    kind = next((kind for kind, signs in SIGNS.items() if head.startswith(signs)), None)
    return kind or (PLAIN if is_tar_header(head) else None)
