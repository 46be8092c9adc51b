"""Keeps files in memory while a process lives, so that no sandbox can see which of their pages another sandbox read.

    files that every sandbox shows ──map all pages──► this process, which holds them ──lock, if allowed──►

Reading a page takes less than a microsecond if it is in memory, and much longer if it is not. A clock shows the
difference, so two sandboxes could pass bits. The kernel does not drop a page on demand while a process maps it, and it
does not drop a locked page even where memory is short. Only root, or a user with a large RLIMIT_MEMLOCK, may lock that
much. Any other user maps the pages without a lock.

Runs in a child of the zygote or in the judge, never in a sandbox. Must run under Python 3.8 on, beside zygote.py.
Source: Linux's man pages mmap(2), posix_fadvise(2).
"""

from __future__ import annotations

import ctypes
import mmap
import os
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress

MAP_POPULATE, MAP_LOCKED = 0x8000, 0x2000  # the same on x86-64 and on 64-bit ARM
PR_SET_PDEATHSIG, SIGKILL = 1, 9


def keep_resident(paths: Iterable[str], hidden: Collection[str]) -> int:
    """Map every one of these files, and every file in these folders, while this process lives. Returns their bytes.

    hidden: folders that are left out.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p  # an address: the default, int, would cut it to 32 bits
    total = 0
    for path in files_of(paths, hidden):
        try:
            file = os.open(path, os.O_RDONLY)
        except OSError:  # a sandbox cannot read it either
            continue
        size = os.fstat(file).st_size
        # If the call with a lock fails (EAGAIN, EPERM), map the file without one. mmap refuses a length of 0.
        for how in (MAP_POPULATE | MAP_LOCKED, MAP_POPULATE) if size else ():
            # Not mmap.mmap, which keeps a descriptor open for each file: there are more files than descriptors.
            flags = mmap.MAP_SHARED | how
            place = libc.mmap(None, ctypes.c_size_t(size), mmap.PROT_READ, flags, file, ctypes.c_long(0))
            if place != ctypes.c_void_p(-1).value:
                total += size
                break
        os.close(file)
    return total


def files_of(paths: Iterable[str], hidden: Collection[str]) -> Iterator[str]:
    """List these files, and the files in these folders. Does not follow a link in a folder."""
    waiting = []
    for path in paths:
        if os.path.isfile(path):
            yield path
        else:
            waiting.append(path)
    while waiting:
        # Not os.walk: it names files without their kinds, so each of thousands would need two more system calls.
        with suppress(OSError), os.scandir(waiting.pop()) as entries:  # what is unreadable for us is so for a sandbox
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    yield entry.path
                elif entry.is_dir(follow_symlinks=False) and entry.path not in hidden:
                    waiting.append(entry.path)


def keep_in_child(paths: Iterable[str], hidden: Collection[str]) -> int:
    """Do the same in a child that lives as long as this process. Returns a pipe that ends when all is in memory."""
    reading, writing = os.pipe()
    parent = os.getpid()
    if os.fork() == 0:
        try:
            # The zygote's stdin is its socket to the judge: a copy here would hide from the judge that the zygote died.
            os.close(0)
            os.close(reading)
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL)
            keep_resident(paths, hidden)
            os.close(writing)
            # The parent may have died before prctl, which then sends nothing (prctl(2)).
            while os.getppid() == parent:
                time.sleep(60)
        finally:
            os._exit(0)
    os.close(writing)
    return reading
