"""A sandbox that has imported one submission's modules, and is replaced after any failure.

    no box ──warm──► a box ──hello──► greeted ──load──► modules imported ──post──► receive_reply
       ▲                                                        │
       └──── kill: a reply is late, malformed or not awaited ───┘

The judge runs this and trusts nothing that comes out of the box. A late reply, a wrong id or a malformed frame ends the
box, and the call or import that it belonged to fails; the next open() starts a new box. A reply is data and can only
carry what the worker's own function returned. check_process.py decides which process inside serves which check.
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
from grader.sandbox.host.box import Box, Launch, NoReply, TooMuchMemory, TooMuchPrinted, WorkerEnded
from grader.sandbox.host.decoder import Decoder
from grader.sandbox.host.failures import (
    Circumstances,
    failure_of_box,
    failure_of_child,
    import_failure,
    malformed,
    submission_timeout,
    unexpected_reply,
)
from grader.sandbox.host.limits import Limits
from grader.sandbox.host.plain_box import PlainBox
from grader.sandbox.host.plan import ImportResult, Plan, left_out_from
from grader.sandbox.host.replies import checked, plain_text
from grader.sandbox.host.start_worker import can_start_another_way, start_worker
from grader.sandbox.host.time_account import TimeAccount
from grader.sandbox.inside.protocol import ProtocolError, encode, encode_with

MAX_STUB_CALLS: Final = 2000  # before one reply; training a three-layer net for some steps takes a few hundred
HELLO_S: Final = 60  # a worker says hello after 0.2 s; on a machine that swaps it can take much longer
MAX_LISTED: Final = 20  # absent names and recoded files that a report lists; a worker could send thousands
STALE: Final = {"op": "stale"}
# What a worker can do wrong: the box raises the first four, the decoder the last.
WORKER_FAILURES: Final = (NoReply, WorkerEnded, TooMuchPrinted, TooMuchMemory, ProtocolError)


Replies = Callable[[Mapping[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Request:
    """A message to the worker. number: its id, which its replies repeat. posted_s: when it was sent."""

    number: int
    frame: bytes
    posted_s: float


def refuse(ask: Mapping[str, Any]) -> dict[str, Any]:
    """Refuse a stub's call: this check was granted no stubs."""
    raise ProtocolError("called a stub that was not granted")


