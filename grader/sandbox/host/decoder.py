"""Splits the bytes that arrive from a worker into frames. Pure: bytes in, frames out.

The worker uses another reader, which waits until a frame is complete (inside/channel.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from grader.sandbox.inside.protocol import MAX_BODY, PREFIX, decode, read_prefix


class RawFrame(NamedTuple):
    """One frame of a worker, not decoded yet. number, took_s: of its prefix, as the worker wrote them."""

    number: int
    took_s: float
    header: bytes
    body: bytes

    def read(self) -> Any:
        """Return the value. Raises ProtocolError."""
        return decode(self.header, self.body)


class Decoder:
    """The unread bytes of one worker. feed() accepts any pieces, and yields each frame once it is complete."""

    def __init__(self, max_body: int = MAX_BODY) -> None:
        self.max_body = max_body
        self.buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[RawFrame]:
        self.buffer += data
        while len(self.buffer) >= PREFIX.size:
            # The prefix bounds both lengths, so a worker cannot make this buffer grow without a limit.
            number, took_s, header_length, body_length = read_prefix(bytes(self.buffer[: PREFIX.size]), self.max_body)
            middle = PREFIX.size + header_length
            end = middle + body_length
            if len(self.buffer) < end:  # the frame is incomplete
                return
            yield RawFrame(number, took_s, bytes(self.buffer[PREFIX.size : middle]), bytes(self.buffer[middle:end]))
            del self.buffer[:end]
