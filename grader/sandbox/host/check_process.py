"""Runs checks: run(work, setup) is one check, and returns an Outcome. This module decides which run of a check counts.

    run ──► begin ──► work: the check's calls ──► settle ──► end ──► Outcome: a value or a Failure, prints, processes
              ▲                                               │
              └── it failed, and the process had served another check: rerun in a fresh one, and only that counts

    run ──► begin ──► queue the next check ──► the results of its program ──► end ──► are they all right? the Outcome
                                                                                  └─► if not: rerun as above

A process (a child of the worker server) serves check after check while it leaves no trace that Python shows. A check
must not fail because of another check, so a failure in a process that served another one never counts. begin, end and
the calls between them are in check_lifecycle.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeVar

from grader.calls import CallFailed, Failure
from grader.records import ERROR, FAILED, MISSING
from grader.sandbox.host.check_lifecycle import CheckLifecycle, Queued
from grader.sandbox.host.check_setup import Outcome, Setup
from grader.sandbox.host.plain_box import PlainBox
from grader.sandbox.host.program import Diverged
from grader.sandbox.host.replies import plain_reason
from grader.sandbox.host.session import Session

T = TypeVar("T")

# The share of a pipe that the frames of queued checks may fill. If they did not fit, the judge would wait for the
# worker to read, while the worker may wait for the judge to read a long reply. The rest is for pages that are not full.
QUEUE_SHARE: Final = 0.9
# With some checks in the queue, neither side waits when one check takes longer to run and another longer to judge.
MAX_QUEUED_CHECKS: Final = 4

# Returns the setup of the nth check after the one that runs, or None if there is none in the same process.
Upcoming = Callable[[int], Setup | None]


def no_more(number: int) -> None:
    """Return that no check comes next."""


class CheckProcess(CheckLifecycle):
    """Runs checks in the processes of one session. was_right: the last check was, so the next one probably is too."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.was_right = False

    def __enter__(self) -> CheckProcess:
        return self

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
        """Run one check in the current process. If it fails and that process had served another check, rerun it.

        work: makes the check's calls, through call(), and makes all of them again in the rerun. before: called before
        each run. may_count: whether an outcome counts although the process had served another check, because no other
        process would give a better one. accept: returns the value if these results of the check's program are right;
        otherwise the check is rerun in a fresh process. upcoming: the checks that come next, which the process runs
        while these results are compared.
        """
        has_results = accept is not None
        # After a wrong check, this one is probably wrong too. A wrong check needs whole replies: lean ones would cost a
        # rerun.
        if not self.was_right and not self.queued:
            setup = replace(setup, lean=False)
        outcome = self.run_ahead(
            work, setup, before, fresh=False, has_results=has_results, upcoming=upcoming if has_results else no_more
        )
        if outcome.printed and self.was_followed:
            self.may_queue = False  # the next check may have printed this, so it belongs to no outcome
        elif accept is not None and outcome.results is not None:
            value = accept(outcome.results)
            self.was_right = value is not None
            if value is not None:
                return replace(outcome, value=value, results=None)
        else:
            is_known = outcome.failure is not None or not self.is_lean
            self.was_right = outcome.failure is None and is_known
            if is_known and (not outcome.is_reused or may_count(outcome)):
                return outcome
        # Not lean: `work` runs this time, and needs every value.
        return replace(self.run_ahead(work, replace(setup, lean=False), before, fresh=True), processes=2)

    def queue(self, upcoming: Upcoming) -> None:
        """Send the programs of the checks that run() is called with next, so that the worker need not wait for it.

        A program is sent only behind one with all calls of its check, since the worker takes the next message for the
        next check's. Nothing is sent after a check that failed: the next one will probably fail too, and each of them
        is rerun.
        """
        is_sent = self.exchange is not None and self.exchange.replies_due > 0
        # A PlainBox's server drops the message after a check, which has to be its end (serve_check, inside/server.py).
        if not (self.may_queue and self.was_right and is_sent) or isinstance(self.session.box, PlainBox):
            return
        last: Setup | None = self.queued[-1].setup if self.queued else self.setup
        while last is not None and last.program is not None and last.program.has_all_calls:
            last = upcoming(len(self.queued)) if len(self.queued) < MAX_QUEUED_CHECKS else None
            if last is not None and not self.send_behind(last):
                return

    def send_behind(self, setup: Setup) -> bool:
        """Queue this check. Returns whether that was possible."""
        assert self.session.box is not None
        room = int(QUEUE_SHARE * self.session.box.pipe_bytes()) - sum(len(one.request.frame) for one in self.queued)
        count = len(self.queued)

        def post(message: dict[str, Any], steps: tuple[bytes, bytes], function: str) -> None:
            request = self.session.queue(message, self.deadline, steps, room)
            if request is not None:
                self.queued.append(Queued(setup, exchange, request))

        exchange = self.exchange_for(setup, post)  # `post` reads this name only when send_program calls it
        exchange.send_program()
        return len(self.queued) > count

    def run_alone(self, work: Callable[[], T], setup: Setup) -> Outcome[T]:
        """Run one check in a process that serves no other check, neither before nor after."""
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
        """Run one check with its program. If it makes other calls, rerun it in a fresh process, call by call.

        has_results: the results of the program are enough, and `work` need not run. upcoming: the checks that follow.
        """
        before()
        try:
            return self.run_once(work, setup, fresh=fresh, stay=stay, has_results=has_results, upcoming=upcoming)
        except Diverged:
            # Fresh: this process has made calls that the check did not ask for, and they may have left traces.
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
            # Lean replies lack values that `work` needs: run() reruns the check then.
            if results is None and not self.is_lean:
                value = work()
                self.settle()
                if self.setup.program is not None and self.exchange is not None:
                    # The program was the only message, so `work` makes no call after it, with this student's code.
                    self.setup.program.has_all_calls = self.exchange.sent == 1
        except CallFailed as failed:
            value, failure = None, replace(failed.failure, explanation=plain_reason(failed.failure.reason))
        except (Exception, Diverged):  # a mistake of the grader, or a rerun that follows: either needs a clean state
            self.end()
            raise
        prints, printed = self.end(stay=stay and has_ended(failure))
        mutations = tuple(self.exchange.mutations) if self.exchange is not None else ()
        return Outcome(value, failure, prints, printed, mutations, self.is_reused, results=results)


def has_ended(failure: Failure | None) -> bool:
    """Whether a check came to its end in its process: it was not stopped, and nothing broke."""
    return failure is None or failure.status in (MISSING, ERROR, FAILED)
