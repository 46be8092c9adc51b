"""The door to the process that serves checks: run(work, setup) is one check, and an Outcome comes back.

    run ──► begin ──► work: the check's calls ──► settle ──► end ──► Outcome: a value or a Failure, prints, processes
              ▲                                               │
              └── it failed, and the process had served another check: rerun in a fresh one, and only that counts

    run ──► begin ──► queue the next check ──► the results of its program ──► end ──► are they all right? the Outcome
                                                                                  └─► if not: rerun as above

A process (a child of the worker server) serves check after check while it leaves no trace that Python shows; so a check
must not fail by what another one did. What fails in a fresh process fails by itself. Behind this door live reuse and
rerun, deadlines, a new sandbox for one that is in doubt, and the account of time.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from grader.calls import Call, CallFailed, Failure, owner_of
from grader.errors import SandboxError
from grader.function_ids import module_of
from grader.messages.say import fault
from grader.records import ERROR, FAILED, MISSING, Reason
from grader.sandbox.host.check_setup import Outcome, Setup
from grader.sandbox.host.exchange import Exchange, Malformed, Post
from grader.sandbox.host.failures import Circumstances, used_up
from grader.sandbox.host.limits import Limits
from grader.sandbox.host.plain_box import PlainBox
from grader.sandbox.host.program import Diverged, record
from grader.sandbox.host.replies import plain_reason
from grader.sandbox.host.session import DOUBTS, Request, Session, refuse
from grader.sandbox.inside.protocol import encode

T = TypeVar("T")

ABSENT, OPENED, REOPENED, FRESH, REUSED, WAITING, LOST = STATES = (
    *("ABSENT", "OPENED", "REOPENED", "FRESH", "REUSED", "WAITING", "LOST"),
)
# begin: of a check. request: the first message of a check tells the worker that it began. stale: the process says that
# an earlier check left a trace, and goes. stay, end: of a check, where the process may stay and where it goes. doubt:
# whatever does not go as it should ends the sandbox, and costs the check that runs.
BEGIN, REQUEST, STALE, STAY, END, DOUBT = EVENTS = "begin", "request", "stale", "stay", "end", "doubt"
# The states of the process, and what each event makes of them; anything else is a fault of ours.
MOVES: Final[Mapping[str, Mapping[str, str]]] = {
    ABSENT: {BEGIN: OPENED, END: ABSENT, DOUBT: ABSENT},  # no process
    OPENED: {REQUEST: FRESH, END: ABSENT, DOUBT: LOST},  # a check began; its process is forked by a request
    REOPENED: {REQUEST: REUSED, END: WAITING, DOUBT: LOST},  # a check began; the process that waits serves it
    FRESH: {REQUEST: FRESH, STAY: WAITING, END: ABSENT, DOUBT: LOST},  # serves its first check
    REUSED: {REQUEST: REUSED, STALE: FRESH, STAY: WAITING, END: ABSENT, DOUBT: LOST},  # serves a check after another
    WAITING: {BEGIN: REOPENED, END: ABSENT, DOUBT: ABSENT},  # has served checks without a trace, and waits
    LOST: {END: ABSENT, DOUBT: LOST},  # its sandbox was ended; the check is not over yet
}
# Bytes of all frames of queued checks: a pipe holds 65,536. If they did not fit in, the judge would wait for the worker
# to read, while the worker may wait for the judge to read a long reply.
MAX_QUEUED: Final = 60_000
MOST_QUEUED: Final = 4  # checks; they even out that one takes longer to run and another to judge
UNWANTED_S: Final = 0.5  # for queued checks that are not run; one that hangs would cost its time twice
ENDED: Final = {"op": "ended", "exit": 0, "signal": 0}


# The setup of the nth check after the one that runs; None where there is none, or it does not run in the same process.
Upcoming = Callable[[int], Setup | None]


def no_more(number: int) -> None:
    """No check comes next."""


@dataclass(frozen=True)
class Queued:
    """A check whose program was sent behind the one that runs."""

    setup: Setup
    exchange: Exchange
    request: Request


class CheckProcess:
    """One after the other, the processes that serve a session's checks. A context manager; leaving it ends them all."""

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
        self.may_queue = True
        self.was_right = False

    def run(
        self,
        work: Callable[[], T],
        setup: Setup,
        *,
        before: Callable[[], None] = lambda: None,
        may_count: Callable[[Outcome[T]], bool] = lambda outcome: False,
        accept: Callable[[Any], T | None] | None = None,
        upcoming: Upcoming = no_more,
    ) -> Outcome[T]:
        """One check in whichever process is there, and where that had served another, once more in a fresh one.

        work: makes the check's calls, through call(); done anew for the rerun. before: called before each run.
        may_count: whether an outcome counts although the process had served another check, because no other process
        would give a better one. accept: the value, if these results of the check's program are right; else the check is
        run in a fresh process. upcoming: gives the checks that come next, with which the process goes on while these
        results are compared.
        """
        has_results = accept is not None
        if not self.was_right and not self.queued:  # this check will probably fail too, and be rerun with whole replies
            setup = replace(setup, lean=False)
        outcome = self.run_ahead(
            work, setup, before, fresh=False, has_results=has_results, upcoming=upcoming if has_results else no_more
        )
        if outcome.printed and self.queued:
            self.may_queue = False  # the next check may have printed this, so no outcome can have it
        elif accept is not None and outcome.results is not None:
            value = accept(outcome.results)
            self.was_right = value is not None
            if value is not None:
                return replace(outcome, value=value, results=None)
        else:
            self.was_right = outcome.failure is None
            is_known = outcome.failure is not None or not self.is_lean
            if is_known and (not outcome.is_reused or may_count(outcome)):
                return outcome
        return replace(self.run_ahead(work, replace(setup, lean=False), before, fresh=True), processes=2)

    def queue(self, upcoming: Upcoming) -> None:
        """Send the programs of the checks that run() will be called with next, so that the worker need not wait for it.

        Only behind a program with all calls of its check, since the worker takes the next message for the next check's.
        Not after a check that failed: the next one will probably fail too, and each of them is rerun.
        """
        is_sent = self.exchange is not None and self.exchange.unheard > 0
        if not (self.may_queue and self.was_right and is_sent) or isinstance(self.session.box, PlainBox):
            return
        last: Setup | None = self.queued[-1].setup if self.queued else self.setup
        while last is not None and last.program is not None and last.program.has_all_calls:
            last = upcoming(len(self.queued)) if len(self.queued) < MOST_QUEUED else None
            if last is not None and not self.send_behind(last):
                return

    def send_behind(self, setup: Setup) -> bool:
        """Queue this check; whether that was possible."""
        count, room = len(self.queued), MAX_QUEUED - sum(len(one.request.frame) for one in self.queued)

        def post(message: dict[str, Any], steps: tuple[bytes, bytes], function: str) -> None:
            request = self.session.queue(message, self.deadline, steps, room)
            if request is not None:
                self.queued.append(Queued(setup, exchange, request))

        exchange = self.exchange_for(setup, post)
        exchange.send_program()
        return len(self.queued) > count

    def adopt(self, queued: Queued) -> None:
        """This check, the first that was queued, is now the one that runs."""
        self.move(BEGIN)
        self.move(REQUEST)
        self.setup, self.exchange, self.request = queued.setup, queued.exchange, queued.request
        self.exchange.post = self.post
        self.is_reused, self.may_be_stale, self.lost_by = True, True, None
        self.deadline = self.session.account.deadline(self.limits.wall_s)

    def withdraw(self) -> None:
        """End the process, since other checks run next than those that were queued; the first of these was adopted."""
        until = min(self.deadline, time.monotonic() + UNWANTED_S)
        while True:
            self.deadline = until
            self.end()
            if not self.queued or self.state != WAITING:
                break
            self.adopt(self.queued.popleft())

    def run_alone(self, work: Callable[[], T], setup: Setup) -> Outcome[T]:
        """The same in a process that serves no other check, neither before nor after."""
        return self.run_ahead(work, setup, fresh=True, stay=False)

    def run_ahead(
        self,
        work: Callable[[], T],
        setup: Setup,
        before: Callable[[], None] = lambda: None,
        *,
        fresh: bool,
        stay: bool = True,
        has_results: bool = False,
        upcoming: Upcoming = no_more,
    ) -> Outcome[T]:
        """One check with its program; where it does something else, once more in a fresh process, call by call.

        has_results: whether the results of the program will do. upcoming: of the check that runs next.
        """
        before()
        try:
            return self.run_once(work, setup, fresh=fresh, stay=stay, has_results=has_results, upcoming=upcoming)
        except Diverged:
            before()
            return self.run_once(
                work, replace(setup, program=None, may_run_ahead=False, lean=False), fresh=True, stay=stay
            )

    def run_once(
        self,
        work: Callable[[], T],
        setup: Setup,
        *,
        fresh: bool,
        stay: bool,
        has_results: bool = False,
        upcoming: Upcoming = no_more,
    ) -> Outcome[T]:
        value, failure, results = None, None, None
        try:
            self.begin(setup, fresh=fresh)
            self.queue(upcoming)
            results = self.exchange.results() if has_results and self.exchange is not None else None
            if results is None and not self.is_lean:
                value = work()
                self.settle()
                if self.setup.program is not None and self.exchange is not None:
                    self.setup.program.has_all_calls = self.exchange.sent == 1
        except CallFailed as failed:
            value, failure = None, replace(failed.failure, said=plain_reason(failed.failure.reason))
        except (Exception, Diverged):
            self.end()
            raise
        prints, printed = self.end(stay=stay and has_ended(failure))
        mutations = tuple(self.exchange.mutations) if self.exchange is not None else ()
        return Outcome(value, failure, prints, printed, mutations, self.is_reused, results=results)

    # What run() is made of. The oracle uses it too: it is called while another process runs a check.

    def begin(self, setup: Setup, *, fresh: bool = True) -> None:
        """A check begins; call() reaches its process until end(). fresh: one that has served no other check.

        Raises CallFailed if the modules cannot even be imported; SandboxError if the box itself fails.
        """
        if self.queued and self.state == WAITING:
            queued = self.queued.popleft()
            self.adopt(queued)
            if not fresh and setup.is_for(queued.setup):
                return
            self.withdraw()
        self.queued.clear()
        # Also where this raises: no process serves the check then.
        self.exchange, self.is_reused, self.lost_by = None, False, None
        self.session.take_prints()  # of a box that was ended
        if self.session.account.is_over:
            raise CallFailed(used_up(self.session.limits))
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
        if self.session.imported.is_whole:  # else some call is refused here, and the worker had worked for nothing
            self.exchange.send_program()  # the worker computes while the judge does something else

    def exchange_for(self, setup: Setup, post: Post) -> Exchange:
        plan, limits = self.session.plan, setup.limits or self.session.limits
        opening = {
            "seed": setup.seed,
            "limits": {"CPU": limits.cpu_s * setup.times},
            "stubs": sorted(setup.granted & plan.switches.keys()),
        }
        return Exchange(opening, setup.arities, plan.classes, self.at, post, self.hear, setup.program, setup.lean)

    def call(self, function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """One call of the code under test. Raises CallFailed for whatever is not a value.

        What is written into an object goes with the next call, and then it shows whether it could be; or with settle().
        """
        if self.recording is not None:
            return self.recording(function, args, kwargs)
        broken = self.session.imported.failures.get(module_of(owner_of(function, self.session.plan.classes)))
        if broken is not None:
            raise CallFailed(broken)
        if self.lost_by is not None and not (self.exchange and self.exchange.heard):
            raise CallFailed(self.lost_by)  # of a check that goes on all the same
        if self.exchange is None:
            raise fault(Reason.of("called_where_no_check_runs", function=function), SandboxError)
        try:
            return self.exchange.call(function, args, kwargs)
        except Malformed as failed:
            self.lost_by = failed.failure
            self.kill()
            raise

    def ahead(self, work: Callable[[], Any]) -> None:
        """Have all that `work` calls before it looks at a value done by the worker, before it is called for real."""

        def recorded(call: Call) -> None:
            self.recording = call
            try:
                work()
            finally:
                self.recording = None

        if self.exchange is not None and self.setup.may_run_ahead and not self.exchange.unheard:
            self.exchange.program = record(recorded, ())

    def settle(self) -> None:
        """See to it that all was sent. Raises CallFailed if something could not be written."""
        if self.lost_by is not None:
            raise CallFailed(self.lost_by)
        if self.exchange is not None:
            self.exchange.settle()

    def end(self, *, stay: bool = False) -> tuple[str, int]:
        """End the check; make sure that nothing is left. Returns what it printed and how many bytes it was.

        stay: its process may wait for the next check, which it serves if this one left no trace; else it is gone.
        Where none is running, because it was ended before or never began, there is nothing to do.
        """
        if self.state in (OPENED, REOPENED):  # nobody knows of this check yet
            self.move(END)
            return "", 0
        while self.exchange is not None and self.exchange.unheard and self.state in (FRESH, REUSED):
            try:  # the check ended before its program
                self.exchange.hear("")
            except Malformed:
                self.kill()
            except (CallFailed, Diverged):
                continue
        if self.state in (FRESH, REUSED):
            is_waiting = not self.queued  # else the process is at the next check already
            stays = (stay and not isinstance(self.session.box, PlainBox)) or not is_waiting
            if self.session.is_quiet(staying=1, is_waiting=is_waiting) if stays else self.ends_cleanly():
                self.move(STAY if stays else END)
                return self.session.take_prints()
            self.kill()
        if self.state == LOST:
            self.move(END)
        return self.session.take_prints() if self.session.box is None else ("", 0)

    def dismiss(self) -> None:
        """End the process that waits for another check, if there is one."""
        if self.state == WAITING:
            is_clean = self.ends_cleanly()
            self.move(END)
            if not is_clean:
                self.kill()

    def post(self, message: dict[str, Any], steps: tuple[bytes, bytes], function: str) -> None:
        """A message to the process of the check, which calls this function first. Raises CallFailed if it cannot go.

        Raises Diverged where the next check is queued already: this message would come too late.
        """
        program = self.setup.program
        if self.queued:
            if program is not None:
                program.has_all_calls = False
            raise Diverged
        self.move(REQUEST)
        self.may_be_stale = "begin" in message and self.state == REUSED
        with self.losing_the_box():
            self.request = self.session.post(message, self.at(function), self.deadline, steps)

    def hear(self, function: str) -> dict[str, Any]:
        """The next reply, which is this function's. Raises CallFailed where none comes; the box is gone then."""
        renew, self.may_be_stale = self.replace if self.may_be_stale else None, False
        assert self.request is not None
        with self.losing_the_box():
            return self.session.hear(
                self.request, self.at(function), lambda: self.deadline, answer=self.answer, renew=renew
            )

    @contextmanager
    def losing_the_box(self) -> Iterator[None]:
        try:
            yield
        except CallFailed as failed:
            self.lost_by = failed.failure
            self.move(DOUBT)
            raise

    def replace(self) -> None:
        """A fresh process for the check that is beginning: the one that waited found traces of an earlier check.

        Raises one of DOUBTS, and CallFailed if the modules cannot be imported again.
        """
        self.move(STALE)
        self.is_reused = False
        self.begun += 1
        self.may_queue = False  # a process that leaves traces will leave more of them
        if self.queued or not self.has_ended():  # a fresh process would begin with the queued check
            self.queued.clear()
            self.session.kill()
            if (broken := self.session.open().broken) is not None:
                raise CallFailed(broken)
            self.deadline = self.session.account.deadline(self.limits.wall_s)

    def answer(self, ask: Mapping[str, Any]) -> dict[str, Any]:
        """What the judge says to a stub. Raises ProtocolError if the function was not granted to this check."""
        function, args = ask.get("function"), ask.get("args")
        if self.setup.answer is None or function not in self.setup.granted or type(args) is not tuple:
            return refuse(ask)
        return {"op": "answer", **self.setup.answer(function, args)}

    def ends_cleanly(self) -> bool:
        """Whether the process ends as it should when it is told to, and no other process is there."""
        began, account = time.monotonic(), self.session.account
        try:
            self.deadline = account.deadline_to_end(self.limits.wall_s)
            self.session.send(encode({"op": "end"}), self.deadline)
            return self.has_ended()
        except DOUBTS:
            return False
        finally:
            account.protocol += time.monotonic() - began

    def has_ended(self) -> bool:
        """The same where it ends by itself. Raises one of DOUBTS."""
        return self.session.receive(self.deadline) == ENDED and self.session.is_quiet(staying=0)

    def kill(self) -> None:
        """End the sandbox with all that is inside; the next check gets a new one."""
        self.queued.clear()
        self.session.kill()
        self.move(DOUBT)

    def move(self, event: str) -> None:
        if event not in MOVES[self.state]:
            raise fault(Reason.of("no_such_move", event=event, state=self.state), SandboxError)
        self.state = MOVES[self.state][event]

    @property
    def is_idle(self) -> bool:
        """Whether there is a living sandbox in which all modules were imported, and no process in it."""
        return self.state == ABSENT and self.session.is_open

    @property
    def is_lean(self) -> bool:
        """Whether the replies of the last check have too little for its function to run on."""
        return self.exchange is not None and self.exchange.is_lean

    @property
    def limits(self) -> Limits:
        return self.setup.limits or self.session.limits

    def at(self, function: str) -> Circumstances:
        return self.session.at(function, self.limits, self.setup.why)

    def __enter__(self) -> CheckProcess:
        return self

    def __exit__(self, *raised: object) -> None:
        self.kill()


def has_ended(failure: Failure | None) -> bool:
    """Whether a check came to its end in its process, one way or another: nothing was stopped or broken."""
    return failure is None or failure.status in (MISSING, ERROR, FAILED)
