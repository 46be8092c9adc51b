"""Makes a cgroup for each sandbox if cgroup v2 is writable: the kernel then limits its memory and processes.

    own group ──► judge     this process and its jobs: a group that gives controllers to child groups holds no process
              └─► box-…     one sandbox's worker and its keeper: memory.max, memory.swap.max, pids.max

Without a cgroup, the judge's measurements of memory (box.py) and the worker's own limits still work. A cgroup also
limits memory between two measurements, and memory that belongs to no process. This module needs a cgroup that this
process may write and that contains no other process: as root in its own container, or under `systemd-run --user
--scope -p Delegate=yes`. Without such a cgroup, this module changes nothing. Source: Linux,
Documentation/admin-guide/cgroup-v2.rst.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from functools import cache
from pathlib import Path
from typing import Final

LEAF: Final = "judge"
BOXES: Final = "box-"
CONTROLLERS: Final = {"memory", "pids"}
# Time to remove a group: a killed process stays in its group until the kernel has freed the process's memory.
CLOSING_S: Final = 1.0


@cache
def find_parent(listing: str = "/proc/self/cgroup", mount: str = "/sys/fs/cgroup") -> Path | None:
    """Move this process out of its cgroup, and return the cgroup, now a parent for sandboxes' groups; or None."""
    try:
        lines = Path(listing).read_text().splitlines()
        # The line of cgroup v2 begins with 0 (cgroups(7)); lines of version 1 begin with other numbers.
        own = next(Path(mount + line[3:]) for line in lines if line.startswith("0::/"))
        # A job that the judge forks starts in the leaf that the judge moved to.
        own = own.parent if own.name == LEAF else own
        if not set((own / "cgroup.controllers").read_text().split()) >= CONTROLLERS:
            return None
        return own if shares_controllers(own) or move_to_leaf(own) else None
    except (OSError, StopIteration):
        return None


def shares_controllers(group: Path) -> bool:
    """Whether the group gives its controllers to its child groups."""
    return set((group / "cgroup.subtree_control").read_text().split()) >= CONTROLLERS


def move_to_leaf(group: Path) -> bool:
    """Move this process into a leaf and let the group give its controllers to child groups.

    Undoes the move if the kernel refuses because the group contains other processes.
    """
    # Never move another process: use the group only if this process is alone in it.
    if (group / "cgroup.procs").read_text().split() != [str(os.getpid())]:
        return False
    (group / LEAF).mkdir(exist_ok=True)
    # "No internal processes" (cgroup-v2.rst): a group with a process in it cannot give controllers to child groups, so
    # this process moves out before the write below.
    (group / LEAF / "cgroup.procs").write_text(str(os.getpid()))
    try:
        (group / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in sorted(CONTROLLERS)))
        return True
    except OSError:
        (group / "cgroup.procs").write_text(str(os.getpid()))
        (group / LEAF).rmdir()
        return False


def make_group(parent: Path | None, memory: int, processes: int) -> Path | None:
    """Make a group for one sandbox; None without a parent, or where the kernel refuses."""
    if parent is None:
        return None
    group = parent / f"{BOXES}{secrets.token_hex(8)}"
    try:
        group.mkdir()
        (group / "memory.max").write_text(str(memory))
        (group / "pids.max").write_text(str(processes))
        # With swap, a sandbox at its limit would not fail, but swap and slow down every other job.
        with contextlib.suppress(OSError):  # some kernels do not count swap
            (group / "memory.swap.max").write_text("0")
        return group
    except OSError:
        close_group(group)
        return None


def close_group(group: Path | None) -> None:
    """Kill every process in the group and remove the group. If the kernel refuses, an empty group remains."""
    if group is None:
        return
    # One write kills all processes at once, also those that are being forked.
    with contextlib.suppress(OSError):  # before Linux 5.14
        (group / "cgroup.kill").write_text("1")
    until = time.monotonic() + CLOSING_S
    while group.exists() and time.monotonic() < until:
        with contextlib.suppress(OSError):  # EBUSY: the kernel is still freeing memory
            group.rmdir()
            return
        time.sleep(0.001)
