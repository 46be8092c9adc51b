"""Runs checks: run(work, setup) is one check, and returns an Outcome. This module decides which run of a check counts.

    run ──► begin ──► work: the check's calls ──► settle ──► end ──► Outcome: a value or a Failure, prints, processes
              ▲                                               │
              └── it failed, and the process had served another check: rerun in a fresh one, and only that counts

    run ──► begin ──► queue the next checks ──► known replies (conversations.py) ──► end ──► the known Outcome
                                                                              └─► others: work, and end, as above

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
        may_count: Callable[[Failure | None], bool] = lambda failure: False,
        keep: Callable[[T], T | None] = lambda value: None,
        upcoming: Upcoming = no_more,
    ) -> Outcome[T]:
        """Run one check in the current process. If it fails and the process had served another one, rerun the check.

        work: makes the check's calls through call(); a rerun calls it again. before: called before each run.
        may_count: whether this failure, or a wrong value (None), counts in a reused process, because a rerun could not
        be better. keep: returns what of a right value is needed when the same replies come again; None for a wrong
        value. upcoming: the next checks, which the process runs meanwhile.
        """
        outcome = self.run_once(work, setup, before, fresh=False, keep=keep, upcoming=upcoming)
        if outcome.printed and self.was_followed:
            self.may_queue = False  # these prints may be from the next check, so rerun this one
        elif not outcome.is_reused or self.was_right or may_count(outcome.failure):
            return outcome
        return replace(self.run_once(work, setup, before, fresh=True, keep=keep), processes=2)

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
        """Run one check in a process that serves no other check, neither before nor after."""
        return self.run_once(work, setup, fresh=True, stay=False)

    def run_once(
        self,
        work: Callable[[], T],
        setup: Setup,
        before: Callable[[], None] = lambda: None,
        *,
        fresh: bool,
        stay: bool = True,
        keep: Callable[[T], T | None] = lambda value: None,
        upcoming: Upcoming = no_more,
    ) -> Outcome[T]:
        """Run one check with its program. If it makes other calls, rerun it in a fresh process, call by call."""
        value, failure, program = None, None, setup.program
        known = program.known if program is not None and setup.may_recall else None
        before()
        try:
            self.begin(setup, fresh=fresh)
            self.queue(upcoming)
            end = self.exchange.recall(known) if known is not None and self.exchange is not None else None
            if end is not None:
                value, self.was_right = end.value, True
            else:
                value = work()
                self.settle()
                kept = keep(value)
                self.was_right = kept is not None
                if program is not None and self.exchange is not None:
                    # Only one message was sent, so `work` made no further call, with this student's code.
                    program.has_all_calls = self.exchange.sent == 1
                    if known is not None and kept is not None:
                        known.add(self.exchange.conversation(kept))
        except CallFailed as failed:
            self.was_right = False
            value, failure = None, replace(failed.failure, explanation=plain_reason(failed.failure.reason))
        except Diverged:
            self.end()
            # A fresh process, because the program's extra calls may have left traces in this one.
            setup = replace(setup, program=None, may_run_ahead=False)
            return self.run_once(work, setup, before, fresh=True, stay=stay, keep=keep)
        except Exception:  # a grader's mistake: the next check needs a clean state
            self.end()
            raise
        prints, printed = self.end(stay=stay and has_ended(failure))
        mutations = tuple(self.exchange.mutations) if self.exchange is not None else ()
        return Outcome(value, failure, prints, printed, mutations, self.is_reused)


def has_ended(failure: Failure | None) -> bool:
    """Whether a check reached its end: it was not stopped, and its process did not crash."""
    return failure is None or failure.status in (MISSING, ERROR, FAILED)
