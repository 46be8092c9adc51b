"""Folders for work trees. A killed grader leaves one behind only until the next grader starts.

    a grader ──mkdir, flock──► TMP/grader-work-XXXXXXXX    removed when its submission is graded
    the next one ──flock?──► a folder whose lock is free belongs to a dead grader: removed

The kernel frees a lock when its process ends, in whatever way. bwrap dies with the grader that started it, except in
the first milliseconds of its start: then its child would wait for it for ever. So the grader ends every process that
works in a folder before it removes the folder, unless grading ended normally. Where there are no such locks (Windows),
a folder is removed at its end, and no folder is swept.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from grader.messages.say import fault
from grader.records import Reason

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PREFIX: Final = "grader-work-"
MAX_ENDING_S: Final = 10  # for processes to end that were killed
FULL: Final = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))  # a full disk, or a full quota
USUAL: Final = ("/tmp", "/var/tmp")  # of POSIX systems; on others tempfile tries their own


@contextmanager
def work_folder(scratch: str | None = None) -> Iterator[Path]:
    """Make an empty folder for this process alone, in `scratch` or the temporary folder, and remove it at the end.

    Raises GraderError if there is no room for the folder, or for what is written into it.
    """
    place = scratch or temporary_folder()
    try:
        folder, lock = make_held(place)
        try:
            yield folder
        except Exception:  # grading ended by itself, and has killed its sandboxes
            raise
        except BaseException:  # Ctrl-C, or ended from outside: a sandbox may have only begun to start
            end_processes(folder)
            raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)  # a later run sweeps what stays, once the lock is free
            if lock is not None:
                os.close(lock)
    except OSError as error:  # grading writes nothing but work trees
        if error.errno not in FULL:
            raise
        raise fault(Reason.of("disk_full", place=str(place), error=error.strerror)) from error


def make_held(place: str | Path) -> tuple[Path, int | None]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        if fcntl is None:
            return folder, None
        # A sweep may remove the folder between its making and its lock: then make another one.
        with suppress(FileNotFoundError):
            lock = os.open(folder, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if os.path.exists(folder):  # the lock may be on a folder that a sweep has just removed
                return folder, lock
            os.close(lock)


def temporary_folder() -> Path:
    """Choose the folder for temporary files as tempfile does, but without writing a file to test each folder.

    A grader killed at that moment would leave the file there, under a name that no later run knows.
    """
    if tempfile.tempdir is None:
        named = (os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
        for folder in filter(None, (*named, *USUAL)):
            if os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK):
                tempfile.tempdir = os.path.abspath(folder)
                break
    return Path(tempfile.gettempdir())


def sweep_work_folders() -> None:
    """Remove the folders of killed graders. A folder of another user, or one that a grader still holds, stays."""
    if fcntl is None:
        return
    for folder in temporary_folder().glob(f"{PREFIX}*"):
        with suppress(OSError):
            # lstat and O_NOFOLLOW: in /tmp any user can make a link of this name, to a folder of ours.
            if folder.lstat().st_uid != os.geteuid():
                continue
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                end_processes(folder)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


def end_processes(folder: Path) -> None:
    """End every sandbox and worker that was started on this folder, by their command lines, until there is none and
    none can appear: a bwrap that is killed before it lets its child continue leaves that child behind.
    """
    until, found = time.monotonic() + MAX_ENDING_S, True
    while found and time.monotonic() < until:
        found = False
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                command = (process / "cmdline").read_bytes()
                if not command:  # a zombie, or a process between fork and exec
                    found |= is_starting(process)
                elif f"{folder}/".encode() in command and b"worker.py" in command:
                    os.kill(int(process.name), signal.SIGKILL)
                    found = True
        time.sleep(0.001)


def is_starting(process: Path) -> bool:
    """Whether it is a child of this process that is about to exec: for a moment it has no command line."""
    state, parent = (process / "stat").read_bytes().rpartition(b")")[2].split()[:2]  # its name may be any bytes
    return int(parent) == os.getpid() and state not in (b"Z", b"X")
