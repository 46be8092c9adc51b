"""The server: imports the student's modules once, forks a child for each check, and reports how the child ended.

A child serves further checks until it receives `end` or a check leaves a trace (traces.py). Where a student runs their
own code, which must work on any system, the server does not fork and serves every check itself. Then changes that a
check makes to a module remain for the next check, and a thread watches the time (clock.py).

Requests and replies; each reply repeats its request's number:
    load    modules of the work tree                → which were imported, which not and why
    run     steps: calls, and operations on results → for each call an outcome (replies.py lists them), and the dicts
                                                        and arrays that it changed. No call runs after a failed one
            begin: seed, functions granted as stubs     from here on in a child for this check
    end     the child ends                          → the server reports how it ended
A child that gets another begin after its check left a trace reports that it is stale, and ends.
Within a call, the child can ask the judge what a granted function returns (stubs.py).
"""

from __future__ import annotations

import gc
import math
import os
import re
import select
import sys
import time
import traceback
import types
import warnings
from typing import Any, Callable, Dict

import absent_modules  # type: ignore[import-not-found]
import confine  # type: ignore[import-not-found]
import dialects  # type: ignore[import-not-found]
import numpy as np
import protocol  # type: ignore[import-not-found]
import stubs  # type: ignore[import-not-found]
import tolerant_import  # type: ignore[import-not-found]
import traces  # type: ignore[import-not-found]
from channel import Channel  # type: ignore[import-not-found]
from child import Child, seed_everything, use_member  # type: ignore[import-not-found]
from clock import Clock  # type: ignore[import-not-found]
from work_tree import WorkTree  # type: ignore[import-not-found]

STAYING_SHARE = 0.1  # a child that has used more than this share of a check's CPU time serves no further check
STATEMENT_SHARE = 0.4  # the most that one statement may use of the import's CPU time, to leave time for others
IMPORT_WAIT_S = 2.0  # one statement may sleep or wait this long; much shorter than the imports' wall time
MAX_LEFT_OUT = 20  # left-out statements in the reply; a report lists fewer (grading/import_notes.py)


