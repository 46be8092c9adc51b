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
import threading
import time
from typing import IO, Final, TypeVar

from grader.sandbox.host.box import CHUNK, MAX_FLOOD, MAX_OUTPUT, Flood, Gone, Launch, Silence, start_plain

END: Final = b""
T = TypeVar("T")


class PlainBox:
    """One running worker. Not thread-safe; one judge talks to it."""

    def __init__(self, launch: Launch) -> None:
        """Start the process. Raises SandboxError if it cannot be started."""
        self.process = start_plain(launch)
        assert self.process.stdin and self.process.stdout and self.process.stderr
        self.requests: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.written: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self.replies: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.is_over = False
        self.printed = bytearray()
        self.printed_bytes = 0
        self.printing = threading.Lock()
        self.threads = [
            threading.Thread(target=self.write_requests, args=(self.process.stdin,), daemon=True),
            threading.Thread(target=self.read_replies, args=(self.process.stdout,), daemon=True),
            threading.Thread(target=self.read_prints, args=(self.process.stderr,), daemon=True),
        ]
        for thread in self.threads:
            thread.start()

    def send(self, data: bytes, deadline: float) -> None:
        """Write all of it. Raises Silence, Gone or Flood."""
        self.requests.put(data)
        if not self.take(self.written, deadline):
            raise Gone

    def receive(self, deadline: float) -> bytes:
        """Some bytes of replies, at least one. Raises Silence, Gone or Flood."""
        data = END if self.is_over else self.take(self.replies, deadline)
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
        """Whether replies came that nobody asked for."""
        return not self.replies.empty()

    def take_prints(self) -> tuple[str, int]:
        """What was printed since the last call: the first MAX_OUTPUT bytes as text, and how many there were."""
        with self.printing:
            text, count = self.printed.decode("utf-8", "replace"), self.printed_bytes
            self.printed, self.printed_bytes = bytearray(), 0
        return text, count

    def left_behind(self, *, staying: int = 0) -> bool:
        """Never asked here: what a student starts on their own machine is theirs."""
        return False

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def exit_code(self) -> int | None:
        """The exit code of a worker whose pipe was closed, or None if it lives."""
        with contextlib.suppress(Exception):
            return self.process.wait(timeout=1)
        return None

    def kill(self) -> tuple[str, int]:
        """End the worker, and on POSIX whatever it started in its group, and reap it. Returns the prints left."""
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        self.process.kill()
        self.process.wait()
        self.requests.put(None)
        for thread in self.threads:
            thread.join(timeout=1)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()
        return self.take_prints()

    def interrupt(self) -> None:
        """From another thread: end the worker. The judge finds its pipes closed, and then reaps it by kill()."""
        self.process.kill()

    def write_requests(self, pipe: IO[bytes]) -> None:
        while (data := self.requests.get()) is not None:
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
                self.replies.put(data)
        self.replies.put(END)

    def read_prints(self, pipe: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError):
            while data := os.read(pipe.fileno(), CHUNK):
                with self.printing:
                    self.printed_bytes += len(data)
                    self.printed += data[: MAX_OUTPUT - len(self.printed)]
