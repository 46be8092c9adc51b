"""Files kept in memory for as long as a process lives: no sandbox can tell which of their pages another one read.

    files that every sandbox shows ──map all pages──► this process, which holds them ──lock, where that is allowed──►

A page that is in memory is read in less than a microsecond, one that is not takes many times longer, and a clock tells
the two apart: two sandboxes could pass bits. A page that a process has mapped is not dropped on demand, and one that is
locked not even where memory is short. Only root, or a generous RLIMIT_MEMLOCK, may lock so much; who may not has mapped
it all the same.

Runs in a child of the zygote or in the judge, never in a sandbox. Under Python 3.8 on, beside zygote.py.
Source: Linux's man pages mmap(2), posix_fadvise(2).
"""

from __future__ import annotations

import ctypes
import mmap
import os
import time
from collections.abc import Collection, Iterable, Iterator

MAP_POPULATE, MAP_LOCKED = 0x8000, 0x2000  # the same on both machines
PR_SET_PDEATHSIG, SIGKILL = 1, 9


def keep_resident(paths: Iterable[str], hidden: Collection[str]) -> int:
    """Map every file of these, and those in these folders, for as long as this process lives. How many bytes it was.

    hidden: folders that are left out.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    total = 0
    for path in files_of(paths, hidden):
        try:
            file = os.open(path, os.O_RDONLY)
        except OSError:  # unreadable for us, so for a sandbox
            continue
        size = os.fstat(file).st_size
        for how in (MAP_POPULATE | MAP_LOCKED, MAP_POPULATE) if size else ():  # locked, where that is allowed
            # Not mmap.mmap, which keeps a descriptor of each.
            flags = mmap.MAP_SHARED | how
            place = libc.mmap(None, ctypes.c_size_t(size), mmap.PROT_READ, flags, file, ctypes.c_long(0))
            if place != ctypes.c_void_p(-1).value:
                total += size
                break
        os.close(file)
    return total


def files_of(paths: Iterable[str], hidden: Collection[str]) -> Iterator[str]:
    """These files, and those in these folders. No link in a folder is followed."""
    for path in paths:
        if os.path.isfile(path):
            yield path
        for place, folders, names in os.walk(path):  # what is unreadable for us is so for a sandbox
            folders[:] = [name for name in folders if os.path.join(place, name) not in hidden]
            found = (os.path.join(place, name) for name in names)
            yield from (file for file in found if os.path.isfile(file) and not os.path.islink(file))


def keep_in_child(paths: Iterable[str], hidden: Collection[str]) -> int:
    """The same in a child that lives as long as this process. Returns a pipe that ends when all is in memory."""
    reading, writing = os.pipe()
    parent = os.getpid()
    if os.fork() == 0:
        try:
            os.close(0)
            os.close(reading)
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL)
            keep_resident(paths, hidden)
            os.close(writing)
            while os.getppid() == parent:
                time.sleep(60)
        finally:
            os._exit(0)
    os.close(writing)
    return reading