class Server:
    def __init__(self, channel: Channel, options: Dict[str, Any]) -> None:
        self.channel = channel
        self.options = options
        self.functions: Dict[str, Callable[..., Any]] = {}
        self.members: Dict[str, str] = {}
        self.switches: Dict[str, Any] = {}
        self.tree = WorkTree(options["work"], options["package"])
        self.placeholders = absent_modules.AbsentFinder(self.tree.root, self.tree.package)
        # Last in the list: Python calls it only for modules that no other finder has.
        sys.meta_path.append(self.placeholders)
        sys.meta_path.insert(0, absent_modules.ConsoleFinder)
        budget_s = STATEMENT_SHARE * options["limits"].get("CPU", 0)
        self.importer = tolerant_import.Importer(
            self.tree.root, self.tree.package, budget_s, IMPORT_WAIT_S, absent_modules.Absent, dialects.explain
        )
        self.importer.install()

    def serve(self) -> None:
        try:
            request = self.channel.receive()
            modules = self.load(request)
            left_out = []
            for path, line, name, error in self.importer.left_out[:MAX_LEFT_OUT]:
                failure = self.tree.describe(error)
                text = failure["text"] + absent_modules.explain(error)
                left_out.append((self.tree.name_of(path), line, name, failure["type"], text))
            recoded = [self.tree.name_of(path) for path in self.importer.recoded]
            result = {"modules": modules, "absent": self.placeholders.names, "left_out": left_out, "recoded": recoded}
            self.channel.write(protocol.encode(result, request["id"]))
            if self.options.get("fork", True):
                self.traces = traces.Traces(self.tree.package, stubs.Switch)
                self.fork_for_checks()
            while True:
                self.serve_check(self.channel.receive())
        except EOFError:
            return

    def load(self, request: Dict[str, Any]) -> Dict[str, Any]:
        """Import each module, and look up all functions that checks will call, so that no name is looked up later."""
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

    def make_hollow(self, name: str) -> None:
        """Make an empty module in place of one that is absent or cannot be imported; stubs replace its functions."""
        path = self.tree.package + "." + name
        parent, _, last = path.rpartition(".")
        sys.modules[path] = types.ModuleType(path)  # before the import of the package, which may import this module
        __import__(parent)
        sys.modules[path].__dict__.update(np=np, numpy=np)  # other files may use np after `from .layers import *`
        setattr(sys.modules[parent], last, sys.modules[path])

    def find_functions(self, name: str, request: Dict[str, Any]) -> None:
        """Look up a module's functions and classes' members. Make a Switch for each function that stubs may replace."""
        module = sys.modules.get(self.tree.package + "." + name)
        if module is None:
            return
        names = getattr(module, "__dict__", {})
        for function in request["functions"]:
            place, _, attribute = function.rpartition(".")
            if place != name:
                continue
            own = names.get(attribute)
            own = own if callable(own) else None
            if own is not None:
                self.functions[function] = own
                for member, kind in request["members"].get(function, {}).items():
                    self.functions[function + "." + member] = use_member(member, kind)
                    self.members[function + "." + member] = kind
            if function in request["switches"] and (own is None or request["exchange"]):
                self.switches[function] = stubs.Switch(function, request["switches"][function], own)
                # If the function cannot change in place (stubs.py), replace it under its module's name.
                if not stubs.can_change(own, attribute):
                    names[attribute] = self.switches[function].function
        sys.modules.setdefault(name, module)  # `import layers` gets the same module as `from cs231n import layers`

    def fork_for_checks(self) -> None:
        """Fork one child per check. The child reads its own request, so that the server does no work between forks.

        Server and child share each page of memory until one of them writes to it (fork(2)), and Python writes whenever
        it counts a reference. So work that can be done once is done here, before the first fork.
        """
        gc.freeze()  # otherwise a child's first garbage collection would copy all shared memory
        ended = self.describe_end(0)
        poll = select.poll()
        poll.register(self.channel.requests, select.POLLIN)
        while poll.poll()[0][1] & select.POLLIN:  # only POLLHUP means that the judge has closed the pipe (poll(2))
            child = os.fork()
            if child == 0:
                self.be_child()
            _, status = os.waitpid(child, 0)
            self.channel.write(ended if status == 0 else self.describe_end(status))
        raise EOFError

    def describe_end(self, status: int) -> bytes:
        """Return the frame that reports how a child ended. status: as waitpid(2) returns it."""
        number = status & 0x7F
        return bytes(protocol.encode({"op": "ended", "exit": 0 if number else status >> 8, "signal": number}))

    def be_child(self) -> None:
        """Serve one or more checks, then end the process."""
        try:
            if self.options.get("confine"):
                confine.prctl(confine.PR_SET_PDEATHSIG, confine.SIGKILL)  # fork clears it (PR_SET_PDEATHSIG(2const))
            request = self.channel.receive()
            limits = request["begin"]["limits"]
            set_limits(limits)
            is_reused = False
            while True:
                self.settings.restore()
                child = Child(self.channel, self.functions, self.members, self.tree, is_reused)
                is_reused = True
                request = child.serve(request, self.switches)
                if request["op"] == "end":
                    return
                # The next check needs an unchanged state, and nearly all of the process's CPU time (RLIMIT_CPU).
                if not self.traces.is_empty() or time.process_time() > STAYING_SHARE * limits.get("CPU", 0):
                    self.channel.send({"op": "stale"})
                    return
        except EOFError:
            pass
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)  # _exit runs no exit handlers of student code

    def serve_check(self, request: Dict[str, Any]) -> None:
        """Serve a check in the server's process, without a fork."""
        self.settings.restore()
        clock = Clock(request["begin"]["limits"].get("CPU", 0))
        Child(self.channel, self.functions, self.members, self.tree).serve(request, self.switches, clock)
        clock.stop()
        self.channel.send({"op": "ended", "exit": 0, "signal": 0})


class ProcessSettings:
    """NumPy's error handling and the warning filters, as they were before the import of the student's modules.

    A module that changes them could otherwise turn a warning in another function into an exception.
    """

    def __init__(self) -> None:
        self.errors = np.geterr()
        self.filters = warnings.filters[:]

    def restore(self) -> None:
        np.seterr(**self.errors)
        warnings.filters[:] = self.filters  # type: ignore[index]
        warnings._filters_mutated()  # type: ignore[attr-defined]  # clears Python's cache of the old filters


def set_limits(limits: Dict[str, float]) -> None:
    """Set limits for this process and its children. Inside the namespaces, these limit this sandbox alone."""
    try:
        import resource
    except ImportError:  # not a POSIX system: only the judge's wall time limits a check
        return
    for name, value in limits.items():
        value = math.ceil(value)  # RLIMIT_CPU has whole seconds; limit_check() sets a timer for a fraction
        kind = getattr(resource, "RLIMIT_" + name)
        hard = resource.getrlimit(kind)[1]
        soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
        # At the soft limit the kernel sends SIGXCPU, which shows that the end was a timeout. One second later, at the
        # hard limit, it sends SIGKILL, which no code can ignore (setrlimit(2)).
        resource.setrlimit(kind, (soft, soft + 1 if name == "CPU" and hard != soft else soft))
