"""A worker without a sandbox: a student runs their own code on their own machine, whatever system that is.

    grader ──stdin──► worker (serves every check itself, no fork)
           ◄─stdout─ replies          ◄─stderr─ prints
       three threads move the bytes: pipes that can be waited for with a deadline are POSIX's

The same face as Box, without its watch over processes: here nobody defends anything against anybody, and the only
limits are time and what the reader's patience allows. What hangs, exits or crashes is replaced as there.
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

from grader.sandbox.host.box import CHUNK, MAX_FLOOD, Box, Flood, Gone, Launch, Silence, spawn

END: Final = b""
T = TypeVar("T")


class PlainBox(Box):
    """One running worker. Not thread-safe; one judge talks to it."""

    def start(self, launch: Launch) -> None:
        self.process, self.init = spawn(launch, launch.command, subprocess.PIPE)
        self.to_write: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.written: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self.received: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.is_over = False
        self.printing = threading.Lock()
        moves = (self.write_requests, self.read_replies, self.read_prints)
        pipes = (self.process.stdin, self.process.stdout, self.process.stderr)
        self.threads = [
            threading.Thread(target=move, args=(pipe,), daemon=True) for move, pipe in zip(moves, pipes, strict=True)
        ]
        for thread in self.threads:
            thread.start()

    def send(self, data: bytes, deadline: float) -> None:
        """Write all of it. Raises Silence, Gone or Flood."""
        self.to_write.put(data)
        if not self.take(self.written, deadline):
            raise Gone

    def receive(self, deadline: float) -> bytes:
        """Some bytes of replies, at least one. Raises Silence, Gone or Flood."""
        data = END if self.is_over else self.take(self.received, deadline)
        if data == END:
            self.is_over = True
            raise Gone
        return data

    def take(self, source: queue.SimpleQueue[T], deadline: float) -> T:
        while True:
            if self.printed_bytes > MAX_FLOOD:
                raise Flood
            left = deadline - time.monotonic()
            if left <= 0:
                raise Silence
            with contextlib.suppress(queue.Empty):
                return source.get(timeout=min(left, 0.5))

    def pending(self) -> bool:
        return not self.received.empty()

    def take_prints(self) -> tuple[str, int]:
        with self.printing:
            return self.cut_prints()

    def left_behind(self, *, staying: int = 0) -> bool:
        """Never asked here: what a student starts on their own machine is theirs."""
        return False

    def kill(self) -> tuple[str, int]:
        """End the worker, and on POSIX whatever it started in its group, and reap it. Returns the prints left."""
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
        """From another thread: end the worker. The judge finds its pipes closed, and then reaps it by kill()."""
        self.process.kill()

    def write_requests(self, pipe: IO[bytes]) -> None:
        while (data := self.to_write.get()) is not None:
            try:
                view = memoryview(data)
                while view:
                    view = view[os.write(pipe.fileno(), view) :]
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
                    self.keep_prints(data)
