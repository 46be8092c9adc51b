"""The judge's end of zygotes (zygote.py): one a process and a Python, started with the first sandbox that has a worker.

A zygote ends when this process does: it reads from a socket whose other end is here alone.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
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

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def fork(self, init: int, said: str, pipes: Sequence[int]) -> None:
        """Have a worker forked into the sandbox of this init. Raises OSError if the zygote is gone."""
        message = json.dumps({"init": init, "options": json.loads(said)}).encode()
        socket.send_fds(self.socket, [message], pipes)

    def end(self) -> None:
        self.socket.close()
        self.process.kill()
        self.process.wait()


# By process, for one that was forked has its parent's only in name; None: none can be had here.
ZYGOTES: Final[dict[tuple[Any, ...], Zygote | None]] = {}


def find_zygote(recipe: Recipe) -> Zygote | None:
    """This process's zygote of that kind, started if need be; None where none is to be had."""
    key = (os.getpid(), recipe.command, recipe.env)
    zygote = ZYGOTES.get(key)
    if key in ZYGOTES and (zygote is None or zygote.is_alive):
        return zygote
    if zygote is not None:  # somebody killed it
        zygote.end()
    ZYGOTES[key] = None
    with contextlib.suppress(OSError):
        ZYGOTES[key] = Zygote(recipe)
    return ZYGOTES[key]


@atexit.register
def end_all() -> None:
    for key, zygote in list(ZYGOTES.items()):
        if zygote is not None and key[0] == os.getpid():
            zygote.end()
            del ZYGOTES[key]


def give_up(recipe: Recipe) -> None:
    """Workers of this kind are started without a zygote from now on, as they can be anywhere."""
    key = (os.getpid(), recipe.command, recipe.env)
    zygote, ZYGOTES[key] = ZYGOTES.get(key), None
    if zygote is not None:
        zygote.end()
