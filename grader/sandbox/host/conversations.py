"""The conversations of one check that ended right, so that the same replies need not be decoded and judged again. Pure.

    message, reply, reply, message, reply, …  ──hash──► what came next: a reply, a message, or the end, with its value

All that a check computes follows from its replies: its inputs come from a fixed seed, and judging is pure. So if the
replies equal, byte for byte, those of a check that was right, this check is right too. Nothing else decides: a handle
is a number, which the judge only sends back. Seconds, prints, traces and limits are not part of a reply, and the judge
looks at them every time. One instance serves one check, with its fixture, on one handout.

Only right ends are kept. So a check can gain nothing but what the same bytes earned before, and can lose nothing. What
is wrong is judged anew each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

START: Final = bytes(32)  # before the first reply; the program is the same for all conversations of a check
MOST_BYTES: Final = 1 << 19  # of a check; then all are forgotten. Training a net has 150 replies, other checks have few
STATE_BYTES: Final = 200  # of memory for a hash and what follows it


@dataclass(frozen=True)
class Message:
    """Steps that the judge sent next, encoded. function: the first that they call."""

    part: tuple[bytes, bytes]
    function: str


@dataclass(frozen=True)
class End:
    """What the check returned, and the arrays that its calls changed (Outcome, check_setup.py)."""

    value: Any
    mutations: tuple[tuple[str, int, bool], ...]


# A string: a reply of this function.
Next = str | Message | End


class Conversations:
    """after: by the hash of all that was said so far, what comes next."""

    def __init__(self) -> None:
        self.after: dict[bytes, Next] = {}
        self.bytes = 0

    def add(self, steps: Mapping[bytes, Next]) -> None:
        """Remember one conversation, from its start to its right end."""
        new = {state: step for state, step in steps.items() if state not in self.after}
        if self.bytes + bytes_of(new) > MOST_BYTES:
            self.after, self.bytes, new = {}, 0, dict(steps)
        if bytes_of(new) <= MOST_BYTES:
            self.after.update(new)
            self.bytes += bytes_of(new)


def bytes_of(steps: Mapping[bytes, Next]) -> int:
    sent = sum(sum(map(len, step.part)) for step in steps.values() if isinstance(step, Message))
    return STATE_BYTES * len(steps) + sent


def advance(state: bytes, header: bytes, body: bytes) -> bytes:
    """Return the hash after one more reply or message."""
    # With the length: else bytes could move from the header to the body.
    return blake2b(b"%d " % len(header) + header + body, key=state, digest_size=32).digest()
