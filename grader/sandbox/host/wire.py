"""Messages to one worker and from it, over the pipes of its box: frames out, checked messages in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grader.sandbox.host.box import Box
from grader.sandbox.host.plain_box import PlainBox
from grader.sandbox.host.replies import checked
from grader.sandbox.inside.protocol import Decoder, ProtocolError, encode

HELLO_S = 60  # a worker says hello in some 0.2 s; on a machine that swaps, it takes its time


class Wire:
    """The judge's end of the conversation with one worker. Whatever it raises means that the box is to be ended."""

    def __init__(self, box: Box | PlainBox, reply_mib: int) -> None:
        self.box = box
        self.decoder = Decoder(reply_mib << 20)
        self.inbox: list[Any] = []

    def send(self, message: Mapping[str, Any], deadline: float) -> None:
        """Raises Silence, Gone, Flood or Glut; ProtocolError if the message cannot be sent."""
        self.box.send(encode(message), deadline)

    def receive(self, deadline: float) -> dict[str, Any]:
        """The next message. Raises Silence, Gone, Flood, Glut or ProtocolError."""
        while not self.inbox:
            self.inbox += self.decoder.feed(self.box.receive(deadline))
        return checked(self.inbox.pop(0))

    def expect_hello(self, deadline: float) -> None:
        """The first message. Raises as receive() does."""
        if self.receive(deadline).get("op") != "hello":
            raise ProtocolError("no hello")

    def is_quiet(self) -> bool:
        """Whether nothing was said that nobody asked for."""
        return not self.inbox and not self.decoder.buffer and not self.box.pending()
