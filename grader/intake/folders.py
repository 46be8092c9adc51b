"""A folder, or a single file, read under limits. Links are never followed, and only regular files are opened."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from grader.intake.archives.streams import open_regular
from grader.intake.names import left_out
from grader.intake.tree import A_LINK, NOT_REGULAR, Gathering, IntakeLimits, Tree
from grader.records import Reason

OURS: Final = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, getattr(errno, "ESTALE", errno.EIO))


def read_folder(folder: Path, limits: IntakeLimits, student_files: Sequence[str] = ()) -> Tree:
    """The Python files below a folder. What cannot be read is left out with a note.

    A backslash parts folders: unpacking on Unix leaves names like `hw2\\cs231n\\layers.py` of a zip made on Windows.
    Raises IntakeProblem if there is more than the limits allow, OSError if the folder itself cannot be listed.
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
    """Whether the machine failed and not the submission: no descriptors or memory left, a disk or a share gone."""
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
