"""The output folder: results as files, and one grader at a time that writes there.

    OUT/.grader.lock         the kernel's lock on it dies with its process, however that dies, so that none has to be
                             removed by hand; what stands in the file is for people
    OUT/results/<id>.json    what there is of a submission; all else can be made from it
    OUT/<id>.html            ends with a stamp: which result, by which code it was made from; written after the result
                             and the feedback page, so that a stamp that fits says that all three are there and belong
                             together

Files are written to a temporary name and renamed. Killed at any moment, a run leaves old files or new ones, each whole,
and at most one temporary file, which the next run that holds the folder removes.
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
        file = os.open(out / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
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
                raise GraderError(f"{out / LOCK}: cannot be locked ({error.strerror}).") from error
            warning = f"{out}: its file system has no locks. See to it that no other grader writes there."
        began = time.strftime("%Y-%m-%d %H:%M:%S")
        try:
            os.ftruncate(file, 0)
            os.pwrite(file, f"another grader (process {os.getpid()} on {platform.node()}, since {began})".encode(), 0)
        except OSError as error:
            raise GraderError(f"{out / LOCK}: cannot be written ({error.strerror}).") from error
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


def result_path(out: Path, submission: str) -> Path:
    return out / "results" / f"{submission}.json"


def sweep_temporary(out: Path) -> None:
    """Remove what a killed run was about to write. For whoever holds the folder."""
    for folder in (out, out / "results", out / "feedback", *(out / NOTEBOOKS).glob("*")):
        for path in folder.glob(f"{TEMPORARY}*.tmp"):
            path.unlink(missing_ok=True)


def store(out: Path, result: Result) -> None:
    """Keep a result. A fault of ours never takes the place of an earlier result."""
    path = result_path(out, result.id)
    if result.status != GRADER_ERROR or not path.exists():
        write_text(path, result.to_json())


def stored(out: Path, submission: str) -> Result | None:
    """The result of an earlier run, or None if there is none that can be read and said."""
    try:
        result = Result.from_json(result_path(out, submission).read_text(encoding="utf-8"))
        for reason in reasons_in(result):  # a newer grader, or damage, may have left one that no page can say
            say(reason)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        return None
    return result


def is_current(result: Result, fresh: Result) -> bool:
    """Whether an earlier result is what grading would give again; `fresh` is one of now, with no verdict in it yet.

    It is, if submission, assignment and environment are the same by their contents; where the submission lies does not
    matter. What could not be graded is tried again, which costs little.
    """
    parts = ("grounds", "environment", "notebooks")  # the last against those handed out, which may change
    same = all(getattr(result, part) == getattr(fresh, part) for part in parts)
    decides = ("title", "sha256", "handout")  # of the assignment; its parts' hashes follow from the whole's
    same = same and all(result.assignment.get(key) == fresh.assignment.get(key) for key in decides)
    same = same and all(result.submission.get(key) == fresh.submission.get(key) for key in ("id", "sha256", "files"))
    return same and result.status == GRADED and result.notes[: len(fresh.notes)] == fresh.notes


def stamp_of(content: bytes, *words: str) -> str:
    """The last line of a page: a hash over what it was made from, and by which code.

    content: the file that it is made from. words: what else is in it.
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
