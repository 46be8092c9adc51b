"""The output folder: results as files, and a lock so that only one grader at a time writes there.

    OUT/.grader.lock         locked while a grader writes; the kernel releases the lock when the process ends in any
                             way, so nobody has to remove a lock by hand; the content tells people who has the lock
    OUT/results/<id>.json    the result of one submission; everything else can be rebuilt from the results
    OUT/<id>.html            ends with a stamp, a hash of the result and of the code that made the page; written after
                             the result and the feedback page, so a matching stamp means that all three exist and
                             belong together

The grader writes each file under a temporary name and renames it. A run that is killed at any moment leaves old or new
files, each of them complete, and at most one temporary file, which the next run removes.
"""

from __future__ import annotations

import errno
import hashlib
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from grader.atomic_files import TEMPORARY, write_text
from grader.errors import GraderError, UsageError
from grader.messages.say import say
from grader.records import GRADED, GRADER_ERROR, Result, reasons_in
from grader.report.notebooks.marked_answers import NOTEBOOKS
from grader.version import pages_version

LOCK: Final = ".grader.lock"
HOLDER_BYTES: Final = 300
LOCKED: Final[set[int]] = set()  # file descriptors of the lock files that this process has locked
# The errors that network file systems without locks return.
NO_LOCKS: Final = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)


@contextmanager
def locked(out: Path) -> Iterator[str]:
    """Create the folder and lock it for this process. Yields a warning to print, or "".

    Raises UsageError, naming the holder, if another grader has the lock; GraderError if the folder is not writable.
    """
    import fcntl  # not at the top of the file: Windows lacks this module, and `grader check` also runs on Windows

    try:
        out.mkdir(parents=True, exist_ok=True)
        file = os.open(out / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise GraderError(f"{out}: cannot be written ({error.strerror}). Name another folder with --out.") from error
    LOCKED.add(file)
    try:
        warning = ""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"{out}: {read_holder(file)} is writing there. Wait until it ends, or name another folder with --out."
            ) from None
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise GraderError(f"{out / LOCK}: cannot be locked ({error.strerror}).") from error
            warning = f"{out}: the file system has no locks. Make sure that no other grader writes there."
        began = time.strftime("%Y-%m-%d %H:%M:%S")
        try:
            os.ftruncate(file, 0)
            os.pwrite(file, f"another grader (process {os.getpid()} on {platform.node()}, since {began})".encode(), 0)
        except OSError as error:
            raise GraderError(f"{out / LOCK}: cannot be written ({error.strerror}).") from error
        yield warning
        os.ftruncate(file, 0)
    finally:
        LOCKED.discard(file)
        os.close(file)


def release_inherited_locks() -> None:
    """In a forked process: close the inherited lock files, so that only the parent holds the locks."""
    while LOCKED:
        os.close(LOCKED.pop())


def read_holder(file: int) -> str:
    """Return the text that the process with the lock wrote into the lock file, without control characters."""
    text = os.pread(file, HOLDER_BYTES, 0).decode("utf-8", "replace")
    return "".join(letter for letter in text if letter.isprintable()) or "another grader"


def result_path(out: Path, submission: str) -> Path:
    return out / "results" / f"{submission}.json"


def sweep_temporary(out: Path) -> None:
    """Remove temporary files that a killed run left. The caller must hold the lock."""
    for folder in (out, out / "results", out / "feedback", *(out / NOTEBOOKS).glob("*")):
        for path in folder.glob(f"{TEMPORARY}*.tmp"):
            path.unlink(missing_ok=True)


def store(out: Path, result: Result) -> None:
    """Write a result. A result of status grader_error never replaces an earlier result."""
    path = result_path(out, result.id)
    if result.status != GRADER_ERROR or not path.exists():
        write_text(path, result.to_json())


def stored(out: Path, submission: str) -> Result | None:
    """Return the result of an earlier run; None if it does not exist, cannot be read, or cannot be shown on a page."""
    try:
        result = Result.from_json(result_path(out, submission).read_text(encoding="utf-8"))
        for reason in reasons_in(result):  # a newer grader may have written a reason that this grader does not know
            say(reason)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        return None
    return result


def is_current(result: Result, fresh: Result) -> bool:
    """Return whether grading again would give the same result. fresh: a result for today's files, without verdicts.

    True if submission, assignment and environment have the same content; the path of the submission does not matter.
    False if the submission could not be graded, because trying again takes little time.
    """
    parts = ("grounds", "environment", "notebooks")  # notebooks: handed-out notebooks may have changed
    same = all(getattr(result, part) == getattr(fresh, part) for part in parts)
    decides = ("title", "sha256", "handout")  # sha256 covers the whole assignment, so its parts need no comparison
    same = same and all(result.assignment.get(key) == fresh.assignment.get(key) for key in decides)
    same = same and all(result.submission.get(key) == fresh.submission.get(key) for key in ("id", "sha256", "files"))
    return same and result.status == GRADED and result.notes[: len(fresh.notes)] == fresh.notes


def stamp_of(content: bytes, *words: str) -> str:
    """Return the stamp, the last line of a page: a hash of its sources and of the code that makes pages.

    content: the result or notebook that the page shows. words: its other sources.
    """
    digest = hashlib.sha256(pages_version().encode())
    for part in (*(word.encode("utf-8", "surrogatepass") for word in words), content):
        digest.update(hashlib.sha256(part).digest())
    return f"<!-- made from {digest.hexdigest()} -->\n"


def has_stamp(page: Path, stamp: str) -> bool:
    with suppress(OSError), open(page, "rb") as file:
        file.seek(-min(len(stamp.encode()), file.seek(0, os.SEEK_END)), os.SEEK_END)
        return file.read() == stamp.encode()
    return False


def stored_ids(out: Path) -> list[str]:
    return sorted(path.stem for path in (out / "results").glob("*.json"))
