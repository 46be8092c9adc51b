"""Files that stay in memory. mincore, which a file's owner may call, shows their pages."""

from __future__ import annotations

import ctypes
import mmap
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cases import ROOT

from grader.sandbox.host import resident

pytestmark = pytest.mark.process

PAGE = mmap.PAGESIZE


def pages_in_memory(path: Path) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    size = path.stat().st_size
    with open(path, "rb") as file:
        place = ctypes.c_void_p(libc.mmap(None, ctypes.c_size_t(size), 1, 1, file.fileno(), ctypes.c_long(0)))
        pages = ctypes.create_string_buffer(size // PAGE)
        assert libc.mincore(place, ctypes.c_size_t(size), pages) == 0
        libc.munmap(place, ctypes.c_size_t(size))
    return sum(one & 1 for one in pages.raw)


def drop(path: Path) -> None:
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


PROGRAM = """
import os, sys
from grader.sandbox.host import resident
done = resident.keep_in_child([sys.argv[1]], [sys.argv[2]])
os.read(done, 1)
print("ready", flush=True)
sys.stdin.read()
"""


def test_resident_pages_cannot_be_dropped_until_the_process_ends(tmp_path):
    kept, hidden = tmp_path / "kept", tmp_path / "kept" / "hidden"
    hidden.mkdir(parents=True)
    for folder in (kept, hidden):
        (folder / "file").write_bytes(b"x" * 64 * PAGE)
        (folder / "empty").write_bytes(b"")
        drop(folder / "file")
    (kept / "link").symlink_to(hidden / "file")
    can_be_dropped = pages_in_memory(hidden / "file") == 0  # not where the folder is in memory itself
    command = [sys.executable, "-c", PROGRAM, str(kept), str(hidden)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        assert process.stdout.readline() == b"ready\n"
        assert pages_in_memory(kept / "file") == 64
        drop(kept / "file")
        assert pages_in_memory(kept / "file") == 64
        assert not can_be_dropped or pages_in_memory(hidden / "file") == 0
        process.stdin.close()
        process.wait(10)
    until = time.monotonic() + 10
    while can_be_dropped and pages_in_memory(kept / "file") and time.monotonic() < until:  # its child ends with it
        drop(kept / "file")
        time.sleep(0.01)
    assert not can_be_dropped or pages_in_memory(kept / "file") == 0


def test_a_file_that_cannot_be_read_is_skipped(tmp_path):
    (tmp_path / "file").write_bytes(b"x" * 10)
    assert resident.keep_resident([str(tmp_path), str(tmp_path / "none")], []) == 10


SAYS = """
import os, select, sys
from grader.sandbox.host import resident
done = resident.keep_in_child(sys.argv[1:], [])
assert select.select([done], [], [], 10)[0] == [done]
assert os.read(done, 1) == b""
"""


def test_a_child_says_when_all_is_in_memory(tmp_path):
    """Runs in a process of its own: the child lives as long as it, and would hold every open pipe of the tests."""
    (tmp_path / "file").write_bytes(b"x")
    subprocess.run([sys.executable, "-c", SAYS, str(tmp_path)], cwd=ROOT, check=True, timeout=60)
