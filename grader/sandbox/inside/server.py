"""The server: imports the student's modules once, then forks a child for every check and says how it ended.

A child that is not ended serves the next check, too, if the one before left no trace (traces.py). Where a student runs
their own code (options: fork false), the server serves every check itself, so that any system will do: what a check
leaves in a module's memory is there in the next, and time is watched by a thread.

Conversation, one reply a request, each under its request's id:
    load    modules of the work tree                → which were imported, which not and why
    run     steps: calls, and what is between them  → for each call an outcome (replies.py lists them); changed dicts
                                                        and arrays. The first call without a value is the last
            begin: seed, functions granted as stubs     in a child for this check from here on
    end     the child goes                          → the server says how it ended
A child that is asked to begin once more says instead that it is stale, if the check before left a trace, and goes.
Within a call, the child itself may ask for what a granted function returns (stubs.py); the judge answers.
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

STAYING_SHARE = 0.1  # of a check's CPU time that a child may have used and still serve another check
STATEMENT_SHARE = 0.4  # of the CPU time for imports that one statement of a module may use; others are to follow
IMPORT_WAIT_S = 2.0  # for which a statement of a module may wait, well below the wall time for imports
MAX_LEFT_OUT = 20  # statements that were left out


class Server:
    def __init__(self, channel: Channel, options: Dict[str, Any]) -> None:
        self.channel = channel
        self.options = options
        self.functions: Dict[str, Callable[..., Any]] = {}
        self.members: Dict[str, str] = {}
        self.switches: Dict[str, Any] = {}
        self.tree = WorkTree(options["work"], options["package"])
        self.placeholders = absent_modules.AbsentFinder(self.tree.root, self.tree.package)
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
                said = self.tree.describe(error)
                text = said["text"] + absent_modules.explain(error)
                left_out.append((self.tree.name_of(path), line, name, said["type"], text))
            recoded = [self.tree.name_of(path) for path in self.importer.recoded]
            known = {"modules": modules, "absent": self.placeholders.names, "left_out": left_out, "recoded": recoded}
            self.channel.send({"id": request["id"], **known})
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
                if not stubs.can_change(own, attribute):
                    names[attribute] = self.switches[function].function
        sys.modules.setdefault(name, module)  # whoever imports it flat gets the same one

    def fork_for_checks(self) -> None:
        """Fork one child per check. The child reads its own request, so that the server does no work between forks.

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
                confine.prctl(confine.PR_SET_PDEATHSIG, confine.SIGKILL)  # which a child does not inherit
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
                # The next check must find what the first one found, and have the time that it is to have.
                if not self.traces.is_empty() or time.process_time() > STAYING_SHARE * limits.get("CPU", 0):
                    self.channel.send({"op": "stale"})
                    return
        except EOFError:
            pass
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)

    def serve_check(self, request: Dict[str, Any]) -> None:
        """A check without a process of its own."""
        self.settings.restore()
        clock = Clock(request["begin"]["limits"].get("CPU", 0))
        Child(self.channel, self.functions, self.members, self.tree).serve(request, self.switches, clock)
        clock.stop()
        self.channel.send({"op": "ended", "exit": 0, "signal": 0})


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
