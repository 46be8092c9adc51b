"""Processes: started, fed, read, watched from outside and killed. Only this folder spawns any.

    judge ──stdin──► bwrap (monitor) ── init (pid 1 inside) ── worker server ── one child a check
          ◄─stdout─ replies          ◄─stderr─ whatever the student prints

The judge owns the ends of three pipes and the process ids; nothing that the inside says about processes is believed.
Killing the init makes the kernel kill everything in its pid namespace, whatever group or session it fled to.
A fault of the box is a SandboxError; a fault of the program inside is only ever seen as bytes, silence or an exit.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from grader.errors import SandboxError
from grader.messages.say import fault
from grader.records import Reason
from grader.sandbox.host.mounts import Enclosure
from grader.sandbox.host.proc import Parent, list_children, memory_below
from grader.sandbox.host.user_ids import end_processes_of

CHUNK: Final = 1 << 16
MAX_OUTPUT: Final = 64 << 10  # of what a check prints: what a person reads; the rest is drained and counted
MAX_PIPE: Final = 1 << 20  # the most that Linux lets an ordinary user make of a pipe
LOOK_S: Final = 0.05  # between looks at the memory of all processes inside; most calls are answered before the first
MAX_FLOOD: Final = 256 << 20  # of prints in one check before it is stopped: past it, draining costs the judge more


class Silence(Exception):
    """The worker did not answer in time."""


class Gone(Exception):
    """The worker closed its pipe: it and all below it ended."""


class Flood(Exception):
    """The worker printed more than anybody should drain."""


class Glut(Exception):
    """The processes inside hold more memory together than they may."""


@dataclass(frozen=True)
class Launch:
    """How to start a worker.

    memory: bytes that all processes may hold together. is_plain: a student's own code on their own machine, for
    PlainBox (plain_box.py), where the system may be any. uid: under which it runs, alone, so that all processes of that
    uid are its own; None where a namespace tells them. enclosure: the sandbox of bwrap's that the command makes.
    """

    command: tuple[str, ...]
    env: Mapping[str, str]
    memory: int | None = None
    is_plain: bool = False
    uid: int | None = None
    enclosure: Enclosure | None = None


class Box:
    """One running sandbox. Not thread-safe; one judge talks to it."""

    def __init__(self, launch: Launch) -> None:
        """Start the processes. Raises SandboxError if the launcher cannot be started."""
        self.uid = launch.uid
        self.memory = launch.memory
        self.next_look = 0.0
        self.printed = bytearray()
        self.printed_bytes = 0
        self.parents: dict[int, Parent] = {}
        self.start(launch)

    def start(self, launch: Launch) -> None:
        self.process, self.init = spawn(launch, launch.command, subprocess.PIPE)
        assert self.process.stdin and self.process.stdout and self.process.stderr
        self.use(self.process.stdin.fileno(), self.process.stdout.fileno(), self.process.stderr.fileno())

    def use(self, *pipes: int) -> None:
        self.requests, self.replies, self.prints = pipes
        for fd in pipes:
            os.set_blocking(fd, False)

    def send(self, data: bytes, deadline: float) -> None:
        """Write all of it, reading prints meanwhile. Raises Silence, Gone, Flood or Glut."""
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self.requests, view) :]
            except BlockingIOError:
                self.wait([self.prints], [self.requests], deadline)
            except BrokenPipeError:
                raise Gone from None

    def receive(self, deadline: float) -> bytes:
        """Some bytes of replies, at least one. Raises Silence, Gone, Flood or Glut."""
        while True:
            readable, _ = self.wait([self.replies, self.prints], [], deadline)
            if self.replies in readable:
                data = os.read(self.replies, CHUNK)
                if not data:
                    raise Gone
                return data

    def pending(self) -> bool:
        """Whether replies lie in the pipe that nobody asked for."""
        return bool(select.select([self.replies], [], [], 0)[0])

    def take_prints(self) -> tuple[str, int]:
        """What was printed since the last call: the first MAX_OUTPUT bytes as text, and how many there were."""
        # What the pipe can hold, and no more: it may be filled as fast as it is read.
        for _ in range(MAX_PIPE // CHUNK):
            if self.prints not in select.select([self.prints], [], [], 0)[0] or not self.drain():
                break
        return self.cut_prints()

    def cut_prints(self) -> tuple[str, int]:
        text, count = self.printed.decode("utf-8", "replace"), self.printed_bytes
        self.printed, self.printed_bytes = bytearray(), 0
        return text, count

    def keep_prints(self, data: bytes) -> None:
        self.printed_bytes += len(data)
        self.printed += data[: MAX_OUTPUT - len(self.printed)]

    def left_behind(self, *, staying: int = 0) -> bool:
        """Whether a process is alive but the server, and as many children as stay: nothing else outlives its check."""
        inside = self.children_of(self.init) if self.init != self.process.pid else [self.process.pid]
        return len(inside) != 1 or self.has_others(inside[0], staying)

    def has_others(self, server: int, staying: int) -> bool:
        """Whether a worker server has another number of children than stay, or one of these has a child."""
        children = self.children_of(server)
        return len(children) != staying or any(map(list_children, children))

    def children_of(self, pid: int) -> list[int]:
        """Of a process that lives as long as the box."""
        if pid not in self.parents:
            self.parents[pid] = Parent(pid)
        return self.parents[pid].children()

    def held_memory(self) -> int:
        """Bytes that all processes inside hold."""
        return memory_below(self.init)

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def exit_code(self) -> int | None:
        """The exit code of a box whose pipe was closed (128 + n: the server died of signal n), or None if it lives."""
        try:
            return self.process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> tuple[str, int]:
        """End everything inside, at once, and reap it. Returns the prints that were left in the pipe."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(self.init, signal.SIGKILL) if self.init > 0 else None
        prints = self.take_prints()
        see_end(self.process, 1)  # the monitor reaps its init, then ends by itself
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.close_pipes()
        self.process.wait()
        if self.uid is not None:
            end_processes_of(self.uid)
        return prints

    def interrupt(self) -> None:
        """From another thread: end everything inside. The judge finds its pipes closed, and then reaps it by kill()."""
        if self.is_alive:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
                os.kill(self.init, signal.SIGKILL) if self.init > 0 else None

    def close_pipes(self) -> None:
        while self.parents:
            self.parents.popitem()[1].close()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()

    def wait(self, read: list[int], write: list[int], deadline: float) -> tuple[list[int], list[int]]:
        readable, writable = self.select(read, write, deadline)
        if self.prints in readable and not self.drain() and readable == [self.prints]:
            time.sleep(0.001)  # prints closed, replies not: a dying worker; do not spin
        if self.printed_bytes > MAX_FLOOD:
            raise Flood
        return readable, writable

    def select(self, read: list[int], write: list[int], deadline: float) -> tuple[list[int], list[int]]:
        """What is ready, with a look at the memory inside every so often meanwhile. Raises Silence or Glut."""
        while (now := time.monotonic()) < deadline:
            if self.memory is not None and now >= self.next_look:
                self.next_look = now + LOOK_S
                if self.held_memory() > self.memory:
                    raise Glut
            until = deadline if self.memory is None else min(deadline, self.next_look)
            readable, writable, _ = select.select(read, write, [], until - now)
            if readable or writable:
                return readable, writable
        raise Silence

    def drain(self) -> bool:
        data = os.read(self.prints, CHUNK)
        self.keep_prints(data)
        return bool(data)


