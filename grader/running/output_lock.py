"""One grader at a time in an output folder.

The lock is the kernel's, on the file OUT/.grader.lock: it dies with its process, however that dies, so that none has to
be removed by hand. What stands in the file is for people.
"""

from __future__ import annotations

import errno
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from grader.errors import GraderError, UsageError

NAME: Final = ".grader.lock"
HOLDER_BYTES: Final = 300
HELD: Final[set[int]] = set()  # files that are locked
# Some network file systems have no locks.
NO_LOCKS: Final = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)


@contextmanager
def held(out: Path) -> Iterator[str]:
    """Make the folder and hold it for this process. Yields what is to be said about that: nothing, in general.

    Raises UsageError, naming the holder, if another grader holds it; GraderError if nothing can be written there.
    """
    import fcntl  # here, since `grader check` runs where there is none

    try:
        out.mkdir(parents=True, exist_ok=True)
        file = os.open(out / NAME, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise GraderError(f"{out}: cannot be written ({error.strerror}). Name another folder with --out.") from error
    HELD.add(file)
    try:
        warning = ""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"{out}: {read_holder(file)} writes there. Wait until it has ended, or name another folder with --out."
            ) from None
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise GraderError(f"{out / NAME}: cannot be locked ({error.strerror}).") from error
            warning = f"{out}: its file system has no locks. See to it that no other grader writes there."
        began = time.strftime("%Y-%m-%d %H:%M:%S")
        try:
            os.ftruncate(file, 0)
            os.pwrite(file, f"another grader (process {os.getpid()} on {platform.node()}, since {began})".encode(), 0)
        except OSError as error:
            raise GraderError(f"{out / NAME}: cannot be written ({error.strerror}).") from error
        yield warning
        os.ftruncate(file, 0)
    finally:
        HELD.discard(file)
        os.close(file)


def let_go() -> None:
    """In a process that was forked by one that holds a folder: only that one holds it."""
    while HELD:
        os.close(HELD.pop())


def read_holder(file: int) -> str:
    """What the holder wrote, as a terminal may have it."""
    text = os.pread(file, HOLDER_BYTES, 0).decode("utf-8", "replace")
    return "".join(letter for letter in text if letter.isprintable()) or "another grader"
