"""The worker's end of the two pipes that lead to the judge: whole frames, and nothing else on them.

Runs inside the worker, beside worker.py, under Python 3.8 on.
"""

from __future__ import annotations

import os
import re
import sys
from functools import lru_cache
from typing import Any, Dict, Tuple

import protocol  # type: ignore[import-not-found]

CHUNK = 1 << 16  # what a pipe holds, and more than nearly every frame
NAME = re.compile(r"[A-Za-z0-9_]{1,100}")


def private_pipes() -> Tuple[int, int]:
    """Keep stdin and stdout for the judge; prints go where errors go, input() finds an end of file."""
    if os.name == "posix":
        os.closerange(3, 256)  # what the launcher needed and left open: the user namespace that it entered
    requests, replies = os.dup(0), os.dup(1)
    if hasattr(os, "O_BINARY"):  # Windows would write two bytes for a line feed
        import msvcrt

        for fd in (requests, replies):
            msvcrt.setmode(fd, os.O_BINARY)  # type: ignore[attr-defined,unused-ignore]
    nothing, nobody = os.pipe()
    os.close(nobody)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    sys.stdout = open(1, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    return requests, replies


class Channel:
    """Whole frames on two file descriptors, and nothing else on them."""

    def __init__(self, requests: int, replies: int) -> None:
        self.requests = requests
        self.replies = replies
        self.buffer = b""  # of requests that came behind the last one

    def receive(self) -> Any:
        """The next request. Raises EOFError when the judge has closed the pipe."""
        start = protocol.PREFIX.size
        self.fill(start)
        header_length, body_length = protocol.read_prefix(self.buffer[:start])
        end = start + header_length + body_length
        self.fill(end)
        frame, self.buffer = self.buffer[:end], self.buffer[end:]
        return protocol.decode(frame[start : start + header_length], frame[start + header_length :], interned)

    def send(self, message: Dict[str, Any]) -> None:
        self.write(protocol.encode(message))

    def write(self, frame: bytes) -> None:
        """A frame that is encoded already."""
        data = memoryview(frame)
        while data:
            data = data[os.write(self.replies, data) :]

    def fill(self, count: int) -> None:
        """Read until the buffer holds this many bytes, or more: one read takes whatever the pipe has."""
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
    """A name as Python keeps the constants of a module: one object for equal names.

    So `normalization is "batchnorm"` is true here wherever it is true in a script. Only the worker's end does this: a
    name that a worker sent would stay in the judge's memory.
    """
    return sys.intern(text) if NAME.fullmatch(text) else text
