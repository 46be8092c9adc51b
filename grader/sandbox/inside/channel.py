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

CHUNK = 1 << 16  # the capacity of a pipe (pipe(7)); nearly every frame is shorter
NAME = re.compile(r"[A-Za-z0-9_]{1,100}")


def private_pipes() -> Tuple[int, int]:
    """Keep stdin and stdout for the judge. Prints go to stderr, and input() meets the end of a file."""
    if os.name == "posix":
        os.closerange(3, 256)  # what the launcher left open: the user namespace that it entered
    requests, replies = os.dup(0), os.dup(1)  # dup gives them numbers above 2, where no print can reach them
    if hasattr(os, "O_BINARY"):  # in text mode Windows writes two bytes for a line feed
        import msvcrt

        for fd in (requests, replies):
            msvcrt.setmode(fd, os.O_BINARY)  # type: ignore[attr-defined,unused-ignore]
    # Not a closed descriptor: the next file to be opened would get number 0 and become stdin.
    nothing, nobody = os.pipe()
    os.close(nobody)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    # With errors="backslashreplace" any text can be printed; half a surrogate pair would raise in the student's code.
    sys.stdout = open(1, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    return requests, replies


class Channel:
    """Whole frames on two file descriptors. A child continues to read where the server or the last child stopped."""

    def __init__(self, requests: int, replies: int) -> None:
        self.requests = requests
        self.replies = replies
        self.buffer = b""  # bytes of the next requests, which one read returned together with the last one

    def receive(self) -> Any:
        """Return the next request. Raises EOFError when the judge has closed the pipe."""
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
        """Write a frame that is encoded already."""
        data = memoryview(frame)
        while data:
            data = data[os.write(self.replies, data) :]

    def fill(self, count: int) -> None:
        """Read until the buffer holds at least this many bytes. One read takes whatever the pipe has."""
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

    So `normalization is "batchnorm"` is true here wherever it is true in a script. Only the worker's end does this:
    names that a worker sent would stay in the judge's memory.
    """
    return sys.intern(text) if NAME.fullmatch(text) else text
