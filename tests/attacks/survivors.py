"""What is left on the machine once the grader is done: processes, files, mounts. Nothing may be.

The process that asks becomes the parent of all orphans below it (a subreaper), so that neither a double fork nor a
session of one's own hides a process from it.
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
PATIENCE_S = 3.0  # for what was killed to be gone


@dataclass(frozen=True)
class Before:
    """What there was."""

    children: frozenset[int]
    files: frozenset[str]
    mounts: frozenset[str]


def look(uids: Collection[int]) -> Before:
    """Take stock, and become the parent of whatever is orphaned from now on. uids: whose files count as theirs."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no subreaper")
    return Before(frozenset(list_children(os.getpid())), frozenset(files_of(uids)), mounts())


def left_since(before: Before, uids: Collection[int], temporary: Path) -> list[str]:
    """What is there now that was not, in words; processes among it are ended. temporary: the grader's own folder."""
    found = [f"process: {describe(pid)}" for pid in end_orphans(before.children)]
    found += [f"file: {path}" for path in files_of(uids) if path not in before.files]
    found += [f"mount: {line}" for line in sorted(mounts() - before.mounts)]
    return found + [f"temporary file: {path}" for path in sorted(temporary.iterdir())]


def end_orphans(before: Collection[int]) -> Sequence[int]:
    """Processes that outlived the grader. They are ended; the names are looked up first."""
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
    """Its command; then it is ended."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")[:200]
        os.kill(pid, signal.SIGKILL)
    except OSError:
        return str(pid)
    return f"{pid} {command}"


def files_of(uids: Collection[int]) -> list[str]:
    """Files in folders that all may write to, that belong to these users or to one of a sandbox."""
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
    """Mount points and what is mounted there, of this process's namespace."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return frozenset(" ".join(line.split()[2:5]) for line in lines)
