"""Reads children, user ids and memory of processes from /proc, where the kernel reports them.

Trusts no process. Source: Linux's man page proc(5).
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

CHUNK: Final = 1 << 16
LINKS_OF_ONE: Final = 3  # links of /proc/PID/task if there is one thread: the entry, its ".", and the thread's ".."


class Parent:
    """Lists the children of one process often. The files of /proc stay open, because opening takes most of the time."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.files: list[int] = []
        # The list of the main thread. children() also reads the lists of other threads.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for name, flags in (("task", os.O_DIRECTORY), (f"task/{pid}/children", 0)):
                self.files.append(os.open(f"/proc/{pid}/{name}", os.O_RDONLY | os.O_CLOEXEC | flags))

    def children(self) -> list[int]:
        """The children of all its threads."""
        if len(self.files) < 2:  # then the process had ended before its files were opened
            return []
        tasks, children = self.files
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if os.fstat(tasks).st_nlink == LINKS_OF_ONE:
                return list(map(int, os.pread(children, CHUNK, 0).split()))
        return list_children(self.pid)

    def close(self) -> None:
        while self.files:
            os.close(self.files.pop())


def list_children(pid: int) -> list[int]:
    """List the children of all threads of a process."""
    # A process may end at any moment. Then its files are absent (ENOENT), or reads fail (ESRCH).
    children: list[int] = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in os.listdir(f"/proc/{pid}/task"):
            children += map(int, read_whole(f"/proc/{pid}/task/{task}/children").split())
    return children


def processes_of(uid: int) -> list[int]:
    """List all processes that run under a uid."""
    found = []
    for name in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            status = Path(f"/proc/{name}/status").read_bytes()
            dead = b"\nState:\tZ" in status  # a zombie runs no code, and only its parent can remove it
            # The first of the four is the real uid, which a process cannot change without root's rights.
            if not dead and b"\nUid:\t%d\t" % uid in status:
                found.append(int(name))
    return found


def memory_below(pid: int) -> int:
    """Return the bytes of memory of a process and all its descendants. Memory that two processes share counts twice."""
    pages = 0
    with contextlib.suppress(FileNotFoundError, ProcessLookupError, IndexError):
        # The second field counts resident pages. Reserved pages that were never used are not counted.
        pages = int(read_whole(f"/proc/{pid}/statm").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(map(memory_below, list_children(pid)))


def read_whole(path: str) -> bytes:
    """Read a short file of /proc without a buffer, for speed: the judge does this between two calls."""
    with open(path, "rb", buffering=0) as file:
        return file.read()
