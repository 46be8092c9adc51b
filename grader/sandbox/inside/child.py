"""One check in a child of the server: it calls functions, watches the time, and holds objects that are not sent.

Runs inside the worker, beside worker.py, under Python 3.8 and later. The student's code runs in this same process, so
nothing here protects the judge: it checks every reply.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import io
import random
import signal
import time
from contextlib import suppress
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

import absent_modules  # type: ignore[import-not-found]
import numpy as np
import protocol  # type: ignore[import-not-found]
import stubs  # type: ignore[import-not-found]
from arguments import aliases, changes, copy_as_sent, is_plain, snapshot  # type: ignore[import-not-found]
from channel import Channel  # type: ignore[import-not-found]
from clock import Clock  # type: ignore[import-not-found]
from operations import FIRST_HANDLE, OPERATIONS  # type: ignore[import-not-found]
from work_tree import WorkTree  # type: ignore[import-not-found]

MAX_TEXT = 4000
MAX_UNSENT_S = 0.002  # of work whose replies are sent as one message; the judge compares others meanwhile
OUTPUT: List[Any] = []  # sys.stdout as it was at the start: student code may replace it
TIMEOUTS = [int(getattr(signal, name)) for name in ("SIGXCPU", "SIGPROF", "SIGINT") if hasattr(signal, name)]


class CheckTimeout(BaseException):
    """A check has used its CPU time. Raised in the code that runs at that moment, so that a report shows the line."""


def raise_on_timeout() -> None:
    """Raise CheckTimeout on SIGXCPU (the CPU limit), SIGPROF (a timer) and SIGINT (a Clock).

    Code that catches even this, or runs in C for long, is killed at the hard limit (set_limits, server.py).
    """
    # _signal, not signal: that one turns each result into an enum, which takes longer, and this runs before each check.
    for number in TIMEOUTS:
        if _signal.getsignal(number) is not out_of_time:
            _signal.signal(number, out_of_time)


def out_of_time(number: int, frame: Any) -> None:
    raise CheckTimeout


def limit_check(cpu_s: float) -> None:
    """Set a timer for a CPU limit with a fraction of a second: RLIMIT_CPU takes whole seconds (setrlimit(2)).

    Code that removes the timer meets the kernel's limit, which is rounded up.
    """
    if hasattr(signal, "setitimer") and (cpu_s % 1 or signal.getitimer(signal.ITIMER_PROF)[0]):
        signal.setitimer(signal.ITIMER_PROF, cpu_s if cpu_s % 1 else 0)


class CallResult(NamedTuple):
    """What a call returned; the dicts that it changed, by position; and its dict arguments as they were before."""

    value: Any
    dicts: Dict[str, Any]
    before: List[Any]


class Child:
    """One check. objects: what the judge knows by a handle only; they live as long as the check."""

    def __init__(
        self,
        channel: Channel,
        functions: Dict[str, Callable[..., Any]],
        members: Dict[str, str],
        tree: WorkTree,
        is_reused: bool = False,
    ) -> None:
        self.channel = channel
        self.functions = functions
        self.members = members
        self.tree = tree
        self.objects: List[Any] = []
        self.results: List[Any] = []  # for each step of a program: a CallResult, or the step itself until it is needed
        self.values: Dict[int, Any] = {}
        self.clock: Optional[Clock] = None
        self.took_s = 0.0
        self.is_reused = is_reused
        self.unsent: List[bytes] = []
        self.unsent_s = 0.0

    def serve(self, request: Dict[str, Any], switches: Dict[str, Any], clock: Optional[Clock] = None) -> Dict[str, Any]:
        """Serve one check until a request comes that is not its own, and return that: an end, or another check's first.

        request: the check's first. clock: measures time if this process is the server, which can set itself no limit.
        """
        self.clock = clock
        raise_on_timeout()
        if clock is None:
            limit_check(request["begin"]["limits"].get("CPU", 0))
        absent_modules.Absent.in_use = True
        granted = [switches[name] for name in request["begin"]["stubs"] if name in switches]
        seed_everything(request["begin"]["seed"])
        with stubs.in_place(granted, self.ask):
            while True:
                self.results, self.values = [], {}
                for step in request["steps"]:
                    if step[0] != "call":
                        self.results.append(step)  # result() computes it if a call needs it
                    elif not self.serve_call(request, *step[1:]):
                        break
                self.send_replies()
                request = self.channel.receive()
                if request["op"] == "end" or "begin" in request:
                    return request

    def serve_call(
        self,
        request: Dict[str, Any],
        function: str,
        args: Tuple[Any, ...],
        kwargs: Dict[str, Any],
        arity: Optional[int],
        is_needed: bool,
    ) -> bool:
        """Make one call and reply. Returns whether the check goes on: only with a value, and of the right arity.

        is_needed: whether the judge needs the value. If not, only later calls of the program do.
        """
        self.took_s = 0.0  # only the student's own code counts, not packing and sending
        try:
            args, kwargs = self.with_results(args), self.with_results(kwargs)
        except Exception:  # an earlier value does not have what this argument takes from it
            reply: Dict[str, Any] = {"outcome": "unfit"}
        else:
            reply = self.call(function, args, kwargs)
        # The judge trusts neither: it compares the id, and bounds the time by its own clock (time_account.py).
        reply["id"], reply["took"] = request["id"], self.took_s
        flush()
        goes_on = reply["outcome"] == "value" and not reply.get("stub")
        try:
            if goes_on:
                value = copy_as_sent(reply["value"])
                found = len(value) if isinstance(value, (tuple, list)) else 0
                goes_on = arity is None or found == arity or (arity == 0 and isinstance(value, list))
                before = [snapshot(arg) if isinstance(arg, dict) else None for arg in args]
                self.results.append(CallResult(value, copy_as_sent(reply.get("dicts", {})), before))
                if goes_on and request["lean"] and not is_needed:
                    reply["value"] = None
            frame = protocol.encode(reply)
        except protocol.ProtocolError as error:
            goes_on = False
            frame = protocol.encode({"id": request["id"], "outcome": "refused", "text": str(error)[:MAX_TEXT]})
        self.unsent.append(frame)
        self.unsent_s += self.took_s
        if not self.is_reused or self.unsent_s > MAX_UNSENT_S:
            self.send_replies()
        return goes_on

    def send_replies(self) -> None:
        """Send the replies that wait, as one message: each message wakes the judge, which costs both sides time.

        Only a reused process lets replies wait. If it dies, the judge cannot know in which call; but then the check is
        rerun in a fresh process, which sends each reply at once.
        """
        if self.unsent:
            self.channel.write(b"".join(self.unsent))
        self.unsent, self.unsent_s = [], 0.0

    def with_results(self, value: Any) -> Any:
        """Return an argument with earlier results in place of their handles: copies, as if the judge had sent them."""
        return replace_handles(
            value, lambda one: copy_as_sent(self.result(one.number)) if one.number < FIRST_HANDLE else one
        )

    def result(self, number: int) -> Any:
        """Return the value of a step of this program. Raises if there is none."""
        if number not in self.values:
            step = self.results[number]
            if isinstance(step, CallResult):
                self.values[number] = step.value
            elif step[0] == "after":
                call, position = self.results[step[1].number], step[2]
                self.values[number] = call.dicts.get(str(position), call.before[position])
            else:
                self.values[number] = OPERATIONS[step[0]](*map(self.operand, step[1:]))
        return self.values[number]

    def operand(self, value: Any) -> Any:
        """Return an operand of an operation. Not a copy, because operations only read."""
        return self.result(value.number) if isinstance(value, protocol.Handle) else self.with_results(value)

    def ask(self, function: str, args: Tuple[Any, ...]) -> Dict[str, Any]:
        """Ask the judge what the reference's function returns. Within a call, before its reply."""
        began_s = time.perf_counter()
        self.send_replies()  # the judge reads replies in order, and answers only after those
        self.channel.send({"op": "ask", "function": function, "args": args})
        answer = dict(self.channel.receive())
        self.took_s -= time.perf_counter() - began_s  # the wait for the judge is not the student's time
        return answer

    def call(self, name: str, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Dict[str, Any]:
        function = self.functions.get(name)
        if function is None:  # not in the student's file; no other name is ever looked up
            return {"outcome": "missing", "text": "absent"}
        sent, args = args, tuple(self.fetch(value) for value in args)
        kwargs = {key: self.fetch(value) for key, value in kwargs.items()}
        # A call of an attribute gets the object and entries to write, and changes none of the entries.
        before = [] if self.members.get(name) == "attribute" else [snapshot(value) for value in args]
        began_s = time.perf_counter()
        try:
            value = self.clock.call(function, args, kwargs) if self.clock else function(*args, **kwargs)
        except NotImplementedError as error:
            return {"outcome": "missing", "text": "stub", "of": self.not_written(error)}
        except CheckTimeout as error:
            return {"outcome": "timeout", "frames": self.tree.find_loop(self.tree.describe(error)["frames"])}
        except BaseException as error:  # SystemExit too: exit() in a solution is an error like any other
            failure: Dict[str, Any] = self.tree.describe(error)
            failure["text"] += absent_modules.explain(error)
            # A body as handed out may fail because the solution is not there: on a None, or on a missing entry.
            trips = isinstance(error, LookupError) or "NoneType" in failure.get("text", "")
            untouched = trips and self.tree.is_stub(name)
            return {"outcome": "missing", "text": "stub", "of": ""} if untouched else failure
        finally:
            self.took_s += time.perf_counter() - began_s
        dicts, arrays = changes(before, args, sent)
        reply: Dict[str, Any] = {
            "outcome": "value",
            "dicts": self.pack_opened(dicts),
            "arrays": arrays,
            "aliases": aliases(value, args, arrays),
        }
        # A check reads entries of what an object's member returns. A function's dict may be a cache: it stays whole.
        pack = self.pack_opened if name in self.members else self.pack
        if isinstance(value, tuple) or type(value) is list:  # a named tuple too: it unpacks as any
            reply["value"] = (list if type(value) is list else tuple)(map(pack, value))
        else:
            reply["value"] = pack(value)
        if value is None or (isinstance(value, tuple) and any(item is None for item in value)):
            reply["stub"] = self.tree.is_stub(name)
        return reply

    def not_written(self, error: NotImplementedError) -> str:
        """Return the function whose body raised the error: the one that was called, or one that it calls."""
        if isinstance(error, stubs.NotWritten):
            return str(error.name)
        frames = self.tree.describe(error)["frames"]
        path, _, function = frames[-1] if frames else ("", 0, "")
        return path[: -len(".py")].replace("/", ".") + "." + function

    def fetch(self, value: Any) -> Any:
        return replace_handles(value, lambda one: self.objects[one.number - FIRST_HANDLE])

    def pack(self, value: Any) -> Any:
        """Return a value as it is sent: array, number, string or dict of these; else a handle, as for most caches."""
        # A long double's size depends on the machine, so no dtype on the wire is one.
        if isinstance(value, (np.ndarray, np.generic)) and value.dtype.char in "gG":
            value = value.astype(np.float64 if value.dtype.char == "g" else np.complex128)
        return value if is_plain(value) else self.add_handle(value)

    def pack_opened(self, value: Any) -> Any:
        """Return a dict whose entries the check reads: it is sent, with a handle for each entry that is not plain."""
        if isinstance(value, dict):
            return {key: self.pack_opened(item) for key, item in value.items() if isinstance(key, str)}
        return self.pack(value)

    def add_handle(self, value: Any) -> protocol.Handle:
        self.objects.append(value)  # never removed before the check ends, so a number has one meaning
        name = "array of dtype " + str(value.dtype) if isinstance(value, np.ndarray) else type(value).__name__
        return protocol.Handle(FIRST_HANDLE + len(self.objects) - 1, str(name)[:100])


def replace_handles(value: Any, find: Callable[[Any], Any]) -> Any:
    """Return the value with each handle replaced by what `find` returns for it."""
    if isinstance(value, protocol.Handle):
        return find(value)
    if isinstance(value, dict):
        return {key: replace_handles(item, find) for key, item in value.items()}
    return type(value)(replace_handles(item, find) for item in value) if type(value) in (tuple, list) else value


def use_member(member: str, kind: str) -> Callable[..., Any]:
    """Return a function that calls a method, with its object first; or one that reads or writes a dict of arrays."""

    def method(owner: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(owner, member)(*args, **kwargs)

    def attribute(owner: Any, *entries: Dict[str, Any]) -> Any:
        value = getattr(owner, member)
        for some in entries:
            for key in some:
                value[key] = in_shape_of(value[key], some[key])
        return True if entries else value  # the judge's side returns True for a write too (host/exchange.py)

    return method if kind == "method" else attribute


def in_shape_of(own: Any, value: np.ndarray) -> np.ndarray:
    """Return the value in the shape of the student's own array. Raises if more than axes of length 1 differ."""
    # A bias may be (C,) or (1, C), and both are right.
    if [length for length in own.shape if length != 1] != [length for length in value.shape if length != 1]:
        raise ValueError("another shape")
    return value.reshape(own.shape)


def flush() -> None:
    """Write what was printed before the reply goes, so that the judge counts it for this check."""
    # The class's own method: student code may have replaced the object's.
    with suppress(Exception):
        io.TextIOWrapper.flush(OUTPUT[0])


def seed_everything(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)  # the module's global stream, which the course's code draws from
