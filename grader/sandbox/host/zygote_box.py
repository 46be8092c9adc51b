"""A sandbox that bwrap makes and keeps open, and a worker that a zygote forks into it: ready sooner.

    judge ══requests, replies, prints══► worker server (child of a keeper outside: zygote.py)
          ──stdin──► bwrap (monitor) ── init (pid 1 inside) ── holder, which waits for the end of its input

The namespaces, and what is mounted in them, are bwrap's in every detail; killing their init ends all that is inside.
"""

from __future__ import annotations

import os
import select
import time
from typing import Final

from grader.errors import SandboxError
from grader.sandbox.host.box import Box, Launch, spawn
from grader.sandbox.host.cgroup import close_group, find_parent, make_group
from grader.sandbox.host.proc import memory_below
from grader.sandbox.host.zygote_client import HELD_PROCESSES, HOLDER, Recipe, Zygote, holder_guest, options_of

NEWS_S: Final = 10  # for what is known soon, or never: the pids of a worker that said hello


class HeldBox(Box):
    """One running sandbox with a worker from a zygote."""

    def __init__(self, launch: Launch, recipe: Recipe, zygote: Zygote) -> None:
        """Raises SandboxError if the launcher cannot be started, OSError if the zygote is gone."""
        self.recipe, self.zygote = recipe, zygote
        super().__init__(launch)

    def start(self, launch: Launch) -> None:
        assert launch.enclosure is not None
        options = options_of(launch.enclosure)
        self.said = b""
        self.group = make_group(find_parent(), launch.memory or 0, launch.processes + HELD_PROCESSES)
        worker_end, self.requests = os.pipe()
        self.replies, replies = os.pipe()
        self.prints, prints = os.pipe()
        self.news, news = os.pipe()
        theirs = [worker_end, replies, prints, news]
        try:
            self.process, self.init = spawn(launch, launch.enclosure.command(holder_guest(), HOLDER), prints)
            assert self.process.stdin and self.process.stdout
            os.write(self.process.stdin.fileno(), b"\n")  # comes back when the holder runs
            self.zygote.fork(self.init, options, [*theirs, self.process.stdout.fileno()], self.group)
            self.process.stdout.close()
        except SandboxError:
            self.close_own()
            close_group(self.group)
            raise
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
        return super().is_alive and self.lines(0, 2) < 2

    def exit_code(self) -> int | None:
        if self.lines(time.monotonic() + 1, 2) < 2:
            return None
        status = int(self.said.split(b"\n")[1])
        return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)

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
        self.lines(deadline, 1)
        first, newline, _ = self.said.partition(b"\n")
        return [int(word) for word in first.split()] if newline and first[:1].isdigit() else []

    def lines(self, deadline: float, count: int) -> int:
        """How many lines of news there are; waits for so many until then, or until there can be no more."""
        while self.said.count(b"\n") < count:
            if not select.select([self.news], [], [], max(0.0, deadline - time.monotonic()))[0]:
                break
            data = os.read(self.news, 1 << 12)
            if not data:
                break
            self.said += data
        return self.said.count(b"\n")

    def kill(self) -> tuple[str, int]:
        prints = super().kill()
        close_group(self.group)
        return prints

    def close_pipes(self) -> None:
        super().close_pipes()
        self.close_own()

    def close_own(self) -> None:
        for fd in (self.requests, self.replies, self.prints, self.news):
            os.close(fd)
