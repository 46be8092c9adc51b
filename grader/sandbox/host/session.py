"""Session: starts a box, has it import one submission's modules, and replaces the box after any failure.

    no box ──warm──► a box ──hello──► greeted ──load──► modules imported ──post──► receive_reply
       ▲                                                        │
       └──── kill: a reply is late, malformed or not awaited ───┘

The judge runs this module and trusts no message from the box. After a late reply, a wrong id or a malformed frame, the
judge kills the box, and the current call or import fails; the next open() starts a new box. A reply contains only
data. check_process.py decides which process inside serves which check.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from grader.calls import CallFailed, Failure
from grader.errors import SandboxError
from grader.messages.say import fault
from grader.records import Reason
from grader.sandbox.host.box import Box, Launch, NoReply, TooMuchMemory, TooMuchPrinted, WorkerEnded
from grader.sandbox.host.decoder import Decoder, RawFrame
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

MAX_STUB_CALLS: Final = 2000  # before one reply; training a three-layer net for some steps makes a few hundred
HELLO_S: Final = 60  # a worker sends hello after 0.2 s; on a machine that swaps it can take much longer
MAX_LISTED: Final = 20  # absent names and recoded files that a report lists; a worker could send thousands
STALE: Final = {"op": "stale"}
# Failures of a worker: the box raises the first four, the decoder raises the last.
WORKER_FAILURES: Final = (NoReply, WorkerEnded, TooMuchPrinted, TooMuchMemory, ProtocolError)


Replies = Callable[[Mapping[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Request:
    """A message to the worker. number: all replies to it repeat it. posted_s: when it was sent."""

    number: int
    frame: bytes
    posted_s: float


def refuse(ask: Mapping[str, Any]) -> dict[str, Any]:
    """Refuse a stub's call, because no stub was granted to this check."""
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
        """box: a box that was started earlier with the same kind of launch, to save time."""
        self.launch = launch
        self.plan = plan
        self.limits = limits
        self.account = account or TimeAccount()
        self.box = box
        self.is_greeted = False
        self.decoder = Decoder(limits.reply_mib << 20)
        self.inbox: list[RawFrame] = []
        self.imported = ImportResult()
        self.number = 0
        self.last_message_s = 0.0
        self.last_prints = ("", 0)

    def lend(self, launch: Callable[[], Launch], account: TimeAccount) -> None:
        """Use this session for another submission, with its own time."""
        self.launch, self.account = launch, account

    @property
    def is_open(self) -> bool:
        """Whether a living box has imported all modules."""
        return self.box is not None and self.box.is_alive and self.is_greeted and self.imported.is_whole

    def warm(self) -> None:
        """Start a box early, so that the first check need not wait. The box runs no student code yet."""
        if self.box is None:
            self.box, self.is_greeted = start_worker(self.launch()), False
            # Drop bytes of the old box, which are no replies of the new one.
            self.inbox, self.decoder = [], Decoder(self.limits.reply_mib << 20)

    def open(self) -> ImportResult:
        """Make sure that a box has imported the modules. Returns the result of the import.

        Raises SandboxError if the worker sends no hello. No student code has run by then, so the grader is at fault.
        """
        # Do not repeat a broken import: it would fail again, and take as long again.
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
        # After each round, one way to start a worker is no longer used (start_worker.py), so the loop ends.
        while (wrong := self.receive_hello()) is not None:
            may_try_again = can_start_another_way(self.box)
            self.kill()
            if not may_try_again:
                prints = self.last_prints[0].strip()[-500:]
                reason = Reason.of("worker_did_not_start", error=type(wrong).__name__, prints=prints)
                raise fault(reason, SandboxError) from wrong
            self.warm()

    def receive_hello(self) -> Exception | None:
        """Wait for a new box's hello. Returns an error if anything else arrives."""
        self.is_greeted = True  # if no hello comes, greet() kills the box, and warm() resets this
        try:
            if self.receive_other(time.monotonic() + HELLO_S)[1].get("op") != "hello":
                raise ProtocolError("no hello")
        except WORKER_FAILURES as error:
            return error
        return None

    def import_modules(self) -> None:
        at = self.at("", self.limits)
        try:
            deadline = self.account.deadline(self.limits.import_wall_s)
            request = self.post(self.plan.request(), at, deadline)
            frame = self.receive_reply(request, at, lambda: deadline)
            with self.killing_box_on_failure(at):
                reply = checked(frame.read())
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
            # None is success. A reply that does not name a module of the plan is malformed.
            result = results.get(module, {})
            failure = None if result is None else import_failure(module, result, at)
            failures[module] = failure if failure or result is None else self.kill_box(malformed(at))

    def at(self, function: str, limits: Limits, why: Reason | None = None) -> Circumstances:
        return Circumstances(function, self.plan, limits, why, not isinstance(self.box, PlainBox))

    def post(
        self, message: dict[str, Any], at: Circumstances, deadline: float, steps: tuple[bytes, bytes] | None = None
    ) -> Request:
        """Send a request; receive_reply() waits for the replies.

        steps: encoded steps, if any. If it cannot be sent, kills the box and raises CallFailed.
        """
        request = self.request_with(message, steps)
        self.account.ask()
        self.last_message_s = request.posted_s
        with self.killing_box_on_failure(at):
            self.send(request.frame, deadline)
        return request

    def queue(self, message: dict[str, Any], deadline: float, steps: tuple[bytes, bytes], room: int) -> Request | None:
        """Send a request before all replies to the last one have arrived.

        Returns None if it has more bytes than `room`, or if the worker has failed; in the second case, receive_reply()
        will raise the failure.
        """
        request = self.request_with(message, steps)
        if len(request.frame) > room:
            return None
        try:
            self.send(request.frame, deadline)
        except WORKER_FAILURES:
            return None
        return request

    def request_with(self, message: dict[str, Any], steps: tuple[bytes, bytes] | None) -> Request:
        self.number += 1  # never reused, not even in the next box, so that a late reply cannot match
        frame = encode(message, self.number) if steps is None else encode_with(message, steps, self.number)
        # Take the time before the send, because the worker may run first and this process continue later.
        return Request(self.number, frame, time.monotonic())

    def receive_reply(
        self,
        request: Request,
        at: Circumstances,
        deadline: Callable[[], float],
        *,
        answer: Replies = refuse,
        renew: Callable[[], None] | None = None,
    ) -> RawFrame:
        """Return the next reply to this request, not decoded.

        If another message or none arrives, kills the box and raises CallFailed. answer: returns replies to the calls
        of stubs meanwhile. renew: if the process reports that it is stale, replaces it by a fresh process, and may
        move the deadline. Without renew, a stale report is an unexpected message.
        """
        started, answering_s, took_s = time.monotonic(), 0.0, None
        try:
            with self.killing_box_on_failure(at):
                frame, message = self.receive_other(deadline())
                # The stale process dropped the request, so send it again to the fresh process.
                if message == STALE and renew is not None:
                    renew()
                    self.send(request.frame, deadline())
                    frame, message = self.receive_other(deadline())
                for _ in range(MAX_STUB_CALLS):
                    if message.get("op") != "ask":
                        break
                    answer_began = time.monotonic()
                    answer_frame = encode(answer(message))
                    # This is the judge's own work, so it must not count as the worker's time.
                    answering_s += time.monotonic() - answer_began
                    self.send(answer_frame, deadline())
                    frame, message = self.receive_other(deadline())
                took_s = frame.took_s
        finally:
            now, before = time.monotonic(), self.last_message_s
            waited_s, busy_s, self.last_message_s = now - started - answering_s, now - before - answering_s, now
            if took_s is None:  # no reply: the function ran until the end
                took_s = busy_s if at.function else 0.0
            self.account.add_call(waited_s, took_s, busy_s)
        if message.get("op") == "ended":
            raise CallFailed(self.kill_box(failure_of_child(message, time.monotonic() - request.posted_s, at)))
        # A reply with another number belongs to another call. Student code could have sent it in advance.
        if frame.number != request.number:
            raise CallFailed(self.kill_box(unexpected_reply(at)))
        return frame

    def send(self, frame: bytes, deadline: float) -> None:
        """Send a frame. Raises one of WORKER_FAILURES."""
        assert self.box is not None
        self.box.send(frame, deadline)

    def receive(self, deadline: float) -> RawFrame:
        """Return the next frame. Raises one of WORKER_FAILURES."""
        assert self.box is not None
        # One read can return several frames; the later ones stay in the inbox.
        while not self.inbox:
            self.inbox += self.decoder.feed(self.box.receive(deadline))
        return self.inbox.pop(0)

    def receive_other(self, deadline: float) -> tuple[RawFrame, dict[str, Any]]:
        """Return the next frame, and its message unless it is a reply. Raises one of WORKER_FAILURES."""
        frame = self.receive(deadline)
        return frame, {} if frame.number else checked(frame.read())

    def is_quiet(self, *, staying: int, is_waiting: bool = True) -> bool:
        """Whether exactly `staying` processes of checks are left, and no unexpected message has arrived.

        is_waiting: whether the worker has replied to all requests. If not, messages may be replies to a queued check.
        """
        if self.box is None or (is_waiting and (self.inbox or self.decoder.buffer or self.box.pending())):
            return False
        return not self.box.has_stray_processes(staying=staying)

    @contextmanager
    def killing_box_on_failure(self, at: Circumstances) -> Iterator[None]:
        """In case of a worker's failure, kill the box and raise CallFailed instead."""
        try:
            yield
        except WORKER_FAILURES as error:
            # At the end of the submission's time, which cuts all deadlines, do not blame the check.
            if isinstance(error, NoReply) and time.monotonic() >= self.account.until:
                raise CallFailed(self.kill_box(submission_timeout(self.limits, at.name))) from None
            code = self.box.exit_code() if self.box and isinstance(error, WorkerEnded) else None
            raise CallFailed(self.kill_box(failure_of_box(error, code, at))) from None

    def kill_box(self, failure: Failure) -> Failure:
        """Kill the box because of this failure, and return the failure."""
        self.kill()
        return failure

    def stop(self) -> None:
        """Let no further check begin, and end the running check. Called from another thread than the judge's."""
        self.account.close()
        self.interrupt()

    def interrupt(self) -> None:
        """Kill the processes in the box; kill() later reaps them."""
        box = self.box  # read once, because the judge's thread may set it to None at any moment
        if box is not None:
            box.interrupt()

    def take_prints(self) -> tuple[str, int]:
        """Return the prints since the last call, also of a box killed meanwhile, and the number of their bytes."""
        prints, self.last_prints = self.last_prints, ("", 0)
        return self.box.take_prints() if self.box is not None else prints

    def kill(self) -> None:
        if self.box is not None:
            self.last_prints = self.box.kill()  # take_prints() returns them later
            self.box = None
