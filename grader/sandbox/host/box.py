"""Starts, watches and kills the processes of one sandbox, and reads and writes their pipes.

    judge ──stdin──► bwrap (monitor) ── init (pid 1 inside) ── worker server ── one child per check
          ◄─stdout─ replies          ◄─stderr─ whatever the student prints

The judge holds its ends of three pipes, and finds processes by /proc alone: it trusts no report from the sandbox. When
the judge kills the init, the kernel kills every process in that pid namespace, in whatever group or session. A fault
of the sandbox raises SandboxError. The program inside can only fail in three ways: wrong bytes, no reply, an exit.
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
# Bytes of prints that are kept for one check, as many as a person reads. The judge reads and counts the rest too,
# because a full pipe would block the student's code.
MAX_OUTPUT: Final = 64 << 10
MAX_PIPE: Final = 1 << 20  # bytes: the largest pipe of a user, by default (pipe(7), /proc/sys/fs/pipe-max-size)
LOOK_S: Final = 0.05  # wait between two measurements of all processes' memory; most calls return before the first one
MAX_FLOOD: Final = 256 << 20  # bytes of prints in one check; after more, the judge kills the sandbox


class NoReply(Exception):
    """The worker did not answer in time."""


class WorkerEnded(Exception):
    """The worker closed its pipe: the worker and all processes below it ended."""


class TooMuchPrinted(Exception):
    """The worker printed more than MAX_FLOOD bytes in one check."""


class TooMuchMemory(Exception):
    """All processes in the sandbox together use more memory than Launch.memory."""


@dataclass(frozen=True)
class Launch:
    """How to start a worker.

    memory: the bytes that all its processes together may use. is_plain: for PlainBox (plain_box.py), which runs a
    student's own code on their own machine, on any system. uid: a user id that only this worker has, so that all
    processes of this uid belong to it; None if a pid namespace contains them. enclosure: the command's bwrap sandbox.
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
            # If one pipe blocked the judge, it would miss its deadlines and the other two pipes.
            os.set_blocking(fd, False)

    def pipe_bytes(self) -> int:
        """Return the request pipe's capacity: 65,536 bytes, or less if the user has very many pipes (pipe(7))."""
        import fcntl  # imported here: Windows has no fcntl, and queues no checks

        return fcntl.fcntl(self.requests, fcntl.F_GETPIPE_SZ)

    def send(self, data: bytes, deadline: float) -> None:
        """Write all data, and read prints meanwhile. Raises NoReply, WorkerEnded, TooMuchPrinted or TooMuchMemory."""
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self.requests, view) :]
            except BlockingIOError:
                # Read prints while waiting: otherwise a worker that prints first would block on a full pipe for ever.
                self.wait([self.prints], [self.requests], deadline)
            except BrokenPipeError:
                raise WorkerEnded from None

    def receive(self, deadline: float) -> bytes:
        """Return some bytes of replies, at least one. Raises NoReply, WorkerEnded, TooMuchPrinted or TooMuchMemory."""
        while True:
            readable, _ = self.wait([self.replies, self.prints], [], deadline)
            if self.replies in readable:
                data = os.read(self.replies, CHUNK)
                if not data:
                    raise WorkerEnded
                return data

    def pending(self) -> bool:
        """Whether the pipe holds replies that answer no request."""
        return bool(select.select([self.replies], [], [], 0)[0])

    def take_prints(self) -> tuple[str, int]:
        """Return the prints since the last call: the first MAX_OUTPUT bytes as text, and the number of bytes."""
        # Read at most the content of one pipe: otherwise a process that prints fast would never end this loop.
        for _ in range(MAX_PIPE // CHUNK):
            if self.prints not in select.select([self.prints], [], [], 0)[0] or not self.drain():
                break
        return self.reset_prints()

    def reset_prints(self) -> tuple[str, int]:
        text, count = self.printed.decode("utf-8", "replace"), self.printed_bytes
        self.printed, self.printed_bytes = bytearray(), 0
        return text, count

    def add_prints(self, data: bytes) -> None:
        self.printed_bytes += len(data)
        self.printed += data[: MAX_OUTPUT - len(self.printed)]

    def has_stray_processes(self, *, staying: int = 0) -> bool:
        """Whether a process is alive besides the server and `staying` children: no other may outlive its check."""
        # Inside bwrap the init's only child is the server. Under --sandbox uid or none the launcher is the server.
        inside = self.children_of(self.init) if self.init != self.process.pid else [self.process.pid]
        return len(inside) != 1 or self.has_others(inside[0], staying)

    def has_others(self, server: int, staying: int) -> bool:
        """Whether a worker server has more or fewer children than `staying`, or one of these has a child."""
        children = self.children_of(server)
        return len(children) != staying or any(map(list_children, children))

    def children_of(self, pid: int) -> list[int]:
        """Return the children of a process that lives as long as the box."""
        if pid not in self.parents:
            self.parents[pid] = Parent(pid)
        return self.parents[pid].children()

    def held_memory(self) -> int:
        """Return how many bytes of memory all processes inside use."""
        return memory_below(self.init)

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def exit_code(self) -> int | None:
        """Return the exit code of a box whose pipe is closed (128 + n for signal n), or None if it still runs."""
        try:
            return self.process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> tuple[str, int]:
        """Kill and reap all processes inside. Returns the prints that remained in the pipe."""
        # Both errors mean that a process ended by itself between two lines.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            # -1 means no init (read_init), and kill(-1, …) would signal every process of this user.
            os.kill(self.init, signal.SIGKILL) if self.init > 0 else None
        prints = self.take_prints()
        wait_for_end(self.process, 1)  # the monitor reaps its init and then ends by itself
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.close_pipes()
        self.process.wait()
        if self.uid is not None:
            # There is no pid namespace here, so only its user id shows a process that left the group.
            end_processes_of(self.uid)
        return prints

    def interrupt(self) -> None:
        """Kill all processes inside, from another thread. The judge finds the pipes closed; kill() reaps them."""
        # After a process was reaped, the kernel may give its id to another process.
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
            time.sleep(0.001)  # a dying worker closed its prints but not its replies: sleep, to avoid a busy loop
        if self.printed_bytes > MAX_FLOOD:
            raise TooMuchPrinted
        return readable, writable

    def select(self, read: list[int], write: list[int], deadline: float) -> tuple[list[int], list[int]]:
        """Return the pipes that are ready. Measures the memory inside every LOOK_S. Raises NoReply or TooMuchMemory."""
        while (now := time.monotonic()) < deadline:
            # The kernel limits each process alone (limits.py), so a check that forks could use many times that limit.
            if self.memory is not None and now >= self.next_look:
                self.next_look = now + LOOK_S
                if self.held_memory() > self.memory:
                    raise TooMuchMemory
            until = deadline if self.memory is None else min(deadline, self.next_look)
            readable, writable, _ = select.select(read, write, [], until - now)
            if readable or writable:
                return readable, writable
        raise NoReply

    def drain(self) -> bool:
        data = os.read(self.prints, CHUNK)
        self.add_prints(data)
        return bool(data)


def wait_for_end(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait at most this many seconds for a process to end. If the kernel has pidfds, the end wakes the judge."""
    if process.poll() is None:
        with contextlib.suppress(AttributeError, OSError):  # no pidfds: not Linux, or a kernel before 5.3
            fd = os.pidfd_open(process.pid)
            try:
                seconds = 0 if select.select([fd], [], [], seconds)[0] else 0.001
            finally:
                os.close(fd)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=seconds)


def spawn(launch: Launch, command: Sequence[str], prints: int) -> tuple[subprocess.Popen[bytes], int]:
    """Start a launcher.

    Return the launcher, and the pid of its namespace's init, or the launcher's own pid without a namespace. The
    launcher's stdin and stdout are pipes. prints: the file to which the launcher and all processes inside print.
    Raises SandboxError.
    """
    words, fds, info = list(command), list[int](), -1
    # bwrap writes the init's pid to this pipe, as JSON. The worker closes the pipe before student code runs.
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
            start_new_session=True,  # Ctrl-C reaches only the grader, which ends the worker
            cwd=None if launch.is_plain else "/",
        )
    except OSError as error:
        raise fault(Reason.of("cannot_be_started", command=words[0], error=str(error)), SandboxError) from error
    finally:
        if info >= 0:
            os.close(info_write)
    return process, read_init(info) if info >= 0 else process.pid


def read_init(info: int) -> int:
    """Return the pid of the namespace's init, which bwrap reports before it runs the worker, or -1 if bwrap failed."""
    with contextlib.suppress(ValueError, KeyError), os.fdopen(info, "rb") as file:
        return int(json.load(file)["child-pid"])
    return -1  # bwrap failed before it made an init, and printed the reason
