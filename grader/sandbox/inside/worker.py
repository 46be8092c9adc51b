"""Runs inside the sandbox, under the course's Python (3.8 on); the only importer of student code.

    judge ══requests══► server ──fork──► a child for a check ══replies══► judge
                                │  imports the student's modules once
                                └─ waits for the child and says how it ended

A child that is not ended serves the next check, too, if the one before left no trace (traces.py).

Where a student runs their own code (options: fork false), the server serves every check itself, so that any system will
do: what a check leaves in a module's memory is there in the next, and time is watched by a thread.

The server enters as whoever started the sandbox, sets the limits, gives up its rights and only then imports anything of
a student. From that import on neither it nor a child is trusted: the judge takes their words as data, watches the
processes from outside and kills the lot when in doubt. There is nothing here to steal: no expected value, no check and
no reference ever enters this process.

Conversation, one reply a request, each under its request's id:
    load    modules of the work tree                → which were imported, which not and why
    call    function id, args, kwargs               → an outcome (replies.py lists them); changed dicts and arrays
            begin: seed, functions granted as stubs     in a child for this check from here on
            writes: attributes and what they get        done before; the first that fails is the outcome
    settle  the same without a call                 → nothing, if all could be written
    end     the child goes                          → the server says how it ended
A child that is asked to begin once more says instead that it is stale, if the check before left a trace, and goes.
Within a call, the child itself may ask for what a granted function returns (stubs.py); the judge answers.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import gc
import io
import json
import math
import os
import random
import re
import select
import signal
import sys
import time
import traceback
import types
import warnings
from contextlib import suppress
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import absent_modules  # type: ignore[import-not-found]
import confine  # type: ignore[import-not-found]
import dialects  # type: ignore[import-not-found]
import protocol  # type: ignore[import-not-found]
import stubs  # type: ignore[import-not-found]
import threads  # type: ignore[import-not-found]
import tolerant_import  # type: ignore[import-not-found]
import traces  # type: ignore[import-not-found]
from arguments import aliases, changes, is_plain, snapshot  # type: ignore[import-not-found]
from channel import Channel, private_pipes  # type: ignore[import-not-found]
from clock import Clock  # type: ignore[import-not-found]
from work_tree import WorkTree  # type: ignore[import-not-found]

for name, module in list(sys.modules.items()):
    if "." not in name and name != "__main__" and os.path.dirname(getattr(module, "__file__", None) or "") == HERE:
        del sys.modules[name]  # a submission may have a file of that name

MAX_TEXT = 4000
STAYING_SHARE = 0.1  # of a check's CPU time that a child may have used and still serve another check
STATEMENT_SHARE = 0.4  # of the CPU time for imports that one statement of a module may use; others are to follow
IMPORT_WAIT_S = 2.0  # for which a statement of a module may wait, well below the wall time for imports
OUTPUT: List[Any] = []  # sys.stdout as it was at the start
MOST_TOLD = 20  # statements that were left out


def main(options: Dict[str, Any]) -> None:
    """Set up, say hello, then serve until the judge closes the pipe."""
    requests, replies = private_pipes()
    OUTPUT.append(sys.stdout)
    set_limits(options["limits"])
    drop_rights(options["uid"])
    if options.get("confine"):
        confine.confine(options["confine"])
    if options.get("calls"):
        confine.close_calls(bytes.fromhex(options["calls"]))
    sys.dont_write_bytecode = True
    threads.make_uniform(shared_memory=not options.get("fork", True))
    used = {HERE, *options.get("withheld", ())}
    sys.path[:] = [options["work"]] + [folder for folder in sys.path if folder not in used]
    sys.path.append(os.path.join(options["work"], options["package"]))  # last: `import helpers` finds one, `random` not
    channel = Channel(requests, replies)
    channel.send({"op": "hello"})
    Server(channel, options).serve()


def set_limits(limits: Dict[str, float]) -> None:
    """Limits of this process and all below it. Set here, inside the namespaces, they are this sandbox's own."""
    try:
        import resource
    except ImportError:  # not a POSIX system: the judge's wall time is the only limit
        return
    for name, value in limits.items():
        value = math.ceil(value)  # the kernel takes whole seconds; a fraction is kept by a timer (limit_check)
        kind = getattr(resource, "RLIMIT_" + name)
        hard = resource.getrlimit(kind)[1]
        soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
        # One second between SIGXCPU, which tells a timeout from other deaths, and the SIGKILL that nobody ignores.
        resource.setrlimit(kind, (soft, soft + 1 if name == "CPU" and hard != soft else soft))


