"""One check in a child of the server: calls functions, watches the time, keeps what does not travel.

Runs inside the worker, beside worker.py, under Python 3.8 on.
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
from operations import FIRST_KEPT, OPERATIONS  # type: ignore[import-not-found]
from work_tree import WorkTree  # type: ignore[import-not-found]

MAX_TEXT = 4000
HELD_S = 0.002  # within functions, whose results wait for each other; the judge has work meanwhile
OUTPUT: List[Any] = []  # sys.stdout as it was at the start
TIMEOUTS = [int(getattr(signal, name)) for name in ("SIGXCPU", "SIGPROF", "SIGINT") if hasattr(signal, name)]


class CheckTimeout(BaseException):
    """The CPU time of a check is used up: raised where its code is at that moment, so that the report can say where."""


def raise_on_timeout() -> None:
    """Let SIGXCPU raise, a timer's SIGPROF, or a Clock's SIGINT.

    Code that catches even this, or is in C for long, is killed later.
    """
    for number in TIMEOUTS:  # before every check, so without what makes names of the results
        if _signal.getsignal(number) is not out_of_time:
            _signal.signal(number, out_of_time)


def out_of_time(number: int, frame: Any) -> None:
    raise CheckTimeout


def limit_check(cpu_s: float) -> None:
    """Have a timer raise in a check that gets a fraction of seconds, which the kernel's limit cannot hold.

    Code that takes the timer away meets the kernel's limit, rounded up.
    """
    if hasattr(signal, "setitimer") and (cpu_s % 1 or signal.getitimer(signal.ITIMER_PROF)[0]):
        signal.setitimer(signal.ITIMER_PROF, cpu_s if cpu_s % 1 else 0)


class Returned(NamedTuple):
    """What a call returned; the dicts that it changed, by position; and the dicts among its arguments as they were."""

    value: Any
    dicts: Dict[str, Any]
    before: List[Any]


class Child:
    """One check: calls functions, keeps what does not travel, forgets all of it when it exits."""

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
        self.kept: List[Any] = []
        self.results: List[Any] = []  # of a program: its steps, and for a call what it returned
        self.values: Dict[int, Any] = {}
        self.clock: Optional[Clock] = None
        self.took_s = 0.0
        self.is_reused = is_reused
        self.held: List[bytes] = []
        self.held_s = 0.0

    def serve(self, request: Dict[str, Any], switches: Dict[str, Any], clock: Optional[Clock] = None) -> Dict[str, Any]:
        """Serve one check until a request that is not its own, the end or the first of another check, and return that.

        request: the first. clock: where this process is the server's own, and no limit can be set.
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
                        self.results.append(step)  # for when it is needed, if ever
                    elif not self.serve_call(request, *step[1:]):
                        break
                self.send_held()
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
        """One call and its reply. Whether its check goes on then: not without a value, nor with too many or few.

        is_needed: whether the judge needs the value, or only the calls after this one do.
        """
        self.took_s = 0.0
        try:
            args, kwargs = self.filled(args), self.filled(kwargs)
        except Exception:  # the check could not go on from what was returned before
            reply: Dict[str, Any] = {"outcome": "unfit"}
        else:
            reply = self.call(function, args, kwargs)
        reply["id"], reply["took"] = request["id"], self.took_s
        flush()
        goes_on = reply["outcome"] == "value" and not reply.get("stub")
        try:
            if goes_on:
                value = copy_as_sent(reply["value"])
                found = len(value) if isinstance(value, (tuple, list)) else 0
                goes_on = arity is None or found == arity or (arity == 0 and isinstance(value, list))
                before = [snapshot(arg) if isinstance(arg, dict) else None for arg in args]
                self.results.append(Returned(value, copy_as_sent(reply.get("dicts", {})), before))
                if goes_on and request["lean"] and not is_needed:
                    reply["value"] = None
            frame = protocol.encode(reply)
        except protocol.ProtocolError as error:
            goes_on = False
            frame = protocol.encode({"id": request["id"], "outcome": "refused", "text": str(error)[:MAX_TEXT]})
        self.held.append(frame)
        self.held_s += self.took_s
        if not self.is_reused or self.held_s > HELD_S:
            self.send_held()
        return goes_on

    def send_held(self) -> None:
        """Each message wakes the judge, and both pay for that; so several replies are one, where that may be.

        In a process that has served another check it may: if it dies, nobody knows in which call, but the check is
        rerun in a fresh one, which replies to each call at once.
        """
        if self.held:
            self.channel.write(b"".join(self.held))
        self.held, self.held_s = [], 0.0

    def filled(self, value: Any) -> Any:
        """An argument with the results of earlier steps in it, as the judge would send them: copies."""
        return replaced(value, lambda one: copy_as_sent(self.result(one.number)) if one.number < FIRST_KEPT else one)

    def result(self, number: int) -> Any:
        """The value of a step of this program. Raises if there is none."""
        if number not in self.values:
            step = self.results[number]
            if isinstance(step, Returned):
                self.values[number] = step.value
            elif step[0] == "after":
                call, position = self.results[step[1].number], step[2]
                self.values[number] = call.dicts.get(str(position), call.before[position])
            else:
                self.values[number] = OPERATIONS[step[0]](*map(self.operand, step[1:]))
        return self.values[number]

    def operand(self, value: Any) -> Any:
        """The same where it is only read."""
        return self.result(value.number) if isinstance(value, protocol.Handle) else self.filled(value)

    def ask(self, function: str, args: Tuple[Any, ...]) -> Dict[str, Any]:
        """What the reference's function returns, from the judge. Within a call, in the place of its reply."""
        began_s = time.perf_counter()
        self.send_held()
        self.channel.send({"op": "ask", "function": function, "args": args})
        answer = dict(self.channel.receive())
        self.took_s -= time.perf_counter() - began_s
        return answer

    def call(self, name: str, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Dict[str, Any]:
        function = self.functions.get(name)
        if function is None:
            return {"outcome": "missing", "text": "absent"}
        sent, args = args, tuple(self.fetch(value) for value in args)
        kwargs = {key: self.fetch(value) for key, value in kwargs.items()}
        # What an object's own dict is read by or gets written is not changed by that.
        before = [] if self.members.get(name) == "attribute" else [snapshot(value) for value in args]
        began_s = time.perf_counter()
        try:
            value = self.clock.call(function, args, kwargs) if self.clock else function(*args, **kwargs)
        except NotImplementedError as error:
            return {"outcome": "missing", "text": "stub", "of": self.not_written(error)}
        except CheckTimeout as error:
            return {"outcome": "timeout", "frames": self.tree.find_loop(self.tree.describe(error)["frames"])}
        except BaseException as error:
            failure: Dict[str, Any] = self.tree.describe(error)
            failure["text"] += absent_modules.explain(error)
            # The handouts' bodies may trip over the None that stands where the solution goes.
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
        # An object's members return what is read by names; a function's dict may be a cache, which must stay whole.
        pack = self.pack_opened if name in self.members else self.pack
        if isinstance(value, tuple) or type(value) is list:  # a named tuple too: it unpacks as any
            reply["value"] = (list if type(value) is list else tuple)(map(pack, value))
        else:
            reply["value"] = pack(value)
        if value is None or (isinstance(value, tuple) and any(item is None for item in value)):
            reply["stub"] = self.tree.is_stub(name)
        return reply

    def not_written(self, error: NotImplementedError) -> str:
        """The function whose body raised it: the one that was called, or one that it calls."""
        if isinstance(error, stubs.NotWritten):
            return str(error.name)
        frames = self.tree.describe(error)["frames"]
        path, _, function = frames[-1] if frames else ("", 0, "")
        return path[: -len(".py")].replace("/", ".") + "." + function

    def fetch(self, value: Any) -> Any:
        return replaced(value, lambda one: self.kept[one.number - FIRST_KEPT])

    def pack(self, value: Any) -> Any:
        """Arrays, numbers, strings and plain dicts of nothing else travel; all else, most caches, stays here whole."""
        # A long double has no one size.
        if isinstance(value, (np.ndarray, np.generic)) and value.dtype.char in "gG":
            value = value.astype(np.float64 if value.dtype.char == "g" else np.complex128)
        return value if is_plain(value) else self.keep(value)

    def pack_opened(self, value: Any) -> Any:
        """A dict of any kind that the caller reads by names: it travels, and what is not plain in it stays here."""
        if isinstance(value, dict):
            return {key: self.pack_opened(item) for key, item in value.items() if isinstance(key, str)}
        return self.pack(value)

    def keep(self, value: Any) -> protocol.Handle:
        self.kept.append(value)
        name = "array of dtype " + str(value.dtype) if isinstance(value, np.ndarray) else type(value).__name__
        return protocol.Handle(FIRST_KEPT + len(self.kept) - 1, str(name)[:100])


def replaced(value: Any, find: Callable[[Any], Any]) -> Any:
    """The value with what `find` finds in the place of every handle."""
    if isinstance(value, protocol.Handle):
        return find(value)
    if isinstance(value, dict):
        return {key: replaced(item, find) for key, item in value.items()}
    return type(value)(replaced(item, find) for item in value) if type(value) in (tuple, list) else value


def use_member(member: str, kind: str) -> Callable[..., Any]:
    """A method, called with its object first; or a dict of arrays, read, or some of its entries written (True then)."""

    def method(owner: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(owner, member)(*args, **kwargs)

    def attribute(owner: Any, *entries: Dict[str, Any]) -> Any:
        value = getattr(owner, member)
        for some in entries:
            for key in some:
                value[key] = in_shape_of(value[key], some[key])
        return True if entries else value

    return method if kind == "method" else attribute


def in_shape_of(own: Any, value: np.ndarray) -> np.ndarray:
    """Parameters that are kept as rows are given as rows. Raises where more differs, which the judge sees as well."""
    if [length for length in own.shape if length != 1] != [length for length in value.shape if length != 1]:
        raise ValueError("another shape")
    return value.reshape(own.shape)


def flush() -> None:
    """What was printed is there before the reply. No method that a student's code has put in the place is called."""
    with suppress(Exception):
        io.TextIOWrapper.flush(OUTPUT[0])


def seed_everything(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
