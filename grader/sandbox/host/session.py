"""A sandbox with one submission's modules imported, which is replaced when in doubt.

    no box ──warm──► a box ──hello──► greeted ──load──► modules imported ──ask──► one reply a request
       ▲                                                        │
       └──────── kill: whatever does not go as it should ───────┘

A late reply, a wrong id, a frame that is none: each ends the box and costs what was asked for; the next open() starts a
new one. What a worker says is data: it can only ever say what its own function returned. Which process inside serves
which check is check_process.py's business.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from grader.calls import CallFailed, Failure
from grader.errors import SandboxError
from grader.sandbox.host.box import Box, Flood, Glut, Gone, Launch, Silence
from grader.sandbox.host.failures import Circumstances, failure_of_box, failure_of_child, in_doubt, used_up
from grader.sandbox.host.imported import Imported, imported_from
from grader.sandbox.host.limits import Limits
from grader.sandbox.host.plain_box import PlainBox
from grader.sandbox.host.plan import Plan
from grader.sandbox.host.time_account import TimeAccount
from grader.sandbox.host.wire import HELLO_S, Wire
from grader.sandbox.host.zygote_box import give_up_zygote, open_box
from grader.sandbox.inside.protocol import ProtocolError

MAX_ASKS: Final = 2000  # of one check; training a net of three layers for some steps takes a few hundred
STALE: Final = {"op": "stale"}
DOUBTS: Final = (Silence, Gone, Flood, Glut, ProtocolError)

Replies = Callable[[Mapping[str, Any]], dict[str, Any]]


def refuse(ask: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a stub where none was granted."""
    raise ProtocolError("asked for what was not granted")


class Session:
    """One submission's modules in a box. Not thread-safe, but for stop()."""

    def __init__(
        self, launch: Callable[[], Launch], plan: Plan, limits: Limits, account: TimeAccount | None = None
    ) -> None:
        self.launch = launch
        self.plan = plan
        self.limits = limits
        self.account = account or TimeAccount()
        self.wire: Wire | None = None
        self.is_greeted = False
        self.imported = Imported()
        self.number = 0
        self.last_prints = ("", 0)

    def lend(self, launch: Callable[[], Launch], account: TimeAccount) -> None:
        """From now on for another submission, which has its own time."""
        self.launch, self.account = launch, account

    @property
    def is_open(self) -> bool:
        """Whether there is a living box in which all modules were imported."""
        is_alive = self.wire is not None and self.wire.box.is_alive and self.is_greeted
        return is_alive and self.imported.is_whole

    def warm(self) -> None:
        """Start a box now, so that it is ready when the first check begins; nothing of a student runs in it yet."""
        if self.wire is None:
            launch = self.launch()
            box = PlainBox(launch) if launch.is_plain else open_box(launch)
            self.wire, self.is_greeted = Wire(box, self.limits.reply_mib), False

    def open(self) -> Imported:
        """Have a box with the modules imported; what is known of the import.

        Raises SandboxError if there is no hello: then no student code has run yet and the fault is ours.
        """
        if self.imported.broken is None and (self.wire is None or not self.is_greeted):
            if self.account.is_over:
                self.imported = replace(self.imported, broken=used_up(self.limits))
            else:
                self.start()
        return self.imported

    def start(self) -> None:
        began, before = time.monotonic(), self.account.protocol
        try:
            self.greet()
            self.import_modules()
        finally:
            self.account.protocol = before
            self.account.start += time.monotonic() - began

    def greet(self) -> None:
        self.warm()
        wrong = self.hear_hello()
        if wrong is not None and give_up_zygote(self.box):
            self.kill()
            self.warm()
            wrong = self.hear_hello()
        if wrong is not None:
            self.kill()
            prints = self.last_prints[0].strip()[-500:]
            raise SandboxError(f"sandbox: the worker did not start ({type(wrong).__name__}: {prints}).") from wrong

    def hear_hello(self) -> Exception | None:
        """Wait for a new box's hello; what came instead."""
        assert self.wire is not None
        self.is_greeted = True
        try:
            self.wire.expect_hello(time.monotonic() + HELLO_S)
        except DOUBTS as error:
            return error
        return None

    def import_modules(self) -> None:
        at = self.at("", self.limits)
        try:
            deadline = self.account.deadline(self.limits.import_wall_s)
            reply = self.ask(self.plan.request(), at, lambda: deadline)
        except CallFailed as failed:
            self.imported = replace(self.imported, broken=failed.failure)
            return
        assert self.wire is not None
        self.imported, is_sound = imported_from(reply, self.take_prints()[0], at)
        if not is_sound:
            self.kill()

    def at(self, function: str, limits: Limits, why: str = "") -> Circumstances:
        return Circumstances(function, self.plan, limits, why, not isinstance(self.box, PlainBox))

    def ask(
        self,
        message: Mapping[str, Any],
        at: Circumstances,
        deadline: Callable[[], float],
        *,
        answer: Replies = refuse,
        renew: Callable[[], None] | None = None,
    ) -> dict[str, Any]:
        """One request and its reply. Raises CallFailed if there is no such reply; the box is ended then.

        answer: what the judge says to a stub that asks meanwhile. renew: puts a fresh process in the place of one that
        says it is stale, which may move the deadline; where none is given, it may not say so.
        """
        self.number += 1
        number, started = self.number, time.monotonic()
        answering_s, took_s = 0.0, None
        try:
            with self.ending_what_is_in_doubt(at):
                reply = self.exchange({**message, "id": number}, deadline())
                if reply == STALE and renew is not None:
                    renew()
                    reply = self.exchange({**message, "id": number}, deadline())
                for _ in range(MAX_ASKS):
                    if reply.get("op") != "ask":
                        break
                    asked = time.monotonic()
                    answered = answer(reply)
                    answering_s += time.monotonic() - asked
                    reply = self.exchange(answered, deadline())
                took_s = reply.get("took", 0.0)
        finally:
            waited_s = time.monotonic() - started - answering_s
            if took_s is None:  # no reply: the function was at work till the end
                took_s = waited_s if at.function else 0.0
            self.account.add_call(waited_s, took_s)
        if reply.get("op") == "ended":
            raise CallFailed(self.end_in_doubt(failure_of_child(reply, time.monotonic() - started, at)))
        if reply.get("id") != number:
            raise CallFailed(self.end_in_doubt(in_doubt("answered what was not asked", at)))
        return reply

    def exchange(self, message: Mapping[str, Any], deadline: float) -> dict[str, Any]:
        assert self.wire is not None
        self.wire.send(message, deadline)
        return self.wire.receive(deadline)

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

    @property
    def box(self) -> Box | PlainBox | None:
        return self.wire.box if self.wire is not None else None

    def stop(self) -> None:
        """From another thread than the judge's: no check begins any more, and what runs ends."""
        self.account.close()
        wire = self.wire
        if wire is not None:
            wire.box.interrupt()

    def take_prints(self) -> tuple[str, int]:
        """What was printed since the last call, by a box that was ended meanwhile too, and how many bytes it was."""
        prints, self.last_prints = self.last_prints, ("", 0)
        return self.wire.box.take_prints() if self.wire is not None else prints

    def drop_prints(self) -> None:
        """What a box printed before it was ended is no other check's."""
        self.last_prints = ("", 0)

    def kill(self) -> None:
        if self.wire is not None:
            self.last_prints = self.wire.box.kill()
            self.wire = None
