"""One check in a child of the server: it calls functions, watches the time, and holds objects that are not sent.

Runs inside the worker, beside worker.py, under Python 3.8 and later. The student's code runs in this same process, so
this module cannot protect the judge: the judge checks every reply.
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
MAX_UNSENT_S = 0.002  # after this much running time, send waiting replies; the judge compares them meanwhile
OUTPUT: List[Any] = []  # the original sys.stdout, since student code may replace sys.stdout
TIMEOUTS = [int(getattr(signal, name)) for name in ("SIGXCPU", "SIGPROF", "SIGINT") if hasattr(signal, name)]


class CheckTimeout(BaseException):
    """A check has used its CPU time. Raised inside the code that runs then, so that a report shows its line."""


def raise_on_timeout() -> None:
    """Raise CheckTimeout on SIGXCPU (the CPU limit), SIGPROF (a timer) and SIGINT (a Clock).

    The kernel kills code that catches CheckTimeout, or runs in C for long, at the hard limit (set_limits, server.py).
    """
    # This runs before each check, so use _signal: the module signal turns each result into an enum, which takes longer.
    for number in TIMEOUTS:
        if _signal.getsignal(number) is not out_of_time:
            _signal.signal(number, out_of_time)


def out_of_time(number: int, frame: Any) -> None:
    raise CheckTimeout


def limit_check(cpu_s: float) -> None:
    """Set a timer for a CPU limit with a fraction of a second: RLIMIT_CPU takes whole seconds (setrlimit(2)).

    If the student's code removes the timer, RLIMIT_CPU, rounded up, still ends the check.
    """
    if hasattr(signal, "setitimer") and (cpu_s % 1 or signal.getitimer(signal.ITIMER_PROF)[0]):
        signal.setitimer(signal.ITIMER_PROF, cpu_s if cpu_s % 1 else 0)


class CallResult(NamedTuple):
    """The value that a call returned; the dicts that it changed, by position; its dict arguments before the call."""

    value: Any
    dicts: Dict[str, Any]
    before: List[Any]


class Child:
    """Runs one check. objects: values for which the judge has only handles; they live as long as the check."""

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
        self.results: List[Any] = []  # for each step: a CallResult, or an operation that has not run yet
        self.values: Dict[int, Any] = {}
        self.clock: Optional[Clock] = None
        self.took_s = 0.0
        self.is_reused = is_reused
        self.unsent: List[bytes] = []
        self.unsent_s = 0.0

    def serve(self, request: Dict[str, Any], switches: Dict[str, Any], clock: Optional[Clock] = None) -> Dict[str, Any]:
        """Serve one check, and return the first request that does not belong to it: an end, or the next check's begin.

        request: the first of this check. clock: limits the time if the server itself runs the check, where no kernel
        limit may.
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
                        self.results.append(step)  # result() runs the operation when a call needs its value
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
    ) -> bool:
        """Make one call and reply. Returns whether the check goes on: only after a value of the right arity."""
        self.took_s = 0.0  # counts the student's own code, not packing and sending
        try:
            args, kwargs = self.with_results(args), self.with_results(kwargs)
        except Exception:  # e.g. the argument is item 1 of an earlier result that has no item 1
            reply: Dict[str, Any] = {"outcome": "unfit"}
        else:
            reply = self.call(function, args, kwargs)
        flush()
        goes_on = reply["outcome"] == "value" and not reply.get("stub")
        try:
            if goes_on:
                value = copy_as_sent(reply["value"])
                found = len(value) if isinstance(value, (tuple, list)) else 0
                goes_on = arity is None or found == arity or (arity == 0 and isinstance(value, list))
                before = [snapshot(arg) if isinstance(arg, dict) else None for arg in args]
                self.results.append(CallResult(value, copy_as_sent(reply.get("dicts", {})), before))
            # The judge trusts neither: it compares the number, and bounds the time by its own clock (time_account.py).
            frame = protocol.encode(reply, request["id"], self.took_s)
        except protocol.ProtocolError as error:
            goes_on = False
            frame = protocol.encode({"outcome": "refused", "text": str(error)[:MAX_TEXT]}, request["id"], self.took_s)
        self.unsent.append(frame)
        self.unsent_s += self.took_s
        if not self.is_reused or self.unsent_s > MAX_UNSENT_S:
            self.send_replies()
        return goes_on

    def send_replies(self) -> None:
        """Send all waiting replies with one write, because each write wakes the judge, which costs both sides time.

        Only a reused process delays replies. If a reused process dies, the judge cannot know during which call. The
        judge then reruns the check in a fresh process, which sends each reply at once.
        """
        if self.unsent:
            self.channel.write(b"".join(self.unsent))
        self.unsent, self.unsent_s = [], 0.0

    def with_results(self, value: Any) -> Any:
        """Return an argument with earlier results in place of their handles, copied as if the judge sent them."""
        return replace_handles(
            value, lambda one: copy_as_sent(self.result(one.number)) if one.number < FIRST_HANDLE else one
        )

    def result(self, number: int) -> Any:
        """Return the value of a step of this program. Raises if the step has no value."""
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
        """Return an operand of an operation. The value is not copied, because operations only read."""
        return self.result(value.number) if isinstance(value, protocol.Handle) else self.with_results(value)

    def ask(self, function: str, args: Tuple[Any, ...]) -> Dict[str, Any]:
        """Request from the judge what the reference's function returns. A stub does this during a student's call."""
        began_s = time.perf_counter()
        self.send_replies()  # the judge reads messages in order, so earlier replies go first
        self.channel.send({"op": "ask", "function": function, "args": args})
        answer = dict(self.channel.receive())
        self.took_s -= time.perf_counter() - began_s  # do not count the wait for the judge as the student's time
        return answer

    def call(self, name: str, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Dict[str, Any]:
        function = self.functions.get(name)
        if function is None:  # the student's file lacks it; load() looked up all names
            return {"outcome": "missing", "text": "absent"}
        sent, args = args, tuple(self.fetch(value) for value in args)
        kwargs = {key: self.fetch(value) for key, value in kwargs.items()}
        # For an attribute, the arguments are the object and the entries to write; the call changes no entry.
        before = [] if self.members.get(name) == "attribute" else [snapshot(value) for value in args]
        began_s = time.perf_counter()
        try:
            value = self.clock.call(function, args, kwargs) if self.clock else function(*args, **kwargs)
        except NotImplementedError as error:
            return {"outcome": "missing", "text": "stub", "of": self.not_written(error)}
        except CheckTimeout as error:
            return {"outcome": "timeout", "frames": self.tree.find_loop(self.tree.describe(error)["frames"])}
        except BaseException as error:  # also SystemExit: exit() in a solution is an error like any other
            failure: Dict[str, Any] = self.tree.describe(error)
            failure["text"] += absent_modules.explain(error)
            # An unchanged handed-out body may fail because the solution is missing: it uses a None or a missing entry.
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
        # A check reads entries of a dict from a method or attribute. A function's dict may be a cache: keep it whole.
        pack = self.pack_opened if name in self.members else self.pack
        if isinstance(value, tuple) or type(value) is list:  # also a named tuple
            reply["value"] = (list if type(value) is list else tuple)(map(pack, value))
        else:
            reply["value"] = pack(value)
        if value is None or (isinstance(value, tuple) and any(item is None for item in value)):
            reply["stub"] = self.tree.is_stub(name)
        return reply

    def not_written(self, error: NotImplementedError) -> str:
        """Return the id of the function whose body raised the error: the called function or one that it calls."""
        if isinstance(error, stubs.NotWritten):
            return str(error.name)
        frames = self.tree.describe(error)["frames"]
        path, _, function = frames[-1] if frames else ("", 0, "")
        return path[: -len(".py")].replace("/", ".") + "." + function

    def fetch(self, value: Any) -> Any:
        return replace_handles(value, lambda one: self.objects[one.number - FIRST_HANDLE])

    def pack(self, value: Any) -> Any:
        """Return arrays, numbers, strings and dicts of these unchanged; for other values, like caches, a handle."""
        # The wire format has no long double, because its size depends on the machine.
        if isinstance(value, (np.ndarray, np.generic)) and value.dtype.char in "gG":
            value = value.astype(np.float64 if value.dtype.char == "g" else np.complex128)
        return value if is_plain(value) else self.add_handle(value)

    def pack_opened(self, value: Any) -> Any:
        """Return a dict whose entries the check reads, with a handle in place of each entry that is not plain."""
        if isinstance(value, dict):
            return {key: self.pack_opened(item) for key, item in value.items() if isinstance(key, str)}
        return self.pack(value)

    def add_handle(self, value: Any) -> protocol.Handle:
        self.objects.append(value)  # kept until the check ends, so a number always means the same object
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
    """Return a function that calls an object's method, or reads or writes its attribute (a dict of arrays)."""

    def method(owner: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(owner, member)(*args, **kwargs)

    def attribute(owner: Any, *entries: Dict[str, Any]) -> Any:
        value = getattr(owner, member)
        for some in entries:
            for key in some:
                value[key] = in_shape_of(value[key], some[key])
        return True if entries else value  # True, as the judge's side returns for a write (host/exchange.py)

    return method if kind == "method" else attribute


def in_shape_of(own: Any, value: np.ndarray) -> np.ndarray:
    """Return the value in the shape of the student's array. Raises if more than axes of length 1 differ."""
    # A bias of shape (C,) is as right as one of shape (1, C).
    if [length for length in own.shape if length != 1] != [length for length in value.shape if length != 1]:
        raise ValueError("another shape")
    return value.reshape(own.shape)


def flush() -> None:
    """Write all buffered prints before the reply is sent, so that the judge counts the prints for this check."""
    # Call the class's flush, because student code may have replaced flush on the object.
    with suppress(Exception):
        io.TextIOWrapper.flush(OUTPUT[0])


def seed_everything(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)  # the global random state, which the course's code uses
