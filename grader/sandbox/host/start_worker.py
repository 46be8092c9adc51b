"""Starts a worker in a box, in the fastest way that works on this machine. Only this module chooses the way.

start_worker(launch) ──► HeldBox: a zygote, which has imported NumPy, forks the worker into a sandbox that is ready
                     ├─► Box: the launch's own command starts the worker. Works everywhere, with the same protection
                     └─► PlainBox: a student's own code, without a sandbox
"""

from __future__ import annotations

from grader.sandbox.host.box import Box, Launch
from grader.sandbox.host.cgroup import find_parent
from grader.sandbox.host.interpreter import Interpreter
from grader.sandbox.host.plain_box import PlainBox
from grader.sandbox.host.zygote_box import HeldBox, Zygote, find_zygote, recipe_for, stop_using_zygote


def find_zygote_for(interpreter: Interpreter, given: tuple[tuple[str, str], ...]) -> Zygote | None:
    """Return this interpreter's zygote, started if necessary. The zygote keeps sandboxes' files in memory."""
    find_parent()  # before the zygote starts: only a process that is alone in its cgroup may divide it
    return find_zygote(recipe_for(interpreter, given))


def start_worker(launch: Launch) -> Box:
    """Raises SandboxError if the launcher cannot be started."""
    if launch.is_plain:
        return PlainBox(launch)
    made_by = launch.enclosure
    if made_by and (zygote := find_zygote_for(made_by.interpreter, made_by.given)):
        try:
            return HeldBox(launch, zygote)
        # The zygote has died. Box starts the worker instead; no mark depends on the way.
        except OSError:
            stop_using_zygote(zygote)
    return Box(launch)


def can_start_another_way(box: Box | None) -> bool:
    """Whether the next start can use another way, after no hello came from this box."""
    if isinstance(box, HeldBox) and box.was_refused:
        stop_using_zygote(box.zygote)
        return True
    return False
