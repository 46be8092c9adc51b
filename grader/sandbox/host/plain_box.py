"""A worker without a sandbox: a student runs their own code on their own machine, on any system.

    grader ──stdin──► worker (serves every check itself, no fork)
           ◄─stdout─ replies          ◄─stderr─ prints
       three threads move the bytes: only POSIX can wait for a pipe with a deadline

PlainBox has the methods of Box, but does not watch processes, because students need no protection from themselves.
Only time is limited. A worker that hangs, exits or crashes is replaced, as with Box.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
import time
from typing import IO, Final, TypeVar

from grader.sandbox.host.box import CHUNK, MAX_FLOOD, Box, Launch, NoReply, TooMuchPrinted, WorkerEnded, spawn

END: Final = b""
T = TypeVar("T")


class PlainBox(Box):
    """One running worker. Not thread-safe; one judge talks to it."""

    def start(self, launch: Launch) -> None:
        self.process, self.init = spawn(launch, launch.command, subprocess.PIPE)
        # Threads move the bytes between pipes and queues, because only a queue has a timeout on every system.
        self.to_write: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.written: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self.received: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.is_over = False
        self.printing = threading.Lock()  # protects `printed`, which a thread fills and the judge empties
        moves = (self.write_requests, self.read_replies, self.read_prints)
        pipes = (self.process.stdin, self.process.stdout, self.process.stderr)
        # Daemon threads, so that the grader can exit even if a grandchild holds a pipe open and a read never returns.
        self.threads = [
            threading.Thread(target=move, args=(pipe,), daemon=True) for move, pipe in zip(moves, pipes, strict=True)
        ]
        for thread in self.threads:
            thread.start()

    def send(self, data: bytes, deadline: float) -> None:
        """Write all data. Raises NoReply, WorkerEnded or TooMuchPrinted."""
        self.to_write.put(data)
        if not self.take(self.written, deadline):
            raise WorkerEnded

    def receive(self, deadline: float) -> bytes:
        """Return some bytes of replies, at least one. Raises NoReply, WorkerEnded or TooMuchPrinted."""
        data = END if self.is_over else self.take(self.received, deadline)
        if data == END:
            self.is_over = True
            raise WorkerEnded
        return data

    def take(self, source: queue.SimpleQueue[T], deadline: float) -> T:
        while True:
            if self.printed_bytes > MAX_FLOOD:
                raise TooMuchPrinted
            left = deadline - time.monotonic()
            if left <= 0:
                raise NoReply
            with contextlib.suppress(queue.Empty):
                # Wait in pieces of 0.5 s, to notice too many prints, and Ctrl-C on Windows.
                return source.get(timeout=min(left, 0.5))

    def pending(self) -> bool:
        return not self.received.empty()

    def take_prints(self) -> tuple[str, int]:
        with self.printing:
            return self.reset_prints()

    def has_stray_processes(self, *, staying: int = 0) -> bool:
        """Return False: students may start any process on their own machine."""
        return False

    def kill(self) -> tuple[str, int]:
        """Kill and reap the worker, and on POSIX all processes in its group. Returns the remaining prints."""
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        self.process.kill()
        self.process.wait()
        self.to_write.put(None)
        for thread in self.threads:
            thread.join(timeout=1)
        with contextlib.suppress(OSError):
            self.close_pipes()
        return self.take_prints()

    def interrupt(self) -> None:
        """Kill the worker, from another thread. The judge then finds the pipes closed, and kill() reaps the worker."""
        self.process.kill()

    def write_requests(self, pipe: IO[bytes]) -> None:
        while (data := self.to_write.get()) is not None:
            try:
                view = memoryview(data)
                while view:
                    view = view[os.write(pipe.fileno(), view) :]
            # ValueError: kill() closed the pipe while this thread was waiting.
            except (OSError, ValueError):
                self.written.put(False)
            else:
                self.written.put(True)

    def read_replies(self, pipe: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError):
            while data := os.read(pipe.fileno(), CHUNK):
                self.received.put(data)
        self.received.put(END)

    def read_prints(self, pipe: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError):
            while data := os.read(pipe.fileno(), CHUNK):
                with self.printing:
                    self.add_prints(data)
