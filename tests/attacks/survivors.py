"""Finds processes, files and mounts that are left after the grader has ended. There must be none.

The calling process becomes the parent of all orphans below it (a subreaper), so that no process can hide by a double
fork or in its own session.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.sandbox.host.proc import list_children
from grader.sandbox.host.user_ids import FIRST_UID, UIDS

PR_SET_CHILD_SUBREAPER = 36
PUBLIC_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/run", "/")
PATIENCE_S = 3.0  # for killed processes to disappear


@dataclass(frozen=True)
class Before:
    """The state of the machine before the run."""

    children: frozenset[int]
    files: frozenset[str]
    mounts: frozenset[str]


def look(uids: Collection[int]) -> Before:
    """Record the state, and become the parent of all later orphans. uids: look for files of these users."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no subreaper")
    return Before(frozenset(list_children(os.getpid())), frozenset(files_of(uids)), mounts())


def left_since(before: Before, uids: Collection[int], temporary: Path) -> list[str]:
    """Describe everything that is new, and kill new processes. temporary: the grader's folder for temporary files."""
    found = [f"process: {describe(pid)}" for pid in end_orphans(before.children)]
    found += [f"file: {path}" for path in files_of(uids) if path not in before.files]
    found += [f"mount: {line}" for line in sorted(mounts() - before.mounts)]
    return found + [f"temporary file: {path}" for path in sorted(temporary.iterdir())]


def end_orphans(before: Collection[int]) -> Sequence[int]:
    """Kill processes that survived the grader; return their names."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        for pid in set(list_children(os.getpid())) - set(before):
            reap(pid)
        left = sorted(set(list_children(os.getpid())) - set(before))
        if not left or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    return left


def reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def describe(pid: int) -> str:
    """Return the command of a process, and kill it."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")[:200]
        os.kill(pid, signal.SIGKILL)
    except OSError:
        return str(pid)
    return f"{pid} {command}"


def files_of(uids: Collection[int]) -> list[str]:
    """Files in world-writable folders that belong to these users or to a user of a sandbox."""
    found = []
    for folder in PUBLIC_FOLDERS:
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            try:
                owner = entry.stat(follow_symlinks=False).st_uid
            except OSError:
                continue
            if owner in uids or FIRST_UID <= owner < FIRST_UID + UIDS:
                found.append(entry.path)
    return found


def mounts() -> frozenset[str]:
    """The mount points in the namespace of this process, and their sources."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return frozenset(" ".join(line.split()[2:5]) for line in lines)
