"""What is left on the machine after the grader ended: processes, files, mounts. Nothing may be left.

The calling process becomes the parent of all orphans below it (a subreaper, prctl(2)), so that neither a double fork
nor a new session hides a process from it.
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
PATIENCE_S = 3.0  # for killed processes to end


@dataclass(frozen=True)
class Before:
    """What there was before the run."""

    children: frozenset[int]
    files: frozenset[str]
    mounts: frozenset[str]


def look(uids: Collection[int]) -> Before:
    """Record what there is, and become the parent of all later orphans. uids: the users whose files count."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no subreaper")
    return Before(frozenset(list_children(os.getpid())), frozenset(files_of(uids)), mounts())


def left_since(before: Before, uids: Collection[int], temporary: Path) -> list[str]:
    """List in words what is new since then, and kill new processes. temporary: the grader's own folder."""
    found = [f"process: {describe(pid)}" for pid in end_orphans(before.children)]
    found += [f"file: {path}" for path in files_of(uids) if path not in before.files]
    found += [f"mount: {line}" for line in sorted(mounts() - before.mounts)]
    return found + [f"temporary file: {path}" for path in sorted(temporary.iterdir())]


def end_orphans(before: Collection[int]) -> Sequence[int]:
    """Reap children that have ended, and return those that outlive the grader by PATIENCE_S."""
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
    """Return its command, and kill it."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")[:200]
        os.kill(pid, signal.SIGKILL)
    except OSError:
        return str(pid)
    return f"{pid} {command}"


def files_of(uids: Collection[int]) -> list[str]:
    """List files in folders that every user may write to, if they belong to these users or to a sandbox's user."""
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
    """The mount points of this process's namespace, and what is mounted there."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return frozenset(" ".join(line.split()[2:5]) for line in lines)
