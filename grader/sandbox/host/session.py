"""The judge's end: one submission's code, callable, with deadlines and sandboxes that are replaced when in doubt.

    begin(seed)  ─►  call("layers.affine_forward", …)  ─►  …  ─►  end()
    a fresh child     one request, one reply                 the child is gone, nothing is left behind

begin(seed, fresh=False) may take a child that stayed after another check's end(stay=True), if that left no trace. What
comes out then and is wrong is asked again of a fresh child, unless it is known to be (trial.py). What begins a check,
and what is written into objects, goes with the next call.

    call(…) may be asked back: the child wants a granted function's reply, and the judge hands on the reference's

The states are: no box, a box with its modules loaded, a box with a check running; in the second, a child may wait.
Whatever does not go as it should (a late reply, a wrong id, a frame that is none, a process left behind) ends the box
and costs the running check; the next begin() starts a new box. What a worker says is data: it can only ever say what
its own function returned.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Final

import numpy as np

from grader.calls import CallFailed, Classes, Failure, owner_of, update_dict
from grader.errors import SandboxError
from grader.function_ids import module_of
from grader.sandbox.host.box import Box, Flood, Glut, Gone, Launch, Silence
from grader.sandbox.host.failures import (
    Circumstances,
    failure_from,
    failure_of_box,
    failure_of_child,
    import_failure,
    in_doubt,
    malformed,
    not_written,
    used_up,
    wrong_arity,
)
from grader.sandbox.host.limits import Limits
from grader.sandbox.host.plain_box import PlainBox
from grader.sandbox.host.plan import LeftOut, Plan, Spent, left_out_from
from grader.sandbox.host.replies import checked, plain_text
from grader.sandbox.host.zygote_box import give_up_zygote, open_box
from grader.sandbox.inside.protocol import Decoder, Handle, ProtocolError, encode

ENDING_S: Final = 0.5  # for a child to end once the submission's time is over; it takes some milliseconds
MAX_ASKS: Final = 2000  # of one check; training a net of three layers for some steps takes a few hundred

Answer = Callable[[str, tuple[Any, ...]], Mapping[str, Any]]


class Session:
    """One submission's code, callable. A context manager; leaving it ends every process."""

    def __init__(
        self, launch: Callable[[], Launch], plan: Plan, limits: Limits, *, until: float = float("inf")
    ) -> None:
        """until: the moment (time.monotonic) at which the submission as a whole has had its time."""
        self.launch = launch
        self.plan = plan
        self.limits = self.usual = limits
        self.until = until
        self.box: Box | PlainBox | None = None
        self.is_greeted = False
        self.has_child = False
        self.has_waiting_child = False
        self.is_shared = False
        self.begun = 0
        self.spent = Spent()
        self.opening: dict[str, Any] | None = None
        self.unsent: list[tuple[str, tuple[Any, ...]]] = []
        self.told: dict[tuple[str, Handle], dict[str, Any]] = {}
        self.inbox: list[Any] = []
        self.decoder = Decoder(limits.reply_mib << 20)
        self.number = 0
        self.deadline = 0.0
        self.failures: dict[str, Failure | None] = {}
        self.broken: Failure | None = None
        self.import_prints = ""
        self.absent: list[str] = []
        self.left_out: list[LeftOut] = []
        self.recoded: list[str] = []
        self.mutations: list[tuple[str, int, bool]] = []
        self.arities: list[tuple[str, int]] = []
        self.last_prints = ("", 0)
        self.granted: frozenset[str] = frozenset()
        self.answer: Answer | None = None
        self.why = ""

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.kill()

    def warm(self) -> None:
        """Start a box now, so that it is ready when the first check begins; nothing of a student runs in it yet."""
        if self.box is None:
            launch = self.launch()
            self.box, self.is_greeted = PlainBox(launch) if launch.is_plain else open_box(launch), False

    def begin(self, seed: int, arities: Sequence[tuple[str, int]] = (), *, times: int = 1, fresh: bool = True) -> None:
        """A child for one check; call() reaches it until end().

        arities: for each call in order, (function, length of the tuple that the reference returns, or 0).
        times: how many times a check's CPU time this child gets. fresh: one that has served no other check; is_shared
        tells of any whether it has.
        Raises CallFailed if the modules cannot even be imported; SandboxError if the box itself fails.
        """
        self.mutations, self.arities, self.last_prints, self.told = [], list(arities), ("", 0), {}
        self.is_shared = False  # also where this raises: no child serves the check then
        if time.monotonic() > self.until:
            raise CallFailed(used_up(self.limits))
        if fresh:
            self.dismiss()
        self.open()
        if self.broken is not None:
            raise CallFailed(self.broken)
        self.is_shared, self.has_waiting_child = self.has_waiting_child, False
        self.deadline = min(time.monotonic() + self.limits.wall_s, self.until)
        stubs = sorted(self.granted & self.plan.switches.keys())
        self.has_child = True
        self.begun += not self.is_shared
        self.opening = {"seed": seed, "limits": {"CPU": self.limits.cpu_s * times}, "stubs": stubs}

    @property
    def is_idle(self) -> bool:
        """Whether there is a living box in which all modules were imported and no check runs."""
        has_imported = self.broken is None and not any(self.failures.values())
        is_waiting = self.box is not None and self.box.is_alive and self.is_greeted
        return is_waiting and has_imported and not self.has_child and not self.has_waiting_child

    def open(self) -> None:
        """Have a box with the modules imported; sets `broken` if they cannot be, as begin() does by itself."""
        if self.broken is None and (self.box is None or not self.is_greeted):
            if time.monotonic() > self.until:
                self.broken = used_up(self.limits)
            else:
                self.start()

    def allow(self, limits: Limits | None = None, why: str = "") -> None:
        """From the next begin() on, a check has these limits; without any, the usual ones.

        why: it has less time than usual, as its report says.
        """
        self.limits, self.why = limits or self.usual, why

    def grant(self, functions: frozenset[str], answer: Answer | None) -> None:
        """From the next begin() on, these are stubs, which `answer` answers for."""
        self.granted, self.answer = functions, answer

    def end(self, *, stay: bool = False) -> tuple[str, int]:
        """End the check; make sure that nothing is left. Returns what it printed and how many bytes it was.

        stay: its child may wait for the next check, which it serves if this one left no trace; else it is gone.
        Where none is running, because it was ended before or never began, there is nothing to do.
        """
        if self.opening is not None:  # nobody knows of this check yet
            self.opening, self.unsent, self.has_child, self.has_waiting_child = None, [], False, self.is_shared
            return self.last_prints
        if self.unsent:
            with suppress(CallFailed):
                self.settle()
        if self.box is None or not self.has_child:
            return self.last_prints
        self.has_child = False
        if stay and not isinstance(self.box, PlainBox):
            self.has_waiting_child = self.is_quiet() and not self.box.left_behind(staying=1)
            is_clean = self.has_waiting_child
        else:
            is_clean = self.is_clean_after_end()
        if not is_clean:
            self.kill()
            return self.last_prints
        return self.box.take_prints()

    def dismiss(self) -> None:
        """End the child that waits for another check, if there is one."""
        if self.box is not None and self.has_waiting_child:
            self.has_waiting_child = False
            if not self.is_clean_after_end():
                self.kill()

    def is_clean_after_end(self) -> bool:
        """Whether the child ends as it should when it is told to, and no other process is there."""
        assert self.box is not None
        began = time.monotonic()
        try:
            # After the submission's time a child still gets a moment to end. One that does not end then is killed.
            self.deadline = min(began + self.limits.wall_s, max(began, self.until) + ENDING_S)
            self.box.send(encode({"op": "end"}), self.deadline)
            return self.is_clean_at_end()
        except (Silence, Gone, Flood, Glut, ProtocolError):
            return False
        finally:
            self.spent.protocol += time.monotonic() - began

    def is_clean_at_end(self) -> bool:
        """The same where it ends by itself. Raises what receive() raises."""
        assert self.box is not None
        has_ended = self.receive() == {"op": "ended", "exit": 0, "signal": 0}
        return has_ended and self.is_quiet() and not self.box.left_behind()

    def is_quiet(self) -> bool:
        """Whether nothing was said that nobody asked for."""
        return self.box is not None and not self.inbox and not self.decoder.buffer and not self.box.pending()

    def call(self, function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """One call of the code under test. Raises CallFailed for whatever is not a value.

        What is written into an object goes with the next call, and then it shows whether it could be; or with settle().
        """
        broken = self.failures.get(module_of(owner_of(function, self.plan.classes)))
        if broken is not None:
            raise CallFailed(broken)
        message = {"op": "call", "function": function, "args": args, "kwargs": kwargs}
        if is_attribute(function, self.plan.classes):
            told, self.told = self.told, {}
            if len(args) > 1:
                self.unsent.append((function, tuple(map(copied, args))))
                return True
            if isinstance(args[0], Handle) and (function, args[0]) in told:
                return self.value_of(function, {"outcome": "value", "value": told[function, args[0]]})
        reply = self.ask(function, message)
        for name, content in reply.get("attributes", {}).items():
            if isinstance(reply["value"], Handle) and type(content) is dict:
                self.told[f"{function}.{name}", reply["value"]] = content
        value = self.value_of(function, reply)
        for key, after in reply["dicts"].items():
            if int(key) < len(args) and isinstance(args[int(key)], dict):
                update_dict(args[int(key)], after)
        returned = reply.get("aliases", [])
        self.mutations += [(function, p, p in returned) for p in reply["arrays"] if p < len(args)]
        return value

    def value_of(self, function: str, reply: dict[str, Any]) -> Any:
        """The returned value, of the arity that the reference has here. Raises CallFailed."""
        at = self.at(function)
        if reply.get("outcome") != "value":
            raise CallFailed(failure_from(reply, at) or self.end_in_doubt(malformed(at)))
        if reply.get("stub") is True:
            raise CallFailed(not_written(at))
        value = reply["value"]
        while self.arities:
            expected_function, arity = self.arities.pop(0)
            if expected_function != function:
                continue
            if (failure := wrong_arity(arity, value, at)) is not None:
                raise CallFailed(failure)
            break
        return value

    def at(self, function: str) -> Circumstances:
        return Circumstances(function, self.plan, self.limits, self.why, not isinstance(self.box, PlainBox))

    def start(self) -> None:
        """A new box with the modules imported; sets `broken` if that never comes to an end.

        Raises SandboxError if there is no hello: then no student code has run yet and the fault is ours.
        """
        began, before = time.monotonic(), self.spent.protocol
        try:
            self.import_modules()
        finally:
            self.spent.protocol = before
            self.spent.start += time.monotonic() - began

    def import_modules(self) -> None:
        self.warm()
        wrong = self.greet()
        if wrong is not None and give_up_zygote(self.box):
            self.kill()
            self.warm()
            wrong = self.greet()
        if wrong is not None:
            self.kill()
            prints = self.last_prints[0].strip()[-500:]
            raise SandboxError(f"sandbox: the worker did not start ({type(wrong).__name__}: {prints}).") from wrong
        self.deadline = min(time.monotonic() + self.limits.import_wall_s, self.until)
        try:
            reply = self.ask("", self.plan.request())
        except CallFailed as failed:
            self.broken = failed.failure
            return
        self.absent = [plain_text(name)[:100] for name in reply.get("absent", [])[:20]]
        self.left_out = [one for item in reply.get("left_out", []) if (one := left_out_from(item)) is not None]
        self.recoded = [plain_text(name)[:200] for name in reply.get("recoded", [])[:20]]
        self.import_prints = self.box.take_prints()[0] if self.box else ""
        said = reply.get("modules", {})
        for module in self.plan.modules:
            result = said.get(module, {})
            self.failures[module] = None
            if result is not None:
                at = self.at("")
                said_failure = import_failure(module, result, at)
                self.failures[module] = said_failure or self.end_in_doubt(malformed(at))

    def greet(self) -> Exception | None:
        """Wait for a new box's hello; what came instead."""
        self.is_greeted = True
        self.inbox, self.decoder = [], Decoder(self.limits.reply_mib << 20)
        self.deadline = time.monotonic() + 60
        try:
            if self.receive().get("op") != "hello":
                raise ProtocolError("no hello")
        except (Silence, Gone, Flood, Glut, ProtocolError) as error:
            return error
        return None

    def settle(self) -> None:
        """See to it that all was sent. Raises CallFailed if something could not be written."""
        if self.opening is not None or self.unsent:
            self.ask("", {"op": "settle"})

    def ask(self, function: str, message: dict[str, Any]) -> dict[str, Any]:
        """One request, with what is to be done before it, and its reply.

        Raises CallFailed if there is no such reply, and the box is ended then; or if what was to be done failed.
        """
        assert self.box is not None
        self.number += 1
        self.told = {}
        number = self.number
        writes, self.unsent = self.unsent, []
        if self.opening is not None:
            message["begin"], self.opening = self.opening, None
        if writes:
            message["writes"] = writes
        started = time.monotonic()
        answering_s, took_s = 0.0, None
        try:
            with self.ending_what_is_in_doubt(function):
                frame = encode({**message, "id": number})
                self.box.send(frame, self.deadline)
                reply = self.receive()
                if reply == {"op": "stale"} and "begin" in message and self.is_shared:
                    self.replace_child()
                    self.box.send(frame, self.deadline)
                    reply = self.receive()
                for _ in range(MAX_ASKS):
                    if reply.get("op") != "ask":
                        break
                    asked = time.monotonic()
                    answer = encode(self.answered(reply))
                    answering_s += time.monotonic() - asked
                    self.box.send(answer, self.deadline)
                    reply = self.receive()
                took_s = reply.get("took", 0.0)
        finally:
            waited_s = time.monotonic() - started - answering_s
            if took_s is None:  # no reply: the function was at work till the end
                took_s = waited_s if function else 0.0
            took_s = took_s if 0 <= took_s <= waited_s else 0.0
            self.spent.functions += took_s
            self.spent.protocol += waited_s - took_s
        if reply.get("op") == "ended":
            raise CallFailed(self.end_in_doubt(failure_of_child(reply, time.monotonic() - started, self.at(function))))
        if reply.get("id") != number:
            raise CallFailed(self.end_in_doubt(in_doubt("answered what was not asked", self.at(function))))
        for position, (attribute, _) in enumerate(writes):
            failed = position == reply.get("failed")
            self.value_of(attribute, reply if failed else {"outcome": "value", "value": True})
        return reply

    def replace_child(self) -> None:
        """A fresh child for the check that is beginning: the one that waited found traces of an earlier check.

        Raises what receive() raises, and CallFailed if the modules cannot be imported again.
        """
        self.is_shared = False
        self.begun += 1
        if not self.is_clean_at_end():
            self.kill()
            self.open()
            if self.broken is not None:
                raise CallFailed(self.broken)
            self.deadline = min(time.monotonic() + self.limits.wall_s, self.until)
            self.has_child = True

    @contextmanager
    def ending_what_is_in_doubt(self, function: str) -> Iterator[None]:
        """Raises CallFailed where nothing comes, or what should not, and ends the box."""
        try:
            yield
        except (Silence, Gone, Flood, Glut, ProtocolError) as error:
            at = self.at(function)
            if isinstance(error, Silence) and time.monotonic() >= self.until:
                raise CallFailed(self.end_in_doubt(used_up(self.limits, at.name))) from None
            code = self.box.exit_code() if self.box and isinstance(error, Gone) else None
            raise CallFailed(self.end_in_doubt(failure_of_box(error, code, at))) from None

    def answered(self, ask: Mapping[str, Any]) -> dict[str, Any]:
        """What the judge says to a stub. Raises ProtocolError if the function was not granted to this check."""
        function, args = ask.get("function"), ask.get("args")
        if self.answer is None or function not in self.granted or type(args) is not tuple:
            raise ProtocolError("asked for what was not granted")
        return {"op": "answer", **self.answer(function, args)}

    def receive(self) -> dict[str, Any]:
        """The next message. Raises Silence, Gone, Flood, Glut or ProtocolError."""
        assert self.box is not None
        while not self.inbox:
            self.inbox += self.decoder.feed(self.box.receive(self.deadline))
        return checked(self.inbox.pop(0))

    def end_in_doubt(self, failure: Failure) -> Failure:
        """The failure, with which the box ends."""
        self.kill()
        return failure

    def stop(self) -> None:
        """From another thread than the judge's: no check begins any more, and what runs ends."""
        self.until = 0.0
        box = self.box
        if box is not None:
            box.interrupt()

    def kill(self) -> None:
        if self.box is not None:
            self.last_prints = self.box.kill()
            self.box, self.has_child, self.has_waiting_child = None, False, False
            self.opening, self.unsent = None, []


def is_attribute(function: str, classes: Classes) -> bool:
    """Whether it is an attribute of a class: read with the object alone, written with what it is to hold besides."""
    owner, _, member = function.rpartition(".")
    return owner in classes and member in classes[owner].attributes


def copied(value: Any) -> Any:
    """As it is now, whatever becomes of its arrays until it is sent."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    return value.copy() if isinstance(value, np.ndarray) else value