TIMEOUTS = [int(getattr(signal, name)) for name in ("SIGXCPU", "SIGPROF", "SIGINT") if hasattr(signal, name)]


class OutOfTime(BaseException):
    """The CPU time of a check is used up: raised where its code is at that moment, so that the report can say where."""


def raise_on_timeout() -> None:
    """Let SIGXCPU raise, a timer's SIGPROF, or a Clock's SIGINT.

    Code that catches even this, or is in C for long, is killed later.
    """
    for number in TIMEOUTS:  # before every check, so without what makes names of the results
        if _signal.getsignal(number) is not out_of_time:
            _signal.signal(number, out_of_time)


def out_of_time(number: int, frame: Any) -> None:
    raise OutOfTime


def limit_check(cpu_s: float) -> None:
    """Have a timer raise in a check that gets a fraction of seconds, which the kernel's limit cannot hold.

    Code that takes the timer away meets the kernel's limit, rounded up.
    """
    if hasattr(signal, "setitimer") and (cpu_s % 1 or signal.getitimer(signal.ITIMER_PROF)[0]):
        signal.setitimer(signal.ITIMER_PROF, cpu_s if cpu_s % 1 else 0)


def drop_rights(uid: Optional[int]) -> None:
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)


class Server:
    """Imports once, then forks for every check and waits for each child."""

    def __init__(self, channel: Channel, options: Dict[str, Any]) -> None:
        self.channel = channel
        self.options = options
        self.functions: Dict[str, Callable[..., Any]] = {}
        self.members: Dict[str, str] = {}
        self.switches: Dict[str, Any] = {}
        self.tree = WorkTree(options["work"], options["package"])
        self.settings = ProcessSettings()
        self.traces: Optional[traces.Traces] = None
        self.placeholders = absent_modules.AbsentFinder(self.tree.root, self.tree.package)
        sys.meta_path.append(self.placeholders)
        sys.meta_path.insert(0, absent_modules.ConsoleFinder)
        budget_s = STATEMENT_SHARE * options["limits"].get("CPU", 0)
        self.importer = tolerant_import.Importer(
            self.tree.root, self.tree.package, budget_s, IMPORT_WAIT_S, absent_modules.Absent, dialects.explain
        )
        self.importer.install()

    def serve(self) -> None:
        """Everything until the judge closes the pipe."""
        try:
            request = self.channel.receive()
            modules = self.load(request)
            left_out = [self.describe_left_out(*one) for one in self.importer.left_out[:MOST_TOLD]]
            recoded = [self.tree.name_of(path) for path in self.importer.recoded]
            said = {"modules": modules, "absent": self.placeholders.names, "left_out": left_out, "recoded": recoded}
            self.channel.send({"id": request["id"], **said})
            if self.options.get("fork", True):
                self.traces = traces.Traces(self.tree.package, stubs.Switch)
                self.fork_for_checks()
            while True:
                self.serve_check(self.channel.receive())
        except EOFError:
            return

    def load(self, request: Dict[str, Any]) -> Dict[str, Any]:
        """Import each module; remember the functions that will be called, so that no name is looked up later."""
        failures: Dict[str, Any] = {}
        seed_everything(0)
        self.importer.is_tolerant = request["tolerant"]
        for start in request["expected_warnings"]:
            warnings.filterwarnings("ignore", message=re.escape(start))
        self.settings = ProcessSettings()
        for name in request["modules"]:
            try:
                if name in request["hollow"]:
                    self.make_hollow(name)
                __import__(self.tree.package + "." + name)
                failures[name] = None
            except BaseException as error:
                failures[name] = self.tree.describe(error)
            self.find_functions(name, request)
        return failures

    def describe_left_out(self, path: str, line: int, name: str, error: BaseException) -> Tuple[Any, ...]:
        """What of a file was not imported: file, line, name of the function, and what was wrong with it."""
        said = self.tree.describe(error)
        text = said["text"] + absent_modules.explain(error)
        return (self.tree.name_of(path), line, name, said["type"], text)

    def make_hollow(self, name: str) -> None:
        """A module that is not there, or cannot be imported: others find its functions, all of them stubs."""
        path = self.tree.package + "." + name
        parent, _, last = path.rpartition(".")
        sys.modules[path] = types.ModuleType(path)  # first, since the package may import it
        __import__(parent)
        sys.modules[path].__dict__.update(np=np, numpy=np)  # others may take them from there by a star
        setattr(sys.modules[parent], last, sys.modules[path])

    def find_functions(self, name: str, request: Dict[str, Any]) -> None:
        """The functions of one module, members of its classes; switches for those that others call."""
        module = sys.modules.get(self.tree.package + "." + name)
        names = getattr(module, "__dict__", {})
        for function in request["functions"]:
            place, _, attribute = function.rpartition(".")
            if place != name:
                continue
            found = names.get(attribute)
            if callable(found):
                self.functions[function] = found
                for member, kind in request["members"].get(function, {}).items():
                    self.functions[function + "." + member] = use_member(member, kind)
                    self.members[function + "." + member] = kind
            own = found if callable(found) else None
            wanted = own is None or request["exchange"]
            if function in request["switches"] and module is not None and wanted:
                self.switches[function] = stubs.Switch(function, request["switches"][function], own)
                if not stubs.can_change(own, attribute):
                    names[attribute] = self.switches[function].function
        if module is not None:
            sys.modules.setdefault(name, module)  # whoever imports it flat gets the same one

    def fork_for_checks(self) -> None:
        """A child a check, which reads its request itself: what this process does in between, each child pays for.

        Both share all memory until one of them writes, and Python writes wherever it counts a reference; so all that
        can be done once is done here, before the first.
        """
        gc.freeze()  # else a child's first collection copies all memory that it shares with this process
        ended = self.describe_end(0)
        poll = select.poll()
        poll.register(self.channel.requests, select.POLLIN)
        while poll.poll()[0][1] & select.POLLIN:  # not where the judge has closed the pipe
            child = os.fork()
            if child == 0:
                self.be_child()
            _, status = os.waitpid(child, 0)
            self.channel.write(ended if status == 0 else self.describe_end(status))
        raise EOFError

    def describe_end(self, status: int) -> bytes:
        """The frame that says how a child ended."""
        number = status & 0x7F
        return bytes(protocol.encode({"op": "ended", "exit": 0 if number else status >> 8, "signal": number}))

    def be_child(self) -> None:
        """The life of a child: a check, and perhaps others after it. Does not return."""
        try:
            if self.options.get("confine"):
                confine.die_with_parent()
            request = self.channel.receive()
            limits = request["begin"]["limits"]
            set_limits(limits)
            while request["op"] != "end":
                self.settings.restore()
                child = Child(self.channel, self.functions, self.members, self.tree)
                request = child.serve(request, self.switches)
                if request["op"] != "end" and not self.is_as_before(limits):
                    self.channel.send({"op": "stale"})
                    return
        except EOFError:
            pass
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)

    def is_as_before(self, limits: Dict[str, float]) -> bool:
        """Whether the next check finds what the first one found, and has the time that it is to have."""
        used_s = time.process_time()
        return self.traces is not None and self.traces.are_none() and used_s <= STAYING_SHARE * limits.get("CPU", 0)

    def serve_check(self, request: Dict[str, Any]) -> None:
        """A check without a process of its own."""
        self.settings.restore()
        clock = Clock(request["begin"]["limits"].get("CPU", 0))
        Child(self.channel, self.functions, self.members, self.tree).serve(request, self.switches, clock)
        clock.stop()
        self.channel.send({"op": "ended", "exit": 0, "signal": 0})


