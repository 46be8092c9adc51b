"""Workers that a zygote (zygote.py) forks into sandboxes that bwrap makes and keeps open: they are ready sooner.

    judge ══requests, replies, prints══► worker server (child of a keeper outside: zygote.py)
          ──stdin──► bwrap (monitor) ── init (pid 1 inside) ── holder, which waits for the end of its input
          ──socket─► zygote, which forks the keeper

bwrap makes the namespaces and all mounts in them. When the judge kills their init, everything inside ends. There is one
zygote for each Python. The judge starts it before the first worker, and all jobs of a run use it. It ends with them: it
reads from a socket, and only they hold the other end.
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

HOLDER: Final = "/holder/cat"  # its path inside; busybox takes from the name which program it is
# The holder and the keeper of a worker count against its limits: of its cgroup, and of its user where that is theirs.
HELD_PROCESSES: Final = 2
NEWS_S: Final = 10  # for the pids of a worker that said hello: the keeper writes them at once, or it failed

Recipe = tuple[str, ...]  # the command of a zygote


@cache
def recipe_for(interpreter: Interpreter, given: tuple[tuple[str, str], ...]) -> Recipe:
    """Return the command of a zygote that imports modules under the paths that a worker has inside."""
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
    """A sandbox that only waits. worker.py is compiled already; its file is there for the lines of tracebacks."""
    # cat waits for its input and repeats it: one line shows the judge and the keeper that everything is mounted.
    holder = Path(shutil.which("cat") or "/bin/cat").resolve()
    return Guest(((f"{WORKER}/{WORKER_FILES[0]}", INSIDE / WORKER_FILES[0]), (HOLDER, holder)), holder)


class Zygote:
    def __init__(self, recipe: Recipe) -> None:
        """Raises OSError if it cannot be started."""
        self.recipe = recipe
        # SEQPACKET keeps each request whole, and can carry the pipes (unix(7)).
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
        self.owner = os.getpid()  # a job that was forked holds the socket too, but only its parent can reap the zygote

    @property
    def is_alive(self) -> bool:
        """Whether a process holds the other end of the socket. Works in every process that has this zygote."""
        # The zygote never sends, so its socket becomes readable only when it ends.
        return not select.select([self.socket], [], [], 0)[0]

    def fork(self, init: int, options: Mapping[str, Any], pipes: Sequence[int], group: Path | None = None) -> None:
        """Let the zygote fork a worker into this init's sandbox and a cgroup. Raises OSError if the zygote is gone."""
        request = {"init": init, "options": options, "group": None if group is None else str(group)}
        message = json.dumps(request).encode()
        socket.send_fds(self.socket, [message], pipes)

    def end(self) -> None:
        self.socket.close()
        if self.owner == os.getpid():
            self.process.kill()
            self.process.wait()


# None: this Python can have no zygote here. A forked job inherits its parent's zygotes and uses them too.
ZYGOTES: Final[dict[Recipe, Zygote | None]] = {}


def find_zygote(recipe: Recipe) -> Zygote | None:
    """Return the zygote for this recipe, and start it if need be. None where none can be started."""
    zygote = ZYGOTES.get(recipe)
    if zygote is not None and not zygote.is_alive:  # it was killed, by the kernel for example
        zygote.end()
        del ZYGOTES[recipe]
    if recipe not in ZYGOTES:
        # First, so that a failure is remembered and not tried again for every worker.
        ZYGOTES[recipe] = None
        with contextlib.suppress(OSError):
            ZYGOTES[recipe] = Zygote(recipe)
    return ZYGOTES[recipe]


def stop_using_zygote(zygote: Zygote) -> None:
    """Start workers of this kind without a zygote from now on, as on any machine."""
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
        self.news_text = b""
        super().__init__(launch)

    def start(self, launch: Launch) -> None:
        assert launch.enclosure is not None
        # The worker has a pipe of its own for prints. bwrap's messages go nowhere: after a failure Box starts bwrap
        # once more, and shows them.
        self.process, self.init = spawn(launch, launch.enclosure.command(holder_guest(), HOLDER), subprocess.DEVNULL)
        options = dict(launch.enclosure.options)
        processes = options["limits"]["NPROC"] + HELD_PROCESSES
        if launch.enclosure.userns_fd is None:  # otherwise the worker has a uid of its own, which the two do not have
            options["limits"] = {**options["limits"], "NPROC": processes}
        self.group = make_group(find_parent(), launch.memory or 0, processes)
        requests, replies, prints, news = (os.pipe() for _ in range(4))
        self.use(requests[1], replies[0], prints[0])
        self.news = news[0]
        theirs = [requests[0], replies[1], prints[1], news[1]]
        assert self.process.stdin and self.process.stdout
        try:
            os.write(self.process.stdin.fileno(), b"\n")  # the holder repeats it as soon as it runs
            pipes = [*theirs, self.process.stdout.fileno()]
            self.zygote.fork(self.init, options, pipes, self.group)
        except OSError:
            self.kill()
            raise
        finally:
            # The judge must not hold the worker's ends, or it would never see them closed.
            for fd in theirs:
                os.close(fd)

    @property
    def was_refused(self) -> bool:
        """Whether there is no worker: the zygote is gone, or the kernel refused to let the keeper in."""
        return not self.pids(time.monotonic() + NEWS_S)

    @property
    def is_alive(self) -> bool:
        # bwrap waits for its holder, not for the worker. The second line of news is the worker's end.
        return super().is_alive and len(self.read_news(0, 2)) < 2

    def exit_code(self) -> int | None:
        news = self.read_news(time.monotonic() + 1, 2)
        if len(news) < 2:
            return None
        code = os.waitstatus_to_exitcode(news[1][0])
        return code if code >= 0 else 128 - code

    def has_stray_processes(self, *, staying: int = 0) -> bool:
        pids = self.pids(time.monotonic() + NEWS_S)
        # Of the init, the holder is the only child; a process that lost its parent inside would be another.
        if not pids or len(self.children_of(self.init)) != 1:
            return True
        keeper, server = pids
        return self.children_of(keeper) != [server] or self.has_others(server, staying)

    def held_memory(self) -> int:
        # The keeper is ours and is outside; what it holds does not count.
        return memory_below(self.init) + sum(map(memory_below, self.pids(0)[1:]))

    def pids(self, deadline: float) -> list[int]:
        """The pids of the keeper and the worker server; empty if there are none, or none is known at the deadline."""
        return next(iter(self.read_news(deadline, 1)), [])

    def read_news(self, deadline: float, lines: int) -> list[list[int]]:
        """Return the lines of news. Waits for that many until the deadline, or until the pipe ends."""
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
