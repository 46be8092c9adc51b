"""Starts workers faster: a zygote (zygote.py) forks each worker into a sandbox that bwrap has made and keeps open.

    judge ══requests, replies, prints══► worker server (child of a keeper outside: zygote.py)
          ──stdin──► bwrap (monitor) ── init (pid 1 inside) ── holder, which waits for the end of its input
          ──socket─► zygote, which forks the keeper

bwrap makes the namespaces and all mounts in them. When the judge kills a sandbox's init, all processes inside end.
There is one zygote for each Python. The judge starts the zygote before the first worker, and all jobs of a run use it.
The zygote reads from a socket, and only these jobs hold the other end, so it ends after them.
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

HOLDER: Final = "/holder/cat"  # its path inside; the name must be cat, because busybox chooses the program by its name
# The holder and the keeper count for the process limits of the cgroup, and of the user if they have the worker's.
HELD_PROCESSES: Final = 2
NEWS_S: Final = 10  # longest wait for the keeper's pids, which it writes at once unless it failed

Recipe = tuple[str, ...]  # the command that starts a zygote


@cache
def recipe_for(interpreter: Interpreter, given: tuple[tuple[str, str], ...]) -> Recipe:
    """Return the command of a zygote that imports modules under their paths inside the sandbox."""
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
    """Return the guest for a sandbox whose program only waits. It holds worker.py, so that tracebacks quote lines."""
    # cat repeats its input: after one repeated line, the keeper knows that all mounts exist.
    holder = Path(shutil.which("cat") or "/bin/cat").resolve()
    return Guest(((f"{WORKER}/{WORKER_FILES[0]}", INSIDE / WORKER_FILES[0]), (HOLDER, holder)), holder)


class Zygote:
    def __init__(self, recipe: Recipe) -> None:
        """Raises OSError if it cannot be started."""
        self.recipe = recipe
        # SEQPACKET keeps each request whole, and can send file descriptors (unix(7)).
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
        self.owner = os.getpid()  # a forked job also holds the socket, but only its parent can reap the zygote

    @property
    def is_alive(self) -> bool:
        """Whether the zygote still holds the other end of the socket. Works in every process that uses this zygote."""
        # The zygote never sends data, so its socket becomes readable only when it ends.
        return not select.select([self.socket], [], [], 0)[0]

    def fork(self, init: int, options: Mapping[str, Any], pipes: Sequence[int], group: Path | None = None) -> None:
        """Make the zygote fork a worker into this init's sandbox and a cgroup. Raises OSError if the zygote ended."""
        request = {"init": init, "options": options, "group": None if group is None else str(group)}
        message = json.dumps(request).encode()
        socket.send_fds(self.socket, [message], pipes)

    def end(self) -> None:
        self.socket.close()
        if self.owner == os.getpid():
            self.process.kill()
            self.process.wait()


# Recipe → its zygote, or None if it cannot run here. A forked job inherits and uses its parent's zygotes.
ZYGOTES: Final[dict[Recipe, Zygote | None]] = {}


def find_zygote(recipe: Recipe) -> Zygote | None:
    """Return the zygote for this recipe, and start it if necessary. Returns None if no zygote can be started."""
    zygote = ZYGOTES.get(recipe)
    if zygote is not None and not zygote.is_alive:  # somebody, e.g. the kernel, killed the zygote
        zygote.end()
        del ZYGOTES[recipe]
    if recipe not in ZYGOTES:
        # Before the start, so that a failure is not repeated for every worker.
        ZYGOTES[recipe] = None
        with contextlib.suppress(OSError):
            ZYGOTES[recipe] = Zygote(recipe)
    return ZYGOTES[recipe]


def stop_using_zygote(zygote: Zygote) -> None:
    """From now on, start workers of this kind without a zygote."""
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
        """Raises SandboxError if the launcher cannot be started, OSError if the zygote has ended."""
        self.zygote = zygote
        self.news_text = b""
        super().__init__(launch)

    def start(self, launch: Launch) -> None:
        assert launch.enclosure is not None
        # Drop bwrap's messages: after a failure, Box starts bwrap again and shows them.
        self.process, self.init = spawn(launch, launch.enclosure.command(holder_guest(), HOLDER), subprocess.DEVNULL)
        options = dict(launch.enclosure.options)
        processes = options["limits"]["NPROC"] + HELD_PROCESSES
        if launch.enclosure.userns_fd is None:  # with a uid of its own, the worker alone counts
            options["limits"] = {**options["limits"], "NPROC": processes}
        self.group = make_group(find_parent(), launch.memory or 0, processes)
        requests, replies, prints, news = (os.pipe() for _ in range(4))
        self.use(requests[1], replies[0], prints[0])
        self.news = news[0]
        theirs = [requests[0], replies[1], prints[1], news[1]]
        assert self.process.stdin and self.process.stdout
        try:
            os.write(self.process.stdin.fileno(), b"\n")  # the holder repeats this line as soon as it runs
            pipes = [*theirs, self.process.stdout.fileno()]
            self.zygote.fork(self.init, options, pipes, self.group)
        except OSError:
            self.kill()
            raise
        finally:
            # Close the worker's ends: otherwise the judge would never notice that the worker closed them.
            for fd in theirs:
                os.close(fd)

    @property
    def was_refused(self) -> bool:
        """Whether there is no worker, because the zygote has ended or the kernel refused the keeper."""
        return not self.pids(time.monotonic() + NEWS_S)

    @property
    def is_alive(self) -> bool:
        # bwrap waits for the holder, not for the worker. The second line of news reports the worker's end.
        return super().is_alive and len(self.read_news(0, 2)) < 2

    def exit_code(self) -> int | None:
        news = self.read_news(time.monotonic() + 1, 2)
        if len(news) < 2:
            return None
        code = os.waitstatus_to_exitcode(news[1][0])
        return code if code >= 0 else 128 - code

    def has_stray_processes(self, *, staying: int = 0) -> bool:
        pids = self.pids(time.monotonic() + NEWS_S)
        # The init's only child is the holder. A process whose parent has ended would be a second child.
        if not pids or len(self.children_of(self.init)) != 1:
            return True
        keeper, server = pids
        return self.children_of(keeper) != [server] or self.has_others(server, staying)

    def held_memory(self) -> int:
        # Without the keeper, which belongs to the grader.
        return memory_below(self.init) + sum(map(memory_below, self.pids(0)[1:]))

    def pids(self, deadline: float) -> list[int]:
        """Return the pids of the keeper and the worker server, or [] if they are not known at the deadline."""
        return next(iter(self.read_news(deadline, 1)), [])

    def read_news(self, deadline: float, lines: int) -> list[list[int]]:
        """Return the lines of the keeper's news. Waits for `lines` lines, until the deadline or the end of the pipe."""
        while self.news_text.count(b"\n") < lines:
            ready, _, _ = select.select([self.news], [], [], max(0.0, deadline - time.monotonic()))
            data = os.read(self.news, 1 << 12) if ready else b""
            if not data:
                break
            self.news_text += data
        return [list(map(int, line.split())) for line in self.news_text.splitlines()]

    def kill(self) -> tuple[str, int]:
        prints = super().kill()
        close_group(self.group)
        return prints

    def close_pipes(self) -> None:
        super().close_pipes()
        for fd in (self.requests, self.replies, self.prints, self.news):
            os.close(fd)
