"""Read what a student handed in into a Tree, within limits: a folder, an archive, a single file, or several of them.

In a folder, links are never followed, and only regular files are opened. The kind of an archive is found from its
content, never from its name. The grader reads zip, tar, and tar packed with gzip, bzip2 or xz; it refuses 7z, rar and
zstd with a message.
An archive inside an archive is not opened. Nothing is unpacked to disk.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from grader.intake.archives.streams import MAGIC, PLAIN, Unpacked, open_regular
from grader.intake.archives.tars import BLOCK, is_tar_header, read_tar
from grader.intake.archives.zips import read_zip
from grader.intake.names import left_out, show, strip_suffix
from grader.intake.near_names import names_student_file
from grader.intake.tree import A_LINK, NOT_REGULAR, Gathering, IntakeLimits, IntakeProblem, Tree
from grader.records import Reason

OURS: Final = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, getattr(errno, "ESTALE", errno.EIO))
ZIP: Final = "zip"
SIGNS: Final = {
    ZIP: (b"PK\x03\x04", b"PK\x05\x06"),
    **{kind: (magic,) for kind, magic in MAGIC.items()},
    "split zip": (b"PK\x07\x08",),
    "7z": (b"7z\xbc\xaf\x27\x1c",),
    "rar": (b"Rar!\x1a\x07",),
    "zstd": (b"\x28\xb5\x2f\xfd",),
}


def read_tree(path: Path, limits: IntakeLimits, student_files: Sequence[str]) -> Tree:
    """Read a folder, an archive or a single file. If a folder has one archive but no student file, read the archive."""
    if path.is_symlink():
        raise IntakeProblem(Reason.of("is_a_link"))
    if names_student_file(path.name, student_files) and not path.is_dir():
        gathering = Gathering(limits)
        keep_file(path, path.name, gathering)
        return gathering.finish()
    if not path.is_dir():
        return read_archive(path, limits, student_files)
    tree = read_folder(path, limits, student_files)
    if len(tree.archives) == 1 and not any(names_student_file(name, student_files) for name in tree.files):
        inner = read_archive(path / tree.archives[0], limits, student_files)
        notes = (*tree.notes, Reason.of("read_from", archive=show(tree.archives[0])), *inner.notes)
        notebooks, refused = {**tree.notebooks, **inner.notebooks}, (*tree.refused, *inner.refused)
        unread = (*tree.unread, *inner.unread)
        return replace(inner, notes=notes, notebooks=notebooks, refused=refused, unread=unread)
    return tree


def read_parts(parts: Sequence[tuple[str, Path]], limits: IntakeLimits, student_files: Sequence[str]) -> Tree:
    """Read all parts that one student handed in (files, archives, folders), under the names that the student gave them.

    If the student handed in several parts, each archive becomes a folder with the archive's name. An unreadable part is
    left out with a note. Raises IntakeProblem if nothing can be read or a limit is exceeded; OSError for a fault of the
    machine.
    """
    gathering = Gathering(limits, student_files)
    problems = []
    for name, path in parts:
        place = gathering.locate(name)
        if place is None:
            continue
        inner = None
        try:
            if path.is_dir() and not path.is_symlink():
                inner = read_folder(path, limits, student_files)
            elif find_kind(path):
                inner = read_archive(path, limits, student_files)
        except IntakeProblem as problem:
            problems.append(left_out(place, problem.reason))
            gathering.note(problems[-1])
            continue
        if inner:
            gathering.take_in(inner, f"{strip_suffix(place)}/" if len(parts) > 1 else "")
        elif gathering.wants(place):
            keep_file(path, place, gathering)
    tree = gathering.finish()
    if problems and not tree.files:
        raise IntakeProblem(problems[0])
    return tree


def read_folder(folder: Path, limits: IntakeLimits, student_files: Sequence[str] = ()) -> Tree:
    """Read the Python files and notebooks below a folder. A file that cannot be read is left out with a note.

    A backslash separates folders, because some tools for Unix unpack Windows zips to `hw2\\cs231n\\layers.py`.
    Raises IntakeProblem if a limit is exceeded, OSError if the folder itself cannot be listed.
    """
    gathering = Gathering(limits, student_files)
    waiting = [("", list_folder(folder))]
    while waiting:
        above, entries = waiting.pop()
        for entry in entries:
            path = gathering.locate(above + entry.name)
            if path is None:
                continue
            try:
                if entry.is_symlink():
                    gathering.note_kind(path, A_LINK)
                elif entry.is_dir(follow_symlinks=False):
                    waiting.append((f"{path}/", list_folder(Path(entry.path))))
                elif gathering.wants(path):
                    keep_file(Path(entry.path), path, gathering)
            except OSError as error:
                if is_ours(error):
                    raise
                gathering.note(left_out(path, Reason.of("cannot_be_read", error=error.strerror)))
    return gathering.finish()


def is_ours(error: OSError) -> bool:
    """Return whether an error is a fault of the machine: no descriptors or memory left, a disk or share went away."""
    return isinstance(error, TimeoutError) or error.errno in OURS


def list_folder(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def keep_file(file: Path, path: str, gathering: Gathering) -> None:
    if not stat.S_ISREG(file.lstat().st_mode):
        gathering.note_kind(path, NOT_REGULAR)
        return
    with open_regular(file) as content:
        gathering.keep(path, content.read(gathering.most_bytes(path) + 1))


def read_archive(path: Path, limits: IntakeLimits, student_files: Sequence[str] = ()) -> Tree:
    """Read the Python files and notebooks of an archive, by member path; links are left out with a note.

    Raises IntakeProblem if the file is not an archive, is of a refused kind, is damaged or encrypted, or exceeds a
    limit; OSError if it cannot be read at all.
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
    """Return the kind of an archive, including the refused kinds; None for another file.

    Raises IntakeProblem if the file is not a regular file, OSError if it cannot be read.
    """
    with open_regular(path) as file:
        return recognise(file.read(BLOCK))


def recognise(head: bytes) -> str | None:
    kind = next((kind for kind, signs in SIGNS.items() if head.startswith(signs)), None)
    return kind or (PLAIN if is_tar_header(head) else None)
