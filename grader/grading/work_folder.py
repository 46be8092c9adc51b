"""Makes folders for work trees. The next grader removes the folder of a killed grader.

    a grader ──mkdir, flock──► TMP/grader-work-XXXXXXXX    removed when its submission is graded
    the next one ──flock?──► a folder whose lock is free belongs to a dead grader: removed

The kernel frees a process's locks when the process ends, even if it is killed. bwrap dies with its grader, except if
bwrap is killed in its first milliseconds: then its child waits for ever. So the grader kills all processes that work
in a folder before it removes the folder, unless grading ended normally. Windows has no such locks; there the grader
removes only its own folder.
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
MAX_ENDING_S: Final = 10  # longest wait for killed processes to end
FULL: Final = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))  # errors for a full disk and a full quota
USUAL: Final = ("/tmp", "/var/tmp")  # temporary folders on POSIX systems; on others, tempfile chooses


@contextmanager
def work_folder(scratch: str | None = None) -> Iterator[Path]:
    """Make an empty folder for this process, in `scratch` or the temporary folder, and remove it at the end.

    Raises GraderError if the disk is full.
    """
    place = scratch or temporary_folder()
    try:
        folder, lock = make_held(place)
        try:
            yield folder
        except Exception:  # grading has ended and killed its sandboxes
            raise
        except BaseException:  # after Ctrl-C or a signal, a sandbox may be just starting
            end_processes(folder)
            raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)  # a later run removes the rest, once the lock is free
            if lock is not None:
                os.close(lock)
    except OSError as error:  # only writing work trees raises OSError
        if error.errno not in FULL:
            raise
        raise fault(Reason.of("disk_full", place=str(place), error=error.strerror)) from error


def make_held(place: str | Path) -> tuple[Path, int | None]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        if fcntl is None:
            return folder, None
        # Another grader's sweep may remove the folder before it is locked. In that case, make another folder.
        with suppress(FileNotFoundError):
            lock = os.open(folder, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if os.path.exists(folder):  # a sweep may have removed the locked folder
                return folder, lock
            os.close(lock)


def temporary_folder() -> Path:
    """Choose the folder for temporary files as tempfile does, but without writing a test file to each folder.

    A grader that is killed at that moment would leave the file there for ever.
    """
    if tempfile.tempdir is None:
        named = (os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
        for folder in filter(None, (*named, *USUAL)):
            if os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK):
                tempfile.tempdir = os.path.abspath(folder)
                break
    return Path(tempfile.gettempdir())


def sweep_work_folders() -> None:
    """Remove the folders of killed graders, but not folders of other users or of graders that still run."""
    if fcntl is None:
        return
    for folder in temporary_folder().glob(f"{PREFIX}*"):
        with suppress(OSError):
            # lstat and O_NOFOLLOW, because in /tmp any user can make a link with such a name to one of our folders.
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
    """Kill all sandboxes and workers whose command lines name this folder, until none is left and none can start. A
    bwrap that is killed early leaves its child, which waits for it."""
    until, found = time.monotonic() + MAX_ENDING_S, True
    while found and time.monotonic() < until:
        found = False
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                command = (process / "cmdline").read_bytes()
                if not command:  # then the process is a zombie, or between fork and exec
                    found |= is_starting(process)
                elif f"{folder}/".encode() in command and b"worker.py" in command:
                    os.kill(int(process.name), signal.SIGKILL)
                    found = True
        time.sleep(0.001)


def is_starting(process: Path) -> bool:
    """Whether a process without a command line is a child of ours that will call exec soon, and not a zombie."""
    state, parent = (process / "stat").read_bytes().rpartition(b")")[2].split()[:2]  # the name may be any bytes
    return int(parent) == os.getpid() and state not in (b"Z", b"X")
