"""The judge's end of zygotes (zygote.py): one a Python, started before the first worker, asked by all jobs of a run.

A sandbox is held open for a worker by a `cat` that waits for the end of its input.

A zygote ends when they do: it reads from a socket whose other end they alone have.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import shutil
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from grader.sandbox.host.interpreter import Interpreter
from grader.sandbox.host.mounts import (
    ENVIRONMENT,
    INSIDE,
    SITE,
    WORK,
    WORKER,
    WORKER_FILES,
    WORKER_GUEST,
    Enclosure,
    Guest,
    resident_paths,
)

HOLDER: Final = "/holder/cat"  # inside; by this name busybox knows what it is to be, too
# The holder and the keeper of a worker from a zygote count against its limit where they are of its user.
HELD_PROCESSES: Final = 2


@dataclass(frozen=True)
class Recipe:
    """How to start a zygote."""

    command: tuple[str, ...]
    env: tuple[tuple[str, str], ...]


@cache
def recipe_for(interpreter: Interpreter, given: tuple[tuple[str, str], ...]) -> Recipe | None:
    """Of a zygote that imports under the paths that a worker has inside. None where no sandbox can be held open."""
    if find_holder() is None:
        return None
    shown, hidden = resident_paths(interpreter, WORKER_GUEST, holder_guest())
    places = {f"{SITE}/{folder.name}": str(folder) for folder in interpreter.numpy_folders}
    options = {
        "places": {**places, WORKER: str(INSIDE)},
        "worker": WORKER,
        "modules": [name.removesuffix(".py") for name in WORKER_FILES[1:]],
        "given": {f"{WORK}/{path}": original for path, original in given},
        "shown": shown,
        "hidden": hidden,
    }
    command = (*interpreter.command, str(Path(__file__).with_name("zygote.py")), json.dumps(options))
    return Recipe(command, tuple({**ENVIRONMENT, "PWD": WORK}.items()))


def holder_guest() -> Guest:
    """A sandbox that waits. The worker's program is compiled already; its file is there for lines of tracebacks."""
    holder = find_holder()
    assert holder is not None
    return Guest(((f"{WORKER}/{WORKER_FILES[0]}", INSIDE / WORKER_FILES[0]), (HOLDER, holder)), holder)


def options_of(enclosure: Enclosure) -> dict[str, Any]:
    """What a worker from a zygote is told."""
    limits = enclosure.options["limits"]
    more = {} if enclosure.root else {"NPROC": limits["NPROC"] + HELD_PROCESSES}
    return {**enclosure.options, "limits": {**limits, **more}}


@cache
def find_holder() -> Path | None:
    """A program that copies its input until that ends."""
    found = shutil.which("cat")
    return Path(found).resolve() if found else None


class Zygote:
    def __init__(self, recipe: Recipe) -> None:
        """Raises OSError if it cannot be started."""
        own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with contextlib.ExitStack() as on_failure:
            on_failure.enter_context(own)
            with other:
                self.process = subprocess.Popen(
                    recipe.command,
                    stdin=other.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=dict(recipe.env),
                    cwd="/",
                    start_new_session=True,
                )
            on_failure.pop_all()
        self.socket = own
        self.owner = os.getpid()

    @property
    def is_alive(self) -> bool:
        """Whether somebody is at the other end, as any process that has this one can tell."""
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        return not poll.poll(0)

    def fork(self, init: int, options: Mapping[str, Any], pipes: Sequence[int], group: Path | None = None) -> None:
        """Have a worker forked into the sandbox of this init and a cgroup. Raises OSError if the zygote is gone."""
        request = {"init": init, "options": options, "group": None if group is None else str(group)}
        message = json.dumps(request).encode()
        socket.send_fds(self.socket, [message], pipes)

    def end(self) -> None:
        self.socket.close()
        if self.owner == os.getpid():
            self.process.kill()
            self.process.wait()


# None: none can be had here. A process that is forked has its parent's, to ask them, too.
ZYGOTES: Final[dict[Recipe, Zygote | None]] = {}


def find_zygote(recipe: Recipe) -> Zygote | None:
    """The zygote of that kind, started if need be; None where none is to be had."""
    zygote = ZYGOTES.get(recipe)
    if recipe in ZYGOTES and (zygote is None or zygote.is_alive):
        return zygote
    if zygote is not None:  # somebody killed it
        zygote.end()
    ZYGOTES[recipe] = None
    with contextlib.suppress(OSError):
        ZYGOTES[recipe] = Zygote(recipe)
    return ZYGOTES[recipe]


def give_up(recipe: Recipe) -> None:
    """Workers of this kind are started without a zygote from now on, as they can be anywhere."""
    zygote, ZYGOTES[recipe] = ZYGOTES.get(recipe), None
    if zygote is not None:
        zygote.end()


@atexit.register
def end_all() -> None:
    while ZYGOTES:
        _, zygote = ZYGOTES.popitem()
        if zygote is not None:
            zygote.end()
