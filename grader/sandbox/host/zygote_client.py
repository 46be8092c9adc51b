"""The judge's end of zygotes (zygote.py): one a Python, started before the first worker, asked by all jobs of a run.

A zygote ends when they do: it reads from a socket whose other end they alone have.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final


@dataclass(frozen=True)
class Recipe:
    """How to start a zygote, and `held`: the command of a sandbox that waits for a worker from it.

    said: what the worker is told (its options).
    """

    command: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    held: tuple[str, ...]
    said: str


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

    def fork(self, init: int, said: str, pipes: Sequence[int], group: Path | None = None) -> None:
        """Have a worker forked into the sandbox of this init and a cgroup. Raises OSError if the zygote is gone."""
        options = {"init": init, "options": json.loads(said), "group": None if group is None else str(group)}
        message = json.dumps(options).encode()
        socket.send_fds(self.socket, [message], pipes)

    def end(self) -> None:
        self.socket.close()
        if self.owner == os.getpid():
            self.process.kill()
            self.process.wait()


# By command and environment; None: none can be had here. A process that is forked has its parent's, to ask them, too.
ZYGOTES: Final[dict[tuple[Any, ...], Zygote | None]] = {}


def find_zygote(recipe: Recipe) -> Zygote | None:
    """The zygote of that kind, started if need be; None where none is to be had."""
    key = (recipe.command, recipe.env)
    zygote = ZYGOTES.get(key)
    if key in ZYGOTES and (zygote is None or zygote.is_alive):
        return zygote
    if zygote is not None:  # somebody killed it
        zygote.end()
    ZYGOTES[key] = None
    with contextlib.suppress(OSError):
        ZYGOTES[key] = Zygote(recipe)
    return ZYGOTES[key]


def give_up(recipe: Recipe) -> None:
    """Workers of this kind are started without a zygote from now on, as they can be anywhere."""
    key = (recipe.command, recipe.env)
    zygote, ZYGOTES[key] = ZYGOTES.get(key), None
    if zygote is not None:
        zygote.end()


@atexit.register
def end_all() -> None:
    while ZYGOTES:
        _, zygote = ZYGOTES.popitem()
        if zygote is not None:
            zygote.end()
