"""Starts a worker in a box, in the fastest way that works here. No other module knows these ways.

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
    """Return the zygote of this interpreter, and start it if need be. It keeps all files that they show in memory."""
    find_parent()  # before there is a zygote: only a process that is alone in its cgroup may make groups in it
    return find_zygote(recipe_for(interpreter, given))


def start_worker(launch: Launch) -> Box:
    """Raises SandboxError if the launcher cannot be started."""
    if launch.is_plain:
        return PlainBox(launch)
    made_by = launch.enclosure
    if made_by and (zygote := find_zygote_for(made_by.interpreter, made_by.given)):
        try:
            return HeldBox(launch, zygote)
        # The zygote is gone. No mark depends on it, so Box starts the worker instead.
        except OSError:
            stop_using_zygote(zygote)
    return Box(launch)


def can_start_another_way(box: Box | None) -> bool:
    """Whether another way can start a worker after this box, in which no worker said hello. The next start uses it."""
    if isinstance(box, HeldBox) and box.was_refused:
        stop_using_zygote(box.zygote)
        return True
    return False
