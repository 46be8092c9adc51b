"""Runs one check in a process, step by step: begin, calls, settle, end. CheckLifecycle holds the process and its state.

    begin ──► call, call, … ──► settle ──► end ──► WAITING: the process stays for the next check
      ▲                                      └──► ABSENT: the process has ended
      └── adopt: the check was queued, so its program has already been sent

The judge runs this module and trusts no process: after a late, malformed or unexpected reply it kills the whole
sandbox. The state table below lists which events are allowed in each state. check_process.py decides which outcome of
a check counts. The oracle uses this module directly, because it runs its calls in the middle of another check.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from grader.calls import Call, CallFailed, Failure, owner_of
from grader.errors import SandboxError
from grader.function_ids import module_of
from grader.messages.say import fault
from grader.records import Reason
from grader.sandbox.host.check_setup import Setup
from grader.sandbox.host.decoder import RawFrame
from grader.sandbox.host.exchange import Exchange, Malformed, Post
from grader.sandbox.host.failures import Circumstances, submission_timeout
from grader.sandbox.host.limits import Limits
from grader.sandbox.host.plain_box import PlainBox
from grader.sandbox.host.program import Diverged, record
from grader.sandbox.host.session import WORKER_FAILURES, Request, Session, refuse
from grader.sandbox.inside.protocol import encode

ABSENT, OPENED, REOPENED, FRESH, REUSED, WAITING, LOST = STATES = (
    *("ABSENT", "OPENED", "REOPENED", "FRESH", "REUSED", "WAITING", "LOST"),
)
# begin: a check begins. request: the judge sends a message of the check. stale: the process reports that an earlier
# check left a trace, and ends. stay: the check ends, the process stays. end: the check and the process end. kill:
# after a failure, the judge kills the sandbox.
BEGIN, REQUEST, STALE, STAY, END, KILL = EVENTS = "begin", "request", "stale", "stay", "end", "kill"
# State → event → next state. Any other event is a mistake of the grader (SandboxError).
MOVES: Final[Mapping[str, Mapping[str, str]]] = {
    ABSENT: {BEGIN: OPENED, END: ABSENT, KILL: ABSENT},  # no process
    OPENED: {REQUEST: FRESH, END: ABSENT, KILL: LOST},  # a check began; its first request will fork the process
    REOPENED: {REQUEST: REUSED, END: WAITING, KILL: LOST},  # a check began; the waiting process will serve it
    FRESH: {REQUEST: FRESH, STAY: WAITING, END: ABSENT, KILL: LOST},  # the process serves its first check
    REUSED: {REQUEST: REUSED, STALE: FRESH, STAY: WAITING, END: ABSENT, KILL: LOST},  # the process has served others
    WAITING: {BEGIN: REOPENED, END: ABSENT, KILL: ABSENT},  # the process waits for the next check
    LOST: {END: ABSENT, KILL: LOST},  # the sandbox was killed during the check
}
UNWANTED_S: Final = 0.5  # the longest wait for a queued check whose result is not needed; the check may hang
ENDED: Final = {"op": "ended", "exit": 0, "signal": 0}  # the report of a process that ended normally


@dataclass(frozen=True)
class Queued:
    """A check whose program was sent while the previous check was still running."""

    setup: Setup
    exchange: Exchange
    request: Request


class CheckLifecycle:
    """Runs a session's checks one after the other. A context manager: leaving it kills the sandbox.

    begun: the number of processes that served a check. lost_by: the failure because of which the sandbox was killed
    during this check. queued: the checks whose programs were sent ahead, in order. was_followed: whether a queued
    check may have run before the last check's end.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.state = ABSENT
        self.is_reused = False
        self.begun = 0
        self.setup = Setup(0)
        self.exchange: Exchange | None = None
        self.deadline = 0.0
        self.lost_by: Failure | None = None
        self.may_be_stale = False
        self.recording: Call | None = None
        self.request: Request | None = None
        self.queued: deque[Queued] = deque()
        self.was_followed = False
        self.may_queue = True

    def begin(self, setup: Setup, *, fresh: bool = True) -> None:
        """Begin a check; call() reaches its process until end(). fresh: use a process that has served no other check.

        Raises CallFailed if the modules cannot be imported; SandboxError if the box itself fails.
        """
        # A queued check, too, must not begin after the end of the submission's time or after stop().
        if self.queued and self.state == WAITING and not self.session.account.is_over:
            queued = self.queued.popleft()
            self.adopt(queued)
            if not fresh and setup == queued.setup:  # the same program: Program compares by identity
                return
            self.withdraw()
        self.queued.clear()
        # Reset now, because a line below may raise: the fields of the previous check must not remain.
        self.exchange, self.is_reused, self.lost_by = None, False, None
        self.session.take_prints()  # drops prints of a box that was killed after the last check
        if self.session.account.is_over:
            raise CallFailed(submission_timeout(self.session.limits))
        if fresh:
            self.dismiss()
        if (broken := self.session.open().broken) is not None:
            raise CallFailed(broken)
        self.move(BEGIN)
        self.is_reused = self.state == REOPENED
        self.begun += not self.is_reused
        self.setup = setup
        self.deadline = self.session.account.deadline(self.limits.wall_s)
        self.exchange = self.exchange_for(setup, self.post)
        # If a module was not imported, call() will refuse some call, so do not run the program in vain.
        if self.session.imported.is_whole:
            self.exchange.send_program()  # send the program early, so that the worker runs it while the judge works

    def exchange_for(self, setup: Setup, post: Post) -> Exchange:
        plan, limits = self.session.plan, setup.limits or self.session.limits
        opening = {
            "seed": setup.seed,
            "limits": {"CPU": limits.cpu_s * setup.times},
            "stubs": sorted(setup.granted & plan.switches.keys()),
        }
        return Exchange(opening, setup.arities, plan.classes, self.at, post, self.receive_reply, setup.program)

    def call(self, function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Make one call of the code under test. Raises CallFailed if no value comes back.

        A write into an object is not sent at once, but with the next call or by settle(), which may then raise.
        """
        if self.recording is not None:
            return self.recording(function, args, kwargs)
        broken = self.session.imported.failures.get(module_of(owner_of(function, self.session.plan.classes)))
        if broken is not None:
            raise CallFailed(broken)
        # The box was killed. Replies that arrived before still count, and the check may have caught the failure.
        if self.lost_by is not None and not (self.exchange and self.exchange.early_replies):
            raise CallFailed(self.lost_by)
        if self.exchange is None:
            raise fault(Reason.of("called_where_no_check_runs", function=function), SandboxError)
        with self.losing_the_box():
            return self.exchange.call(function, args, kwargs)

    def ahead(self, work: Callable[[], Any]) -> None:
        """Record as a program the calls of `work` before its first look at a value. `work` runs again later."""

        def recorded(call: Call) -> None:
            self.recording = call
            try:
                work()
            finally:
                self.recording = None

        if self.exchange is not None and self.setup.may_run_ahead and not self.exchange.replies_due:
            self.exchange.program = record(recorded, ())

    def settle(self) -> None:
        """Send all delayed writes. Raises CallFailed if one of them fails."""
        if self.lost_by is not None:
            raise CallFailed(self.lost_by)
        if self.exchange is not None:
            with self.losing_the_box():
                self.exchange.settle()

    def end(self, *, stay: bool = False) -> tuple[str, int]:
        """End the check, and verify that no process outlives it. Returns its prints, and the number of their bytes.

        stay: let the process wait for the next check. Does nothing if no check is running.
        """
        self.was_followed = bool(self.queued)  # save this now, since kill() clears the queue
        if self.state in (OPENED, REOPENED):  # no message of this check was sent
            self.move(END)
            return "", 0
        while self.exchange is not None and self.exchange.replies_due and self.state in (FRESH, REUSED):
            # Read the remaining replies, if the check made fewer calls than its program.
            with suppress(CallFailed, Diverged), self.losing_the_box():
                self.exchange.receive_reply("")
        if self.state in (FRESH, REUSED):
            is_waiting = not self.queued  # otherwise the process already runs the next check
            stays = (stay and not isinstance(self.session.box, PlainBox)) or not is_waiting
            if self.session.is_quiet(staying=1, is_waiting=is_waiting) if stays else self.ends_cleanly():
                self.move(STAY if stays else END)
                return self.session.take_prints()
            # The process may have found traces before a queued check, and ended. With such code, queues only cost time.
            self.may_queue = self.may_queue and is_waiting
            self.kill()
        if self.state == LOST:
            self.move(END)
        return self.session.take_prints() if self.session.box is None else ("", 0)

    def dismiss(self) -> None:
        """End the process that waits for another check, if any."""
        if self.state == WAITING:
            is_clean = self.ends_cleanly()
            self.move(END)
            if not is_clean:
                self.kill()

    def adopt(self, queued: Queued) -> None:
        """Make the first queued check the one that runs."""
        self.move(BEGIN)
        self.move(REQUEST)
        self.setup, self.exchange, self.request = queued.setup, queued.exchange, queued.request
        self.exchange.post = self.post
        self.is_reused, self.may_be_stale, self.lost_by = True, True, None
        # The check's time begins now, not when it was sent, because the worker ran the previous check meanwhile.
        self.deadline = self.session.account.deadline(self.limits.wall_s)

    def withdraw(self) -> None:
        """End the process, because the next check is not the queued one, which was adopted."""
        until = min(self.deadline, time.monotonic() + UNWANTED_S)
        while True:
            self.deadline = until
            self.end()
            if not self.queued or self.state != WAITING:
                break
            # The worker has received all queued checks and runs them in order, so end each of them.
            self.adopt(self.queued.popleft())
        # If that killed the sandbox, stop queuing: each wrong check would cost another import of the modules.
        self.may_queue = self.may_queue and self.session.box is not None

    def post(self, message: dict[str, Any], steps: tuple[bytes, bytes], function: str) -> None:
        """Send a message whose first call is of this function.

        Raises CallFailed if it cannot be sent. Raises Diverged if another check is already queued, because the worker
        would take this message for that check's.
        """
        program = self.setup.program
        if self.queued:
            if program is not None:
                program.has_all_calls = False  # no check will be queued behind this program again
            raise Diverged
        self.move(REQUEST)
        self.may_be_stale = "begin" in message and self.state == REUSED
        with self.box_is_lost():
            self.request = self.session.post(message, self.at(function), self.deadline, steps)

    def receive_reply(self, function: str) -> RawFrame:
        """Return the next reply, to a call of this function. Without a reply, kills the box and raises CallFailed."""
        # Only a reused process's first message may be "stale": later, student code could use it to undo calls.
        renew, self.may_be_stale = self.replace if self.may_be_stale else None, False
        assert self.request is not None
        with self.box_is_lost():
            return self.session.receive_reply(
                self.request, self.at(function), lambda: self.deadline, answer=self.answer, renew=renew
            )

    @contextmanager
    def box_is_lost(self) -> Iterator[None]:
        """Note a failure for which the session has killed the box."""
        try:
            yield
        except CallFailed as failed:
            self.lost_by = failed.failure
            self.move(KILL)
            raise

    @contextmanager
    def losing_the_box(self) -> Iterator[None]:
        """Kill the box after a malformed reply."""
        try:
            yield
        except Malformed as failed:
            self.lost_by = failed.failure
            self.kill()
            raise

    def replace(self) -> None:
        """Start a fresh process for this check, because the waiting process found traces of an earlier check.

        Raises one of WORKER_FAILURES, and CallFailed if the modules cannot be imported again.
        """
        self.move(STALE)
        self.is_reused = False
        self.begun += 1
        self.may_queue = False  # this code will probably leave traces again, and each time the queue is lost
        # If a check is queued, the server would fork the next process for that check. So start a new box.
        if self.queued or not self.has_ended():
            self.queued.clear()
            self.session.kill()
            if (broken := self.session.open().broken) is not None:
                raise CallFailed(broken)
            self.deadline = self.session.account.deadline(self.limits.wall_s)

    def answer(self, ask: Mapping[str, Any]) -> dict[str, Any]:
        """Reply to a stub's call. Raises ProtocolError if the function is not granted as a stub to this check."""
        function, args = ask.get("function"), ask.get("args")
        if self.setup.answer is None or function not in self.setup.granted or type(args) is not tuple:
            return refuse(ask)
        return {"op": "answer", **self.setup.answer(function, args)}

    def ends_cleanly(self) -> bool:
        """Request the process to end. Return whether it ended and no other process is left."""
        began, account = time.monotonic(), self.session.account
        try:
            self.deadline = account.deadline_to_end(self.limits.wall_s)
            self.session.send(encode({"op": "end"}), self.deadline)
            return self.has_ended()
        except WORKER_FAILURES:
            return False
        finally:
            account.protocol += time.monotonic() - began

    def has_ended(self) -> bool:
        """Whether the process reports its normal end, and no other process is left. Raises one of WORKER_FAILURES."""
        return self.session.receive_other(self.deadline)[1] == ENDED and self.session.is_quiet(staying=0)

    def kill(self) -> None:
        """Kill the sandbox; the next check gets a new one."""
        self.queued.clear()
        self.session.kill()
        self.move(KILL)

    def move(self, event: str) -> None:
        if event not in MOVES[self.state]:
            raise fault(Reason.of("no_such_move", event=event, state=self.state), SandboxError)
        self.state = MOVES[self.state][event]

    @property
    def is_idle(self) -> bool:
        """Whether a living sandbox has imported all modules, and no process of a check is in it."""
        return self.state == ABSENT and self.session.is_open

    @property
    def limits(self) -> Limits:
        return self.setup.limits or self.session.limits

    def at(self, function: str) -> Circumstances:
        return self.session.at(function, self.limits, self.setup.why)

    def __exit__(self, *raised: object) -> None:
        self.kill()