def see_end(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait for it, no longer than that; woken by its end where the kernel can do so, and not between sleeps."""
    if process.poll() is None:
        with contextlib.suppress(AttributeError, OSError):  # not Linux, or before 5.3
            fd = os.pidfd_open(process.pid)
            try:
                seconds = 0 if select.select([fd], [], [], seconds)[0] else 0.001
            finally:
                os.close(fd)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=seconds)


def spawn(launch: Launch, command: Sequence[str], prints: int) -> tuple[subprocess.Popen[bytes], int]:
    """A launcher; and the pid of its namespace's init, which bwrap reports, or its own. Raises SandboxError.

    Its stdin and stdout are pipes; prints: where it and whoever is inside print.
    """
    words, fds, info = list(command), list[int](), -1
    if launch.enclosure is not None:
        info, info_write = os.pipe()
        words[1:1] = ["--info-fd", str(info_write)]
        fds = [fd for fd in (info_write, launch.enclosure.userns_fd) if fd is not None]
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=prints,
            bufsize=0,
            env=dict(launch.env),
            pass_fds=fds,
            start_new_session=True,  # Ctrl-C is for the grader, which then ends the worker; Windows has no sessions
            cwd=None if launch.is_plain else "/",
        )
    except OSError as error:
        raise fault(Reason.of("cannot_be_started", command=words[0], error=str(error)), SandboxError) from error
    finally:
        if info >= 0:
            os.close(info_write)
    return process, read_init(info) if info >= 0 else process.pid


def read_init(info: int) -> int:
    """The pid of the namespace's init, as bwrap reports it before it runs anything."""
    with contextlib.suppress(ValueError, KeyError), os.fdopen(info, "rb") as file:
        return int(json.load(file)["child-pid"])
    return -1  # bwrap failed before it had one; what it prints says why
