"""Keeps files in memory while a process lives, so that no sandbox can find out which pages another sandbox has read.

    files that every sandbox shows ──map all pages──► this process, which holds them ──lock, if allowed──►

A read of a page takes less than a microsecond if the page is in memory, and much longer if not. With a clock, a
sandbox could measure this, so two sandboxes could exchange bits. While a process maps a page, no other process can
make the kernel drop it, and the kernel never drops a locked page, even if memory is short. Only root, or a user with a
large RLIMIT_MEMLOCK, may lock so many pages. For other users, this module maps the pages without a lock.

Runs in a child of the zygote or in the judge, never in a sandbox. Supports Python 3.8 and later, like zygote.py.
Source: Linux's man pages mmap(2), posix_fadvise(2).
"""

from __future__ import annotations

import ctypes
import mmap
import os
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress

MAP_POPULATE, MAP_LOCKED = 0x8000, 0x2000  # flags of mmap, with the same values on x86-64 and 64-bit ARM
PR_SET_PDEATHSIG, SIGKILL = 1, 9


def keep_resident(paths: Iterable[str], hidden: Collection[str]) -> int:
    """Map these files, and all files in these folders, while this process lives.

    Returns their total bytes. hidden: folders to leave out.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p  # an address: ctypes' default, int, would cut it to 32 bits
    total = 0
    for path in files_of(paths, hidden):
        try:
            file = os.open(path, os.O_RDONLY)
        except OSError:  # a sandbox cannot read this file either
            continue
        size = os.fstat(file).st_size
        # If the call with a lock fails (EAGAIN, EPERM), map the file without one. mmap refuses a length of 0.
        for how in (MAP_POPULATE | MAP_LOCKED, MAP_POPULATE) if size else ():
            # Not mmap.mmap, which keeps a descriptor open per file: there are more files than allowed descriptors.
            flags = mmap.MAP_SHARED | how
            place = libc.mmap(None, ctypes.c_size_t(size), mmap.PROT_READ, flags, file, ctypes.c_long(0))
            if place != ctypes.c_void_p(-1).value:
                total += size
                break
        os.close(file)
    return total


def files_of(paths: Iterable[str], hidden: Collection[str]) -> Iterator[str]:
    """Yield these files, and the files in these folders. Ignores links in folders."""
    waiting = []
    for path in paths:
        if os.path.isfile(path):
            yield path
        else:
            waiting.append(path)
    while waiting:
        # os.walk would return names without their kinds, and each of thousands would need two more system calls.
        with suppress(OSError), os.scandir(waiting.pop()) as entries:  # a sandbox cannot read these folders either
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    yield entry.path
                elif entry.is_dir(follow_symlinks=False) and entry.path not in hidden:
                    waiting.append(entry.path)


def keep_in_child(paths: Iterable[str], hidden: Collection[str]) -> int:
    """Do the same in a child of this process, which dies with it. Returns a pipe that closes once all are in memory."""
    reading, writing = os.pipe()
    parent = os.getpid()
    if os.fork() == 0:
        try:
            # Close stdin, the zygote's socket: with an open copy, the judge would not notice the zygote's death.
            os.close(0)
            os.close(reading)
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL)
            keep_resident(paths, hidden)
            os.close(writing)
            # If the parent died before prctl, no signal will come (prctl(2)).
            while os.getppid() == parent:
                time.sleep(60)
        finally:
            os._exit(0)
    os.close(writing)
    return reading