class Child:
    """One check: calls functions, keeps what does not travel, forgets all of it when it exits."""

    def __init__(
        self, channel: Channel, functions: Dict[str, Callable[..., Any]], members: Dict[str, str], tree: WorkTree
    ) -> None:
        self.channel = channel
        self.functions = functions
        self.members = members
        self.tree = tree
        self.kept: List[Any] = []
        self.clock: Optional[Clock] = None
        self.took_s = 0.0

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
            return self.serve_requests(request)

    def serve_requests(self, request: Dict[str, Any]) -> Dict[str, Any]:
        while True:
            reply = self.answer(request)
            reply["id"], reply["took"] = request["id"], self.took_s
            flush()
            try:
                self.channel.send(reply)
            except protocol.ProtocolError as error:
                self.channel.send({"id": request["id"], "outcome": "refused", "text": str(error)[:MAX_TEXT]})
            request = self.channel.receive()
            if request["op"] == "end" or "begin" in request:
                return request

    def answer(self, request: Dict[str, Any]) -> Dict[str, Any]:
        """What is to be written, then the call, if there is one; or the first thing that goes wrong."""
        for position, (attribute, args) in enumerate(request.get("writes", ())):
            reply = self.call(attribute, args, {})
            if reply["outcome"] != "value":
                return {**reply, "failed": position}
        if request["op"] == "settle":
            return {}
        return self.call(request["function"], request["args"], request["kwargs"])

    def ask(self, function: str, args: Tuple[Any, ...]) -> Dict[str, Any]:
        """What the reference's function returns, from the judge. Within a call, in the place of its reply."""
        began_s = time.perf_counter()
        self.channel.send({"op": "ask", "function": function, "args": args})
        answer = dict(self.channel.receive())
        self.took_s -= time.perf_counter() - began_s
        return answer

    def call(self, name: str, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Dict[str, Any]:
        self.took_s = 0.0
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
        except OutOfTime as error:
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
        if isinstance(value, tuple):  # a named one too: it unpacks as any
            reply["value"] = tuple(map(pack, value))
        elif type(value) is list:
            reply["value"] = list(map(pack, value))
        else:
            reply["value"] = pack(value)
        told = self.told_of(name, value)
        if told:
            reply["attributes"] = told
        if value is None or (isinstance(value, tuple) and any(item is None for item in value)):
            reply["stub"] = self.tree.is_stub(name)
        return reply

    def told_of(self, name: str, value: Any) -> Dict[str, Any]:
        """Of a new object the dicts that are read next, if they are plain and to look at them runs none of its code."""
        told: Dict[str, Any] = {}
        attributes = [
            path for path in self.members if path.startswith(name + ".") and self.members[path] == "attribute"
        ]
        kind = type(value)
        if not attributes or type(kind) is not type:
            return told
        of_class = {key: item for base in reversed(kind.__mro__) for key, item in vars(base).items()}
        is_simple = of_class["__getattribute__"] is vars(object)["__getattribute__"]
        if is_simple and type(of_class.get("__dict__")) is types.GetSetDescriptorType:
            for attribute in [path[len(name) + 1 :] for path in attributes]:
                held = value.__dict__.get(attribute)
                if attribute not in of_class and type(held) is dict and is_plain(held):
                    told[attribute] = held
        return told

    def not_written(self, error: NotImplementedError) -> str:
        """The function whose body raised it: the one that was called, or one that it calls."""
        if isinstance(error, stubs.NotWritten):
            return str(error.name)
        frames = self.tree.describe(error)["frames"]
        path, _, function = frames[-1] if frames else ("", 0, "")
        return path[: -len(".py")].replace("/", ".") + "." + function

    def fetch(self, value: Any) -> Any:
        if isinstance(value, protocol.Handle):
            return self.kept[value.number]
        if isinstance(value, dict):
            return {key: self.fetch(item) for key, item in value.items()}
        if type(value) in (tuple, list):
            return type(value)(self.fetch(item) for item in value)
        return value

    def pack(self, value: Any) -> Any:
        """Arrays, numbers, strings and plain dicts of nothing else travel; all else, most caches, stays here whole."""
        if (
            isinstance(value, (np.ndarray, np.generic)) and value.dtype.char in "gG"
        ):  # long double, which has no one size
            value = value.astype(np.float64 if value.dtype.char == "g" else np.complex128)
        return value if is_plain(value) else self.keep(value)

    def pack_opened(self, value: Any) -> Any:
        """A dict of any kind that the caller reads by names: it travels, and what is not plain in it stays here."""
        if isinstance(value, dict):
            return {key: self.pack_opened(item) for key, item in value.items() if isinstance(key, str)}
        return self.pack(value)

    def keep(self, value: Any) -> protocol.Handle:
        self.kept.append(value)
        name = type(value).__name__
        if isinstance(value, np.ndarray):
            name = "array of dtype " + str(value.dtype)
        return protocol.Handle(len(self.kept) - 1, str(name)[:100])


def use_member(member: str, kind: str) -> Callable[..., Any]:
    """A method, called with its object first; or a dict of arrays, read, or some of its entries written (True then)."""

    def method(owner: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(owner, member)(*args, **kwargs)

    def attribute(owner: Any, *entries: Dict[str, Any]) -> Any:
        value = getattr(owner, member)
        for some in entries:
            for key in some:
                value[key] = some[key]
        return True if entries else value

    return method if kind == "method" else attribute


class ProcessSettings:
    """What a module may set for the whole process while it is imported, and what would then turn a warning of one
    function into an exception of another."""

    def __init__(self) -> None:
        self.errors = np.geterr()
        self.filters = warnings.filters[:]

    def restore(self) -> None:
        np.seterr(**self.errors)
        warnings.filters[:] = self.filters  # type: ignore[index]
        warnings._filters_mutated()  # type: ignore[attr-defined]


def flush() -> None:
    """What was printed is there before the reply. No method that a student's code has put in the place is called."""
    with suppress(Exception):
        io.TextIOWrapper.flush(OUTPUT[0])


def seed_everything(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
