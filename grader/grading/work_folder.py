"""Folders for work trees that no killed grader leaves behind for good.

    a grader ──mkdir, flock──► TMP/grader-work-XXXXXXXX    removed when its submission is graded
    the next one ──flock?──► whose lock is free is a dead grader's: removed

The kernel frees a lock when its process dies, however that dies. bwrap dies with the grader that started it, but for
some milliseconds of its own start, in which its child would wait for it for ever: what still works in a folder is ended
before the folder is removed, unless grading came to its own end. Where there are no such locks (Windows), a folder is
removed at its end and nothing is swept.
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
MAX_ENDING_S: Final = 10
FULL: Final = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
USUAL: Final = ("/tmp", "/var/tmp")  # elsewhere tempfile tries what is usual there


@contextmanager
def work_folder(scratch: str | None = None) -> Iterator[Path]:
    """An empty folder of this process's own, removed at the end; in `scratch`, or among the temporary files.

    Raises GraderError if there is no room for it, or none is left for what is written into it.
    """
    place = scratch or temporary_folder()
    try:
        folder, lock = make_held(place)
        try:
            yield folder
        except Exception:
            raise
        except BaseException:  # Ctrl-C, or ended from outside: a sandbox may be half started
            end_processes(folder)
            raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)  # what resists is swept by a later run, once the lock is free
            if lock is not None:
                os.close(lock)
    except OSError as error:  # work trees are all that is written while grading
        if error.errno not in FULL:
            raise
        raise fault(Reason.of("disk_full", place=str(place), error=error.strerror)) from error


def make_held(place: str | Path) -> tuple[Path, int | None]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        if fcntl is None:
            return folder, None
        with suppress(FileNotFoundError):  # swept before it was locked: another one
            lock = os.open(folder, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if os.path.exists(folder):
                return folder, lock
            os.close(lock)


def temporary_folder() -> Path:
    """Where this system has its temporary files: as tempfile chooses, but without a file to try each folder by.

    A grader that is killed at that very moment would leave it there, under a name that nobody knows again.
    """
    if tempfile.tempdir is None:
        named = (os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
        for folder in filter(None, (*named, *USUAL)):
            if os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK):
                tempfile.tempdir = os.path.abspath(folder)
                break
    return Path(tempfile.gettempdir())


def sweep_work_folders() -> None:
    """Remove the folders of graders that were killed. What another user owns, or a grader still holds, stays."""
    if fcntl is None:
        return
    for folder in temporary_folder().glob(f"{PREFIX}*"):
        with suppress(OSError):
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
    """End every sandbox and worker that was started on this folder, as their command lines tell, until none is there or
    on its way: a bwrap that is ended before it let its child go on leaves that behind.
    """
    until, found = time.monotonic() + MAX_ENDING_S, True
    while found and time.monotonic() < until:
        found = False
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                command = (process / "cmdline").read_bytes()
                if not command:
                    found |= is_starting(process)
                elif f"{folder}/".encode() in command and b"worker.py" in command:
                    os.kill(int(process.name), signal.SIGKILL)
                    found = True
        time.sleep(0.001)


def is_starting(process: Path) -> bool:
    """Whether it is a child of this process that is becoming another program: it has no command line for a moment."""
    state, parent = (process / "stat").read_bytes().rpartition(b")")[2].split()[:2]  # its name may be any bytes
    return int(parent) == os.getpid() and state not in (b"Z", b"X")
