"""A worker in a box, by whichever way is the fastest here. No other module knows of the ways.

start_worker(launch) ──► HeldBox: a zygote, which has NumPy already, forks the worker into a sandbox that is ready
                     ├─► Box: the launch's own command starts it; always there, and the same in all that matters
                     └─► PlainBox: a student's own code, without a sandbox
"""

from __future__ import annotations

from grader.sandbox.host.box import Box, Launch
from grader.sandbox.host.cgroup import find_parent
from grader.sandbox.host.interpreter import Interpreter
from grader.sandbox.host.plain_box import PlainBox
from grader.sandbox.host.zygote_box import HeldBox, Zygote, find_zygote, give_up, recipe_for


def find_zygote_for(interpreter: Interpreter, given: tuple[tuple[str, str], ...]) -> Zygote | None:
    """The one that workers in bwrap come from, started if need be; it keeps all files that they show in memory."""
    find_parent()  # before a zygote is there: only who is alone in a cgroup may make others in it
    return find_zygote(recipe_for(interpreter, given))


def start_worker(launch: Launch) -> Box:
    """Raises SandboxError if the launcher cannot be started."""
    if launch.is_plain:
        return PlainBox(launch)
    made_by = launch.enclosure
    if made_by and (zygote := find_zygote_for(made_by.interpreter, made_by.given)):
        try:
            return HeldBox(launch, zygote)
        except OSError:
            give_up(zygote)
    return Box(launch)


def may_start_otherwise(box: Box | None) -> bool:
    """Whether there is another way to start a worker than that of a box in which nobody said hello: the next one."""
    if isinstance(box, HeldBox) and box.was_refused:
        give_up(box.zygote)
        return True
    return False
