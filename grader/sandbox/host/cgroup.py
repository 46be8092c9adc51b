"""A cgroup for each sandbox, where cgroup v2 can be written: the kernel then bounds memory and processes of all inside.

    own group ──► judge     this process and its jobs, since a group that has groups for others holds no process
              └─► box-…     one sandbox's worker and its keeper: memory.max, memory.swap.max, pids.max

The judge's looks at the memory inside (box.py) and the worker's limits hold everywhere. A cgroup also holds between two
looks, and counts memory that is in no process. It is used where this process is alone in a group that it may write: as
root in a container of its own, or under `systemd-run --user --scope -p Delegate=yes`. Elsewhere nothing is changed.
Source: Linux, Documentation/admin-guide/cgroup-v2.rst.
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
CLOSING_S: Final = 1.0


@cache
def find_parent(listing: str = "/proc/self/cgroup", mount: str = "/sys/fs/cgroup") -> Path | None:
    """The group that those of sandboxes are made in, after this process has left it; None where there can be none."""
    try:
        lines = Path(listing).read_text().splitlines()
        own = next(Path(mount + line[3:]) for line in lines if line.startswith("0::/"))
        own = own.parent if own.name == LEAF else own
        if not set((own / "cgroup.controllers").read_text().split()) >= CONTROLLERS:
            return None
        return own if passes_on(own) or make_room(own) else None
    except (OSError, StopIteration):
        return None


def passes_on(group: Path) -> bool:
    return set((group / "cgroup.subtree_control").read_text().split()) >= CONTROLLERS


def make_room(group: Path) -> bool:
    """Move this process into a leaf and have the group pass its controllers on; undone if others are in the group."""
    if (group / "cgroup.procs").read_text().split() != [str(os.getpid())]:
        return False
    (group / LEAF).mkdir(exist_ok=True)
    (group / LEAF / "cgroup.procs").write_text(str(os.getpid()))
    try:
        (group / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in sorted(CONTROLLERS)))
        return True
    except OSError:
        (group / "cgroup.procs").write_text(str(os.getpid()))
        (group / LEAF).rmdir()
        return False


def make_group(parent: Path | None, memory: int, processes: int) -> Path | None:
    """A group for one sandbox; None where there is no parent, or it cannot be made."""
    if parent is None:
        return None
    group = parent / f"{BOXES}{secrets.token_hex(8)}"
    try:
        group.mkdir()
        (group / "memory.max").write_text(str(memory))
        (group / "pids.max").write_text(str(processes))
        with contextlib.suppress(OSError):  # a kernel that counts no swap
            (group / "memory.swap.max").write_text("0")
        return group
    except OSError:
        close_group(group)
        return None


def close_group(group: Path | None) -> None:
    """End whatever is left in it, and take it away; if that fails, an empty group stays behind."""
    if group is None:
        return
    with contextlib.suppress(OSError):  # before Linux 5.14
        (group / "cgroup.kill").write_text("1")
    until = time.monotonic() + CLOSING_S
    while group.exists() and time.monotonic() < until:
        with contextlib.suppress(OSError):  # what ended is not gone yet
            group.rmdir()
            return
        time.sleep(0.001)
