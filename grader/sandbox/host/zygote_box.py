"""Workers that a zygote (zygote.py) forks into sandboxes that bwrap makes and keeps open: ready sooner.

    judge ══requests, replies, prints══► worker server (child of a keeper outside: zygote.py)
          ──stdin──► bwrap (monitor) ── init (pid 1 inside) ── holder, which waits for the end of its input
          ──socket─► zygote, which forks the keeper

The namespaces, and what is mounted in them, are bwrap's in every detail; killing their init ends all that is inside.
There is one zygote for a Python, started before the first worker and asked by all jobs of a run. It ends when they do:
it reads from a socket whose other end they alone have.
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
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from grader.sandbox.host.box import Box, Launch, spawn
from grader.sandbox.host.cgroup import close_group, find_parent, make_group
from grader.sandbox.host.interpreter import Interpreter
from grader.sandbox.host.mounts import (
    ENVIRONMENT,
    INSIDE,
    SITE,
    WORK,
    WORKER,
    WORKER_FILES,
    WORKER_GUEST,
    Guest,
    resident_paths,
)
from grader.sandbox.host.proc import memory_below

HOLDER: Final = "/holder/cat"  # inside; by this name busybox knows what it is to be, too
# The holder and the keeper of a worker count against its limit where they are of its user, and in its cgroup.
HELD_PROCESSES: Final = 2
NEWS_S: Final = 10  # for what is known soon, or never: the pids of a worker that said hello

Recipe = tuple[str, ...]  # the command of a zygote


@cache
def recipe_for(interpreter: Interpreter, given: tuple[tuple[str, str], ...]) -> Recipe:
    """Of a zygote that imports under the paths that a worker has inside."""
    shown, hidden = resident_paths(interpreter, WORKER_GUEST, holder_guest())
    places = {f"{SITE}/{folder.name}": str(folder) for folder in interpreter.numpy_folders}
    options = {
        "places": {WORKER: str(INSIDE), **places},
        "worker": WORKER,
        "modules": [name.removesuffix(".py") for name in WORKER_FILES[1:]],
        "given": {f"{WORK}/{path}": original for path, original in given},
        "shown": shown,
        "hidden": hidden,
    }
    return (*interpreter.command, str(Path(__file__).with_name("zygote.py")), json.dumps(options))


@cache
def holder_guest() -> Guest:
    """A sandbox that waits. The worker's program is compiled already; its file is there for lines of tracebacks."""
    holder = Path(shutil.which("cat") or "/bin/cat").resolve()
    return Guest(((f"{WORKER}/{WORKER_FILES[0]}", INSIDE / WORKER_FILES[0]), (HOLDER, holder)), holder)


class Zygote:
    def __init__(self, recipe: Recipe) -> None:
        """Raises OSError if it cannot be started."""
        self.recipe = recipe
        self.socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self.process = subprocess.Popen(
                recipe,
                stdin=other.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**ENVIRONMENT, "PWD": WORK},
                cwd="/",
                start_new_session=True,
            )
        except OSError:
            self.socket.close()
            raise
        finally:
            other.close()
        self.owner = os.getpid()

    @property
    def is_alive(self) -> bool:
        """Whether somebody is at the other end, as any process that has this one can tell."""
        return not select.select([self.socket], [], [], 0)[0]

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
    if zygote is not None and not zygote.is_alive:  # somebody killed it
        zygote.end()
        del ZYGOTES[recipe]
    if recipe not in ZYGOTES:
        ZYGOTES[recipe] = None
        with contextlib.suppress(OSError):
            ZYGOTES[recipe] = Zygote(recipe)
    return ZYGOTES[recipe]


def give_up(zygote: Zygote) -> None:
    """Workers of this kind are started without a zygote from now on, as they can be anywhere."""
    ZYGOTES[zygote.recipe] = None
    zygote.end()


@atexit.register
def end_all() -> None:
    for zygote in filter(None, ZYGOTES.values()):
        zygote.end()
    ZYGOTES.clear()


class HeldBox(Box):
    """One running sandbox with a worker from a zygote."""

    def __init__(self, launch: Launch, zygote: Zygote) -> None:
        """Raises SandboxError if the launcher cannot be started, OSError if the zygote is gone."""
        self.zygote = zygote
        self.told = b""
        super().__init__(launch)

    def start(self, launch: Launch) -> None:
        assert launch.enclosure is not None
        # The worker has a pipe of its own for prints; whatever bwrap says, where it fails, it says when asked again.
        self.process, self.init = spawn(launch, launch.enclosure.command(holder_guest(), HOLDER), subprocess.DEVNULL)
        options = dict(launch.enclosure.options)
        processes = options["limits"]["NPROC"] + HELD_PROCESSES
        if launch.enclosure.userns_fd is None:  # else the worker has a user of its own, whom the two are not of
            options["limits"] = {**options["limits"], "NPROC": processes}
        self.group = make_group(find_parent(), launch.memory or 0, processes)
        requests, replies, prints, news = (os.pipe() for _ in range(4))
        self.use(requests[1], replies[0], prints[0])
        self.news = news[0]
        theirs = [requests[0], replies[1], prints[1], news[1]]
        assert self.process.stdin and self.process.stdout
        try:
            os.write(self.process.stdin.fileno(), b"\n")  # comes back when the holder runs
            pipes = [*theirs, self.process.stdout.fileno()]
            self.zygote.fork(self.init, options, pipes, self.group)
        except OSError:
            self.kill()
            raise
        finally:
            for fd in theirs:
                os.close(fd)

    @property
    def was_refused(self) -> bool:
        """Whether no worker came to be: the zygote is gone, or may not enter."""
        return not self.pids(time.monotonic() + NEWS_S)

    @property
    def is_alive(self) -> bool:
        return super().is_alive and len(self.hear_news(0, 2)) < 2

    def exit_code(self) -> int | None:
        news = self.hear_news(time.monotonic() + 1, 2)
        if len(news) < 2:
            return None
        code = os.waitstatus_to_exitcode(news[1][0])
        return code if code >= 0 else 128 - code

    def left_behind(self, *, staying: int = 0) -> bool:
        pids = self.pids(time.monotonic() + NEWS_S)
        if not pids or len(self.children_of(self.init)) != 1:
            return True
        keeper, server = pids
        return self.children_of(keeper) != [server] or self.has_others(server, staying)

    def held_memory(self) -> int:
        return memory_below(self.init) + sum(map(memory_below, self.pids(0)[1:]))

    def pids(self, deadline: float) -> list[int]:
        """Of the keeper and of the worker server; nothing if they are not there, or are not known by then."""
        return next(iter(self.hear_news(deadline, 1)), [])

    def hear_news(self, deadline: float, lines: int) -> list[list[int]]:
        """The lines of news; waits for so many until then, or until there can be no more."""
        while self.told.count(b"\n") < lines:
            ready, _, _ = select.select([self.news], [], [], max(0.0, deadline - time.monotonic()))
            data = os.read(self.news, 1 << 12) if ready else b""
            if not data:
                break
            self.told += data
        return [list(map(int, line.split())) for line in self.told.splitlines()]

    def kill(self) -> tuple[str, int]:
        prints = super().kill()
        close_group(self.group)
        return prints

    def close_pipes(self) -> None:
        super().close_pipes()
        for fd in (self.requests, self.replies, self.prints, self.news):
            os.close(fd)
