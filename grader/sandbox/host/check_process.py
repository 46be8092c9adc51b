"""Runs checks: run(work, setup) is one check, and returns an Outcome. This module decides which run of a check counts.

    run ──► begin ──► work: the check's calls ──► settle ──► end ──► Outcome: a value or a Failure, prints, processes
              ▲                                               │
              └── it failed, and the process had served another check: rerun in a fresh one, and only that counts

    run ──► begin ──► queue the next check ──► the results of its program ──► end ──► are they all right? the Outcome
                                                                                  └─► if not: rerun as above

A process (a child of the worker server) serves further checks as long as no check leaves a trace that Python shows. A
check must not fail because of another check, so a failure in a process that has served another check never counts.
begin, end and the calls between them are in check_lifecycle.py.
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

# The share of the pipe's capacity that queued checks may use. If they did not fit, the judge would wait for the worker
# to read, while the worker may wait for the judge to read a long reply. The rest allows for pages that are not full.
QUEUE_SHARE: Final = 0.9
# More than one, so that neither side waits if one check is slow to run and another is slow to judge.
MAX_QUEUED_CHECKS: Final = 4

# Returns the setup of the nth next check, or None if no such check may use the same process.
Upcoming = Callable[[int], Setup | None]


def no_more(number: int) -> None:
    """Return None: no check comes next."""


class CheckProcess(CheckLifecycle):
    """Runs a session's checks. was_right: whether the last check was right, so that the next one probably is."""

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
        """Run one check in the current process. If it fails and the process had served another one, rerun the check.

        work: makes the check's calls through call(); a rerun calls it again. before: called before each run.
        may_count: whether a failed outcome of a reused process counts, because a rerun could not be better. accept:
        returns the check's value if these results of its program are right, or None; after None, the check is rerun in
        a fresh process. upcoming: the next checks, which the process runs while the judge compares these results.
        """
        has_results = accept is not None
        # After a wrong check, this one is probably wrong too, and a wrong check with lean replies needs a rerun.
        if not self.was_right and not self.queued:
            setup = replace(setup, lean=False)
        outcome = self.run_ahead(
            work, setup, before, fresh=False, has_results=has_results, upcoming=upcoming if has_results else no_more
        )
        if outcome.printed and self.was_followed:
            self.may_queue = False  # these prints may be from the next check, so rerun this one
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
        # Not lean, because `work` needs every value in the rerun.
        return replace(self.run_ahead(work, replace(setup, lean=False), before, fresh=True), processes=2)

    def queue(self, upcoming: Upcoming) -> None:
        """Send the programs of the next checks now, so that the worker need not wait for run().

        The worker assumes that the next message belongs to the next check, so the program before it must contain all
        calls of its check. After a failed check nothing is queued: the next one will probably fail too, and be rerun.
        """
        is_sent = self.exchange is not None and self.exchange.replies_due > 0
        # A PlainBox's server assumes that the message after a check is its end, and drops it (inside/server.py).
        if not (self.may_queue and self.was_right and is_sent) or isinstance(self.session.box, PlainBox):
            return
        last: Setup | None = self.queued[-1].setup if self.queued else self.setup
        while last is not None and last.program is not None and last.program.has_all_calls:
            last = upcoming(len(self.queued)) if len(self.queued) < MAX_QUEUED_CHECKS else None
            if last is not None and not self.send_behind(last):
                return

    def send_behind(self, setup: Setup) -> bool:
        """Queue this check. Returns whether its program was sent."""
        assert self.session.box is not None
        room = int(QUEUE_SHARE * self.session.box.pipe_bytes()) - sum(len(one.request.frame) for one in self.queued)
        count = len(self.queued)

        def post(message: dict[str, Any], steps: tuple[bytes, bytes], function: str) -> None:
            request = self.session.queue(message, self.deadline, steps, room)
            if request is not None:
                self.queued.append(Queued(setup, exchange, request))

        exchange = self.exchange_for(setup, post)  # `post` uses this variable only inside send_program
        exchange.send_program()
        return len(self.queued) > count

    def run_alone(self, work: Callable[[], T], setup: Setup) -> Outcome[T]:
        """Run one check in a process that serves no other check."""
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

        has_results: try to use the results of the program without a call of `work`. upcoming: the next checks.
        """
        before()
        try:
            return self.run_once(work, setup, fresh=fresh, stay=stay, has_results=has_results, upcoming=upcoming)
        except Diverged:
            # A fresh process, because the program's extra calls may have left traces in this one.
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
            # With lean replies `work` lacks values. In this case run() reruns the check.
            if results is None and not self.is_lean:
                value = work()
                self.settle()
                if self.setup.program is not None and self.exchange is not None:
                    # Only one message was sent, so `work` made no further call, with this student's code.
                    self.setup.program.has_all_calls = self.exchange.sent == 1
        except CallFailed as failed:
            value, failure = None, replace(failed.failure, explanation=plain_reason(failed.failure.reason))
        except (Exception, Diverged):  # a grader's mistake, or a rerun: both need a clean state
            self.end()
            raise
        prints, printed = self.end(stay=stay and has_ended(failure))
        mutations = tuple(self.exchange.mutations) if self.exchange is not None else ()
        return Outcome(value, failure, prints, printed, mutations, self.is_reused, results=results)


def has_ended(failure: Failure | None) -> bool:
    """Whether a check reached its end: it was not stopped, and its process did not crash."""
    return failure is None or failure.status in (MISSING, ERROR, FAILED)
