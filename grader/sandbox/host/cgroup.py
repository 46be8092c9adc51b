"""A cgroup for each sandbox, where cgroup v2 is writable: the kernel then limits memory and processes of all inside.

    own group ──► judge     this process and its jobs: a group that gives controllers to child groups holds no process
              └─► box-…     one sandbox's worker and its keeper: memory.max, memory.swap.max, pids.max

The judge's looks at the memory inside (box.py) and the worker's own limits work everywhere. A cgroup also limits memory
between two looks, and memory that belongs to no process. This module uses cgroups where this process is alone in a
group that it may write: as root in a container of its own, or under `systemd-run --user --scope -p Delegate=yes`.
Elsewhere it changes nothing. Source: Linux, Documentation/admin-guide/cgroup-v2.rst.
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
# To remove a group: a process that was killed stays in its group until the kernel has freed its memory.
CLOSING_S: Final = 1.0


@cache
def find_parent(listing: str = "/proc/self/cgroup", mount: str = "/sys/fs/cgroup") -> Path | None:
    """Return the group in which sandboxes' groups are made, after this process has left it; None where none can be."""
    try:
        lines = Path(listing).read_text().splitlines()
        # Version 2 is the line of hierarchy 0 (cgroups(7)); the lines of version 1 have other numbers.
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

    Undoes the move where the kernel refuses: other processes are in the group.
    """
    # Never move a process of anybody else: only this process's own group is ours to divide.
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
        # Without this, a sandbox at its limit swaps instead of failing, and slows every other job.
        with contextlib.suppress(OSError):  # a kernel without swap accounting
            (group / "memory.swap.max").write_text("0")
        return group
    except OSError:
        close_group(group)
        return None


def close_group(group: Path | None) -> None:
    """End every process in the group and remove it. If that fails, an empty group stays."""
    if group is None:
        return
    # One write ends all processes at once, also those that fork meanwhile. HeldBox.kill has killed the init already.
    with contextlib.suppress(OSError):  # before Linux 5.14
        (group / "cgroup.kill").write_text("1")
    until = time.monotonic() + CLOSING_S
    while group.exists() and time.monotonic() < until:
        with contextlib.suppress(OSError):  # EBUSY: the kernel still frees what ended
            group.rmdir()
            return
        time.sleep(0.001)
