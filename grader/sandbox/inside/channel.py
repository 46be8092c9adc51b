"""The worker's end of the two pipes to the judge: they carry whole frames and nothing else.

Runs inside the worker, beside worker.py, under Python 3.8 and later.
"""

from __future__ import annotations

import os
import re
import sys
from functools import lru_cache
from typing import Any, Dict, Tuple

import protocol  # type: ignore[import-not-found]

CHUNK = 1 << 16  # bytes: the capacity of a pipe (pipe(7)); nearly every frame is shorter
NAME = re.compile(r"[A-Za-z0-9_]{1,100}")


def private_pipes() -> Tuple[int, int]:
    """Return copies of stdin and stdout for the judge. Redirect prints to stderr; input() then raises EOFError."""
    if os.name == "posix":
        os.closerange(3, 256)  # closes descriptors that the launcher left open
    requests, replies = os.dup(0), os.dup(1)  # dup returns numbers above 2, to which no print writes
    if hasattr(os, "O_BINARY"):  # in text mode Windows writes a line feed as two bytes
        import msvcrt

        for fd in (requests, replies):
            msvcrt.setmode(fd, os.O_BINARY)  # type: ignore[attr-defined,unused-ignore]
    # Replace descriptor 0, do not close it: the next opened file would get number 0 and become stdin.
    nothing, nobody = os.pipe()
    os.close(nobody)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    # errors="backslashreplace", because by default a print of half a surrogate pair raises in the student's code.
    sys.stdout = open(1, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    return requests, replies


class Channel:
    """Reads and writes whole frames on two pipes. A child reads on where the server or the last child stopped."""

    def __init__(self, requests: int, replies: int) -> None:
        self.requests = requests
        self.replies = replies
        self.buffer = b""  # bytes of later requests, which arrived in the same read

    def receive(self) -> Any:
        """Return the next request, with its number as `id`. Raises EOFError when the judge has closed the pipe."""
        start = protocol.PREFIX.size
        self.fill(start)
        number, _, header_length, body_length = protocol.read_prefix(self.buffer[:start])
        end = start + header_length + body_length
        self.fill(end)
        frame, self.buffer = self.buffer[:end], self.buffer[end:]
        request = protocol.decode(frame[start : start + header_length], frame[start + header_length :], interned)
        request["id"] = number
        return request

    def send(self, message: Dict[str, Any]) -> None:
        self.write(protocol.encode(message))

    def write(self, frame: bytes) -> None:
        """Write an encoded frame."""
        data = memoryview(frame)
        while data:
            data = data[os.write(self.replies, data) :]

    def fill(self, count: int) -> None:
        """Read until the buffer holds at least `count` bytes. Each read takes all bytes that the pipe has."""
        parts, length = [self.buffer], len(self.buffer)
        while length < count:
            part = os.read(self.requests, max(count - length, CHUNK))
            if not part:
                raise EOFError
            parts.append(part)
            length += len(part)
        self.buffer = b"".join(parts)


@lru_cache(maxsize=1000)
def interned(text: str) -> str:
    """Return a name interned, as Python does with names in a module: equal names are one object.

    So `normalization is "batchnorm"` has the same result as in a script. The judge interns no names, because interned
    names of a worker would stay in the judge's memory.
    """
    return sys.intern(text) if NAME.fullmatch(text) else text
