"""Splits the bytes that arrive from a worker into frames. Pure: bytes in, values out.

The worker uses another reader, which waits until a frame is complete (inside/channel.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from grader.sandbox.inside.protocol import MAX_BODY, PREFIX, decode, read_prefix


class Decoder:
    """The unread bytes of one worker. feed() accepts any pieces, and yields each value once its frame is complete."""

    def __init__(self, max_body: int = MAX_BODY) -> None:
        self.max_body = max_body
        self.buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Any]:
        self.buffer += data
        while len(self.buffer) >= PREFIX.size:
            # The prefix bounds both lengths, so a worker cannot make this buffer grow without a limit.
            header_length, body_length = read_prefix(bytes(self.buffer[: PREFIX.size]), self.max_body)
            end = PREFIX.size + header_length + body_length
            if len(self.buffer) < end:  # the frame is incomplete
                return
            header = bytes(self.buffer[PREFIX.size : PREFIX.size + header_length])
            body = bytes(self.buffer[PREFIX.size + header_length : end])
            del self.buffer[:end]
            yield decode(header, body)
