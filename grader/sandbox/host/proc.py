"""Processes as the kernel lists them: whose children are there, under which user id, with how much memory.

What a process says of itself is never asked, only /proc.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

CHUNK: Final = 1 << 16
LINKS_OF_ONE: Final = 3  # of the folder of a process's threads: itself, its name, and the only one


class Parent:
    """A process whose children are asked for again and again: its files stay open, as to open them takes longest."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.files: list[int] = []
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for name, flags in (("task", os.O_DIRECTORY), (f"task/{pid}/children", 0)):
                self.files.append(os.open(f"/proc/{pid}/{name}", os.O_RDONLY | os.O_CLOEXEC | flags))

    def children(self) -> list[int]:
        """Of all its threads."""
        if len(self.files) < 2:
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
    """The children of all threads of a process, as the kernel lists them."""
    children: list[int] = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in os.listdir(f"/proc/{pid}/task"):
            children += map(int, read_whole(f"/proc/{pid}/task/{task}/children").split())
    return children


def processes_of(uid: int) -> list[int]:
    """All processes that run under a uid, as the kernel lists them."""
    found = []
    for name in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            status = Path(f"/proc/{name}/status").read_bytes()
            dead = b"\nState:\tZ" in status
            if not dead and b"\nUid:\t%d\t" % uid in status:
                found.append(int(name))
    return found


def memory_below(pid: int) -> int:
    """Bytes of memory that a process and all below it hold; what two of them share counts twice."""
    pages = 0
    with contextlib.suppress(FileNotFoundError, ProcessLookupError, IndexError):
        pages = int(read_whole(f"/proc/{pid}/statm").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(map(memory_below, list_children(pid)))


def read_whole(path: str) -> bytes:
    """A file of /proc, sooner than by a buffer."""
    with open(path, "rb", buffering=0) as file:
        return file.read()