class Session:
    """One submission's modules in a box. Only stop() and interrupt() may be called from another thread."""

    def __init__(
        self,
        launch: Callable[[], Launch],
        plan: Plan,
        limits: Limits,
        account: TimeAccount | None = None,
        box: Box | None = None,
    ) -> None:
        """box: one that was started with such a launch before, to save the wait."""
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
        self.last_message_s = 0.0
        self.last_prints = ("", 0)

    def lend(self, launch: Callable[[], Launch], account: TimeAccount) -> None:
        """Serve another submission from now on, with its own time."""
        self.launch, self.account = launch, account

    @property
    def is_open(self) -> bool:
        """Whether a living box has imported all modules."""
        return self.box is not None and self.box.is_alive and self.is_greeted and self.imported.is_whole

    def warm(self) -> None:
        """Start a box now, so that it is ready when the first check begins. No student code runs in it yet."""
        if self.box is None:
            self.box, self.is_greeted = start_worker(self.launch()), False
            # Bytes of the old box must not be read as replies of the new one.
            self.inbox, self.decoder, self.loading = [], Decoder(self.limits.reply_mib << 20), None

    def load(self) -> None:
        """Start a box and have it import the modules while the judge does something else; open() waits for both."""
        with self.account.starting():
            self.warm()
            with suppress(CallFailed):  # the box is killed then, and open() starts another
                self.loading = self.post(self.plan.request(), self.at("", self.limits), self.import_deadline())

    def open(self) -> ImportResult:
        """Make sure that a box has imported the modules. Returns the result of the import.

        Raises SandboxError if there is no hello: no student code has run by then, so the mistake is the grader's.
        """
        # A broken import is not repeated: it would fail again, and take its time again.
        if self.imported.broken is None and (self.box is None or not self.is_greeted):
            if self.account.is_over:
                self.imported = replace(self.imported, broken=submission_timeout(self.limits))
            else:
                with self.account.starting():
                    self.greet()
                    self.import_modules()
        return self.imported

    def greet(self) -> None:
        self.warm()
        # Each round drops one way to start a worker (start_worker.py), so the loop ends.
        while (wrong := self.receive_hello()) is not None:
            may_try_again = can_start_another_way(self.box)
            self.kill()
            if not may_try_again:
                prints = self.last_prints[0].strip()[-500:]
                reason = Reason.of("worker_did_not_start", error=type(wrong).__name__, prints=prints)
                raise fault(reason, SandboxError) from wrong
            self.warm()

    def receive_hello(self) -> Exception | None:
        """Wait for a new box's hello. Returns the error if something else comes."""
        self.is_greeted = True  # also without a hello: greet() kills the box then, and warm() resets this
        try:
            if self.receive(time.monotonic() + HELLO_S).get("op") != "hello":
                raise ProtocolError("no hello")
        except WORKER_FAILURES as error:
            return error
        return None

    def import_modules(self) -> None:
        at = self.at("", self.limits)
        try:
            deadline = self.import_deadline()
            request, self.loading = self.loading or self.post(self.plan.request(), at, deadline), None
            reply = self.receive_reply(request, at, lambda: deadline)
        except CallFailed as failed:
            self.imported = replace(self.imported, broken=failed.failure)
            return
        results, failures = reply.get("modules", {}), dict[str, Failure | None]()
        left_out = [left_out_from(item) for item in reply.get("left_out", [])]
        self.imported = ImportResult(
            failures=failures,
            absent=tuple(plain_text(name)[:100] for name in reply.get("absent", [])[:MAX_LISTED]),
            left_out=tuple(one for one in left_out if one is not None),
            recoded=tuple(plain_text(name)[:200] for name in reply.get("recoded", [])[:MAX_LISTED]),
            prints=self.take_prints()[0],
        )
        for module in self.plan.modules:
            # null is success. A module that the reply does not name has neither imported nor failed: malformed.
            result = results.get(module, {})
            failure = None if result is None else import_failure(module, result, at)
            failures[module] = failure if failure or result is None else self.kill_box(malformed(at))

    def import_deadline(self) -> float:
        return self.account.deadline(self.limits.import_wall_s)

    def at(self, function: str, limits: Limits, why: Reason | None = None) -> Circumstances:
        return Circumstances(function, self.plan, limits, why, not isinstance(self.box, PlainBox))

    def post(
        self, message: Mapping[str, Any], at: Circumstances, deadline: float, steps: tuple[bytes, bytes] | None = None
    ) -> Request:
        """Send a request; receive_reply() waits for its replies. steps: a program's, which were encoded before.

        Raises CallFailed if it cannot be sent; the box is killed then.
        """
        request = self.request_with(message, steps)
        self.account.ask()
        self.last_message_s = request.posted_s
        with self.killing_box_on_failure(at):
            self.send(request.frame, deadline)
        return request

    def queue(
        self, message: Mapping[str, Any], deadline: float, steps: tuple[bytes, bytes], room: int
    ) -> Request | None:
        """Send a request while replies to the last one are still to come. Returns None if it cannot be sent.

        Then it has more bytes than there is room for, or the worker has failed, and receive_reply() will raise that.
        """
        request = self.request_with(message, steps)
        if len(request.frame) > room:
            return None
        try:
            self.send(request.frame, deadline)
        except WORKER_FAILURES:
            return None
        return request

    def request_with(self, message: Mapping[str, Any], steps: tuple[bytes, bytes] | None) -> Request:
        self.number += 1  # never reused, not even in the next box: a late reply cannot match
        message = {**message, "id": self.number}
        frame = encode(message) if steps is None else encode_with(message, "steps", steps)
        # Before the send: afterwards the worker may have run for a while before this process continues.
        return Request(self.number, frame, time.monotonic())

    def receive_reply(
        self,
        request: Request,
        at: Circumstances,
        deadline: Callable[[], float],
        *,
        answer: Replies = refuse,
        renew: Callable[[], None] | None = None,
    ) -> dict[str, Any]:
        """Return the next reply to this request. Raises CallFailed if another message comes, or none; it kills the box.

        answer: answers the calls of stubs meanwhile. renew: replaces a process that reports that it is stale by a fresh
        one, and may move the deadline. Without it, that report is a message that was not awaited.
        """
        started, answering_s, took_s = time.monotonic(), 0.0, None
        try:
            with self.killing_box_on_failure(at):
                reply = self.receive(deadline())
                # The stale process read the request and dropped it, so the fresh one needs it again.
                if reply == STALE and renew is not None:
                    renew()
                    self.send(request.frame, deadline())
                    reply = self.receive(deadline())
                for _ in range(MAX_STUB_CALLS):
                    if reply.get("op") != "ask":
                        break
                    answer_began = time.monotonic()
                    answer_frame = encode(answer(reply))
                    # The judge's own work: the worker is not charged for it.
                    answering_s += time.monotonic() - answer_began
                    self.send(answer_frame, deadline())
                    reply = self.receive(deadline())
                took_s = reply.get("took", 0.0)
        finally:
            now, before = time.monotonic(), self.last_message_s
            waited_s, busy_s, self.last_message_s = now - started - answering_s, now - before - answering_s, now
            if took_s is None:  # no reply: the function was running until the end
                took_s = busy_s if at.function else 0.0
            self.account.add_call(waited_s, took_s, busy_s)
        if reply.get("op") == "ended":
            raise CallFailed(self.kill_box(failure_of_child(reply, time.monotonic() - request.posted_s, at)))
        # A reply with another id belongs to another call: student code could have sent it in advance.
        if reply.get("id") != request.number:
            raise CallFailed(self.kill_box(unexpected_reply(at)))
        return reply

    def send(self, frame: bytes, deadline: float) -> None:
        """Send a frame. Raises one of WORKER_FAILURES."""
        assert self.box is not None
        self.box.send(frame, deadline)

    def receive(self, deadline: float) -> dict[str, Any]:
        """Return the next message. Raises one of WORKER_FAILURES."""
        assert self.box is not None
        # One read can return several messages; the others wait in the inbox.
        while not self.inbox:
            self.inbox += self.decoder.feed(self.box.receive(deadline))
        return checked(self.inbox.pop(0))

    def is_quiet(self, *, staying: int, is_waiting: bool = True) -> bool:
        """Whether exactly `staying` processes of checks are left, and no message has come that was not awaited.

        is_waiting: whether the worker has answered every request. If not, a message may be the reply to a queued check.
        """
        if self.box is None or (is_waiting and (self.inbox or self.decoder.buffer or self.box.pending())):
            return False
        return not self.box.has_stray_processes(staying=staying)

    @contextmanager
    def killing_box_on_failure(self, at: Circumstances) -> Iterator[None]:
        """Turn a worker's failure into CallFailed, and kill the box."""
        try:
            yield
        except WORKER_FAILURES as error:
            # No check is to blame if the whole submission's time ended: the deadline was cut to that.
            if isinstance(error, NoReply) and time.monotonic() >= self.account.until:
                raise CallFailed(self.kill_box(submission_timeout(self.limits, at.name))) from None
            code = self.box.exit_code() if self.box and isinstance(error, WorkerEnded) else None
            raise CallFailed(self.kill_box(failure_of_box(error, code, at))) from None

    def kill_box(self, failure: Failure) -> Failure:
        """Kill the box because of this failure, and return it."""
        self.kill()
        return failure

    def stop(self) -> None:
        """Let no check begin any more, and end the one that runs. Called from another thread than the judge's."""
        self.account.close()
        self.interrupt()

    def interrupt(self) -> None:
        """End whatever runs in the box; kill() then waits until it has ended."""
        box = self.box  # read once: the judge's thread may set it to None at any moment
        if box is not None:
            box.interrupt()

    def take_prints(self) -> tuple[str, int]:
        """Return the prints since the last call, and the number of their bytes; also of a box that was killed since."""
        prints, self.last_prints = self.last_prints, ("", 0)
        return self.box.take_prints() if self.box is not None else prints

    def kill(self) -> None:
        if self.box is not None:
            self.last_prints = self.box.kill()  # take_prints() returns them although the box is gone
            self.box = None
