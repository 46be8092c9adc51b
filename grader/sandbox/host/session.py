"""A sandbox with one submission's modules imported, which is replaced when in doubt.

    no box ──warm──► a box ──hello──► greeted ──load──► modules imported ──post──► hear: the replies
       ▲                                                        │
       └──────── kill: whatever does not go as it should ───────┘

A late reply, a wrong id, a frame that is none: each ends the box and costs what was asked for; the next open() starts a
new one. What a worker says is data: it can only ever say what its own function returned. Which process inside serves
which check is check_process.py's business.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from grader.calls import CallFailed, Failure
from grader.errors import SandboxError
from grader.messages.say import fault
from grader.records import Reason
from grader.sandbox.host.box import Box, Flood, Glut, Gone, Launch, Silence
from grader.sandbox.host.failures import (
    Circumstances,
    failure_of_box,
    failure_of_child,
    import_failure,
    malformed,
    unasked,
    used_up,
)
from grader.sandbox.host.limits import Limits
from grader.sandbox.host.plain_box import PlainBox
from grader.sandbox.host.plan import ImportResult, Plan, left_out_from
from grader.sandbox.host.replies import checked, plain_text
from grader.sandbox.host.start_worker import may_start_otherwise, start_worker
from grader.sandbox.host.time_account import TimeAccount
from grader.sandbox.inside.protocol import Decoder, ProtocolError, encode, encode_with

MAX_ASKS: Final = 2000  # of one check; training a net of three layers for some steps takes a few hundred
HELLO_S: Final = 60  # a worker says hello in some 0.2 s; on a machine that swaps, it takes its time
MOST_LISTED: Final = 20  # names and statements that a report could list
STALE: Final = {"op": "stale"}
DOUBTS: Final = (Silence, Gone, Flood, Glut, ProtocolError)


Replies = Callable[[Mapping[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Request:
    """A message to the worker. number: the replies to it carry the same. posted_s: when it was sent."""

    number: int
    frame: bytes
    posted_s: float


def refuse(ask: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a stub where none was granted."""
    raise ProtocolError("asked for what was not granted")


class Session:
    """One submission's modules in a box. Not thread-safe, but for stop()."""

    def __init__(
        self,
        launch: Callable[[], Launch],
        plan: Plan,
        limits: Limits,
        account: TimeAccount | None = None,
        box: Box | None = None,
    ) -> None:
        """box: one that was started with such a launch before."""
        self.launch = launch
        self.plan = plan
        self.limits = limits
        self.account = account or TimeAccount()
        self.box = box
        self.is_greeted = False
        self.decoder = Decoder(limits.reply_mib << 20)
        self.inbox: list[Any] = []
        self.imported = ImportResult()
        self.loading: Request | None = None
        self.number = 0
        self.heard_s = 0.0
        self.last_prints = ("", 0)

    def lend(self, launch: Callable[[], Launch], account: TimeAccount) -> None:
        """From now on for another submission, which has its own time."""
        self.launch, self.account = launch, account

    @property
    def is_open(self) -> bool:
        """Whether there is a living box in which all modules were imported."""
        return self.box is not None and self.box.is_alive and self.is_greeted and self.imported.is_whole

    def warm(self) -> None:
        """Start a box now, so that it is ready when the first check begins; nothing of a student runs in it yet."""
        if self.box is None:
            self.box, self.is_greeted = start_worker(self.launch()), False
            self.inbox, self.decoder, self.loading = [], Decoder(self.limits.reply_mib << 20), None

    def load(self) -> None:
        """Start a box and let it import the modules, while the judge does something else; open() waits for both."""
        with self.account.starting():
            self.warm()
            with suppress(CallFailed):  # open() meets what is wrong
                self.loading = self.post(self.plan.request(), self.at("", self.limits), self.import_deadline())

    def open(self) -> ImportResult:
        """Have a box with the modules imported; what is known of the import.

        Raises SandboxError if there is no hello: then no student code has run yet and the fault is ours.
        """
        if self.imported.broken is None and (self.box is None or not self.is_greeted):
            if self.account.is_over:
                self.imported = replace(self.imported, broken=used_up(self.limits))
            else:
                with self.account.starting():
                    self.greet()
                    self.import_modules()
        return self.imported

    def greet(self) -> None:
        self.warm()
        while (wrong := self.hear_hello()) is not None:
            may_try_again = may_start_otherwise(self.box)
            self.kill()
            if not may_try_again:
                prints = self.last_prints[0].strip()[-500:]
                reason = Reason.of("worker_did_not_start", error=type(wrong).__name__, prints=prints)
                raise fault(reason, SandboxError) from wrong
            self.warm()

    def hear_hello(self) -> Exception | None:
        """Wait for a new box's hello; what came instead."""
        self.is_greeted = True
        try:
            if self.receive(time.monotonic() + HELLO_S).get("op") != "hello":
                raise ProtocolError("no hello")
        except DOUBTS as error:
            return error
        return None

    def import_modules(self) -> None:
        at = self.at("", self.limits)
        try:
            deadline = self.import_deadline()
            request, self.loading = self.loading or self.post(self.plan.request(), at, deadline), None
            reply = self.hear(request, at, lambda: deadline)
        except CallFailed as failed:
            self.imported = replace(self.imported, broken=failed.failure)
            return
        said, failures = reply.get("modules", {}), dict[str, Failure | None]()
        left_out = [left_out_from(item) for item in reply.get("left_out", [])]
        self.imported = ImportResult(
            failures=failures,
            absent=tuple(plain_text(name)[:100] for name in reply.get("absent", [])[:MOST_LISTED]),
            left_out=tuple(one for one in left_out if one is not None),
            recoded=tuple(plain_text(name)[:200] for name in reply.get("recoded", [])[:MOST_LISTED]),
            prints=self.take_prints()[0],
        )
        for module in self.plan.modules:
            result = said.get(module, {})
            failure = None if result is None else import_failure(module, result, at)
            failures[module] = failure if failure or result is None else self.end_in_doubt(malformed(at))

    def import_deadline(self) -> float:
        return self.account.deadline(self.limits.import_wall_s)

    def at(self, function: str, limits: Limits, why: Reason | None = None) -> Circumstances:
        return Circumstances(function, self.plan, limits, why, not isinstance(self.box, PlainBox))

    def post(
        self, message: Mapping[str, Any], at: Circumstances, deadline: float, steps: tuple[bytes, bytes] | None = None
    ) -> Request:
        """Send a request; hear() waits for its replies. steps: those of a program, which are encoded already.

        Raises CallFailed if it cannot be sent; the box is ended then.
        """
        request = self.request_with(message, steps)
        self.account.ask()
        self.heard_s = request.posted_s
        with self.ending_what_is_in_doubt(at):
            self.send(request.frame, deadline)
        return request

    def queue(
        self, message: Mapping[str, Any], deadline: float, steps: tuple[bytes, bytes], room: int
    ) -> Request | None:
        """Send a request while the replies to the last one are still to come. None where it cannot be sent.

        Either it has more bytes than there is room for, or the box has a fault, which hear() will meet.
        """
        request = self.request_with(message, steps)
        if len(request.frame) > room:
            return None
        try:
            self.send(request.frame, deadline)
        except DOUBTS:
            return None
        return request

    def request_with(self, message: Mapping[str, Any], steps: tuple[bytes, bytes] | None) -> Request:
        self.number += 1
        message = {**message, "id": self.number}
        frame = encode(message) if steps is None else encode_with(message, "steps", steps)
        return Request(self.number, frame, time.monotonic())  # the worker may be at it before this process goes on

    def hear(
        self,
        request: Request,
        at: Circumstances,
        deadline: Callable[[], float],
        *,
        answer: Replies = refuse,
        renew: Callable[[], None] | None = None,
    ) -> dict[str, Any]:
        """The next reply to this request. Raises CallFailed if another message comes, or none; the box is ended then.

        answer: what the judge says to a stub that asks meanwhile. renew: puts a fresh process in the place of one that
        says it is stale, which may move the deadline; where none is given, it may not say so.
        """
        started, answering_s, took_s = time.monotonic(), 0.0, None
        try:
            with self.ending_what_is_in_doubt(at):
                reply = self.receive(deadline())
                if reply == STALE and renew is not None:
                    renew()
                    self.send(request.frame, deadline())
                    reply = self.receive(deadline())
                for _ in range(MAX_ASKS):
                    if reply.get("op") != "ask":
                        break
                    asked = time.monotonic()
                    answered = encode(answer(reply))
                    answering_s += time.monotonic() - asked
                    self.send(answered, deadline())
                    reply = self.receive(deadline())
                took_s = reply.get("took", 0.0)
        finally:
            now, before = time.monotonic(), self.heard_s
            waited_s, busy_s, self.heard_s = now - started - answering_s, now - before - answering_s, now
            if took_s is None:  # no reply: the function was at work till the end
                took_s = busy_s if at.function else 0.0
            self.account.add_call(waited_s, took_s, busy_s)
        if reply.get("op") == "ended":
            raise CallFailed(self.end_in_doubt(failure_of_child(reply, time.monotonic() - request.posted_s, at)))
        if reply.get("id") != request.number:
            raise CallFailed(self.end_in_doubt(unasked(at)))
        return reply

    def send(self, frame: bytes, deadline: float) -> None:
        """Raises one of DOUBTS."""
        assert self.box is not None
        self.box.send(frame, deadline)

    def receive(self, deadline: float) -> dict[str, Any]:
        """The next message. Raises one of DOUBTS."""
        assert self.box is not None
        while not self.inbox:
            self.inbox += self.decoder.feed(self.box.receive(deadline))
        return checked(self.inbox.pop(0))

    def is_quiet(self, *, staying: int, is_waiting: bool = True) -> bool:
        """Whether so many processes of checks are left, and no message has come that the judge did not wait for.

        is_waiting: whether the worker has no request to reply to.
        """
        if self.box is None or (is_waiting and (self.inbox or self.decoder.buffer or self.box.pending())):
            return False
        return not self.box.left_behind(staying=staying)

    @contextmanager
    def ending_what_is_in_doubt(self, at: Circumstances) -> Iterator[None]:
        """Raises CallFailed where nothing comes, or what should not, and ends the box."""
        try:
            yield
        except DOUBTS as error:
            if isinstance(error, Silence) and time.monotonic() >= self.account.until:
                raise CallFailed(self.end_in_doubt(used_up(self.limits, at.name))) from None
            code = self.box.exit_code() if self.box and isinstance(error, Gone) else None
            raise CallFailed(self.end_in_doubt(failure_of_box(error, code, at))) from None

    def end_in_doubt(self, failure: Failure) -> Failure:
        """The failure, with which the box ends."""
        self.kill()
        return failure

    def stop(self) -> None:
        """From another thread than the judge's: no check begins any more, and what runs ends."""
        self.account.close()
        self.interrupt()

    def interrupt(self) -> None:
        """End whatever runs in the box; kill() then waits until it has ended."""
        box = self.box
        if box is not None:
            box.interrupt()

    def take_prints(self) -> tuple[str, int]:
        """What was printed since the last call, by a box that was ended meanwhile too, and how many bytes it was."""
        prints, self.last_prints = self.last_prints, ("", 0)
        return self.box.take_prints() if self.box is not None else prints

    def kill(self) -> None:
        if self.box is not None:
            self.last_prints = self.box.kill()
            self.box = None
