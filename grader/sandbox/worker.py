"""Runs inside the sandbox, under the course's Python (3.8 on); the only importer of student code.

    judge ══requests══► server ──fork──► one child a check ══replies══► judge
                                │  imports the student's modules once
                                └─ waits for the child and says how it ended

The server enters as whoever started the sandbox, sets the limits, gives up its rights and only then imports anything of
a student. From that import on neither it nor a child is trusted: the judge takes their words as data, watches the
processes from outside and kills the lot when in doubt. There is nothing here to steal: no expected value, no check and
no reference ever enters this process.

Conversation, one reply a request, each under its request's id:
    load    modules of the work tree                → which were imported, which not and why
    begin   seed                                    → in a fresh child from here on
    call    function id, args, kwargs               → an outcome (replies.py lists them); changed dicts and arrays
    end                                             → nothing; the server then says that the child is gone
"""

from __future__ import annotations

import json
import os
import random
import sys
import traceback
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import placeholders  # type: ignore[import-not-found]
import protocol  # type: ignore[import-not-found]

MAX_TEXT = 4000
MAX_ARRAY = 4 << 20  # bytes of an array that travels: right replies are below 1 MiB, a cache may be large and stays
MAX_FRAMES = 20


def main(options: Dict[str, Any]) -> None:
    """Set up, say hello, then serve until the judge closes the pipe."""
    requests, replies = private_pipes()
    set_limits(options["limits"])
    drop_rights(options["uid"])
    sys.dont_write_bytecode = True
    sys.path[0] = options["work"]
    sys.path.append(os.path.join(options["work"], options["package"]))  # last: `import helpers` finds one, `random` not
    channel = Channel(requests, replies)
    channel.send({"op": "hello"})
    Server(channel, options).serve()


def private_pipes() -> Tuple[int, int]:
    """Keep stdin and stdout for the judge; prints go where errors go, input() finds an end of file."""
    requests, replies = os.dup(0), os.dup(1)
    nothing, nobody = os.pipe()
    os.close(nobody)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    sys.stdout = open(1, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    return requests, replies


def set_limits(limits: Dict[str, int]) -> None:
    """Limits of this process and all below it. Set here, inside the namespaces, they are this sandbox's own."""
    try:
        import resource
    except ImportError:  # not a POSIX system: the judge's wall time is the only limit
        return
    for name, value in limits.items():
        kind = getattr(resource, "RLIMIT_" + name)
        hard = resource.getrlimit(kind)[1]
        soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
        # One second between SIGXCPU, which tells a timeout from other deaths, and the SIGKILL that nobody ignores.
        resource.setrlimit(kind, (soft, soft + 1 if name == "CPU" and hard != soft else soft))


class OutOfTime(BaseException):
    """The CPU time of a check is used up: raised where its code is at that moment, so that the report can say where."""


def raise_on_timeout() -> None:
    """Let SIGXCPU raise. Code that catches even this, or that is in C for long, is killed a second later."""
    import signal

    def out_of_time(number: int, frame: Any) -> None:
        raise OutOfTime

    if hasattr(signal, "SIGXCPU"):
        signal.signal(signal.SIGXCPU, out_of_time)


def drop_rights(uid: Optional[int]) -> None:
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)


class Channel:
    """Whole frames on two file descriptors, nothing read ahead: the child goes on where the server stopped."""

    def __init__(self, requests: int, replies: int) -> None:
        self.requests = requests
        self.replies = replies

    def receive(self) -> Any:
        """The next request. Raises EOFError when the judge has closed the pipe."""
        prefix = self.read(protocol.PREFIX.size)
        header_length, body_length = protocol.read_prefix(prefix)
        return protocol.decode(self.read(header_length), self.read(body_length))

    def send(self, message: Dict[str, Any]) -> None:
        data = memoryview(protocol.encode(message))
        while data:
            data = data[os.write(self.replies, data) :]

    def read(self, count: int) -> bytes:
        parts = []
        while count:
            part = os.read(self.requests, min(count, 1 << 20))
            if not part:
                raise EOFError
            parts.append(part)
            count -= len(part)
        return b"".join(parts)


class Server:
    """Imports once, then forks for every check and waits for each child."""

    def __init__(self, channel: Channel, options: Dict[str, Any]) -> None:
        self.channel = channel
        self.options = options
        self.functions: Dict[str, Callable[..., Any]] = {}
        self.tree = WorkTree(options["work"], options["package"])
        self.placeholders = placeholders.Finder(self.tree.root, self.tree.package)
        sys.meta_path.append(self.placeholders)

    def serve(self) -> None:
        while True:
            try:
                request = self.channel.receive()
            except EOFError:
                return
            if request["op"] == "load":
                modules = self.load(request["modules"], request["functions"])
                self.channel.send({"id": request["id"], "modules": modules, "absent": self.placeholders.names})
            elif request["op"] == "begin":
                self.fork(request)

    def load(self, modules: List[str], functions: List[str]) -> Dict[str, Any]:
        """Import each module; remember the functions that will be called, so that no name is looked up later."""
        failures: Dict[str, Any] = {}
        seed_everything(0)
        for name in modules:
            try:
                __import__(self.tree.package + "." + name)
                failures[name] = None
            except BaseException as error:
                failures[name] = self.tree.describe(error)
        for function in functions:
            module, _, attribute = function.rpartition(".")
            loaded = sys.modules.get(self.tree.package + "." + module)
            found = getattr(loaded, "__dict__", {}).get(attribute)
            if callable(found):
                self.functions[function] = found
        return failures

    def fork(self, request: Dict[str, Any]) -> None:
        child = os.fork()
        if child == 0:
            try:
                Child(self.channel, self.functions, self.tree).serve(request)
                sys.stdout.flush()
            except EOFError:
                pass
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        signal = status & 0x7F
        self.channel.send({"op": "ended", "exit": 0 if signal else status >> 8, "signal": signal})


class Child:
    """One check: calls functions, keeps what does not travel, forgets all of it when it exits."""

    def __init__(self, channel: Channel, functions: Dict[str, Callable[..., Any]], tree: WorkTree) -> None:
        self.channel = channel
        self.functions = functions
        self.tree = tree
        self.kept: List[Any] = []

    def serve(self, begin: Dict[str, Any]) -> None:
        set_limits(begin["limits"])
        raise_on_timeout()
        placeholders.Absent.in_use = True
        seed_everything(begin["seed"])
        self.channel.send({"id": begin["id"]})
        while True:
            request = self.channel.receive()
            if request["op"] == "end":
                return
            reply = self.call(request["function"], request["args"], request["kwargs"])
            reply["id"] = request["id"]
            try:
                self.channel.send(reply)
            except protocol.ProtocolError as error:
                self.channel.send({"id": request["id"], "outcome": "refused", "text": str(error)[:MAX_TEXT]})

    def call(self, name: str, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Dict[str, Any]:
        function = self.functions.get(name)
        if function is None:
            return {"outcome": "missing", "text": "absent"}
        sent, args = args, tuple(self.fetch(value) for value in args)
        kwargs = {key: self.fetch(value) for key, value in kwargs.items()}
        before = [snapshot(value) for value in args]
        try:
            value = function(*args, **kwargs)
        except NotImplementedError:
            return {"outcome": "missing", "text": "stub"}
        except OutOfTime as error:
            return {"outcome": "timeout", "frames": self.tree.find_loop(self.tree.describe(error)["frames"])}
        except BaseException as error:
            return self.tree.describe(error)
        dicts, arrays = changes(before, args, sent)
        reply: Dict[str, Any] = {
            "outcome": "value",
            "dicts": self.pack_changed(dicts),
            "arrays": arrays,
        }
        if isinstance(value, tuple):  # a named one too: it unpacks as any
            reply["value"] = tuple(map(self.pack, value))
        elif type(value) is list:
            reply["value"] = list(map(self.pack, value))
        else:
            reply["value"] = self.pack(value)
        if value is None or (isinstance(value, tuple) and any(item is None for item in value)):
            reply["stub"] = self.tree.is_stub(name)
        return reply

    def fetch(self, value: Any) -> Any:
        if isinstance(value, protocol.Handle):
            return self.kept[value.number]
        if isinstance(value, dict):
            return {key: self.fetch(item) for key, item in value.items()}
        return value

    def pack(self, value: Any) -> Any:
        """Arrays, numbers, strings and plain dicts of nothing else travel; all else, most caches, stays here whole."""
        if (
            isinstance(value, (np.ndarray, np.generic)) and value.dtype.char in "gG"
        ):  # long double, which has no one size
            value = value.astype(np.float64 if value.dtype.char == "g" else np.complex128)
        return value if is_plain(value) else self.keep(value)

    def pack_changed(self, value: Any) -> Any:
        """A dict that the caller has a copy of: it travels, and what is not plain in it stays here."""
        if type(value) is dict:
            return {key: self.pack_changed(item) for key, item in value.items() if isinstance(key, str)}
        return self.pack(value)

    def keep(self, value: Any) -> protocol.Handle:
        self.kept.append(value)
        name = type(value).__name__
        if isinstance(value, np.ndarray):
            name = "array of dtype " + str(value.dtype)
        return protocol.Handle(len(self.kept) - 1, str(name)[:100])


class WorkTree:
    """Which file of the submission a line of code is in, and whether a function was ever filled in."""

    def __init__(self, work: str, package: str) -> None:
        self.package = package
        self.root = os.path.join(work, package) + os.sep

    def describe(self, error: BaseException) -> Dict[str, Any]:
        """An exception as data: its name, text and the lines of the submission that it came through."""
        try:
            text = str(error)
        except BaseException:
            text = "(its text could not be read)"
        frames: List[Any] = []
        for frame, line in traceback.walk_tb(error.__traceback__):
            self.add_frame(frames, frame.f_code.co_filename, line, frame.f_code.co_name)
        if isinstance(error, SyntaxError):
            text = str(error.msg)
            self.add_frame(frames, error.filename, error.lineno, "")
        outcome = "memory" if isinstance(error, MemoryError) else "error"
        return {
            "outcome": outcome,
            "type": type(error).__name__[:100],
            "text": text[:MAX_TEXT],
            "frames": frames[-MAX_FRAMES:],
        }

    def add_frame(self, frames: List[Any], path: Any, line: Any, function: str) -> None:
        if isinstance(path, str) and path.startswith(self.root) and isinstance(line, int):
            frames.append((path[len(self.root) :].replace(os.sep, "/"), line, function[:100]))

    def find_loop(self, frames: List[Any]) -> List[Any]:
        """The outermost `while` around the first of these lines. The line itself is another one in every run."""
        import ast

        for path, line, function in frames[:1]:
            with open(self.root + path, "rb") as file:
                loops = [node for node in ast.walk(ast.parse(file.read())) if isinstance(node, ast.While)]
            around = [loop.lineno for loop in loops if loop.lineno <= line <= (loop.end_lineno or loop.lineno)]
            if around:
                return [(path, min(around), function)]
        return []

    def is_stub(self, name: str) -> bool:
        """Whether the function computes nothing: the handout's body was never replaced."""
        import ast

        module, _, attribute = name.rpartition(".")
        try:
            with open(self.root + module.replace(".", os.sep) + ".py", "rb") as file:
                tree = ast.parse(file.read())
        except Exception:
            return False
        found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == attribute]
        computes = (ast.BinOp, ast.AugAssign, ast.For, ast.While, ast.ListComp, ast.Lambda, ast.Compare)
        return bool(found) and not any(
            isinstance(node, computes) or (isinstance(node, ast.Call) and not is_lookup(node))
            for statement in found[-1].body
            for node in ast.walk(statement)
        )


def is_plain(value: Any) -> bool:
    if value is None or isinstance(value, (bool, int, float, str, bytes, np.generic, protocol.Handle)):
        return True
    if isinstance(value, np.ndarray):
        return value.dtype.name in protocol.DTYPES and value.nbytes <= MAX_ARRAY
    return type(value) is dict and all(isinstance(key, str) and is_plain(item) for key, item in value.items())


def is_lookup(call: Any) -> bool:
    """`config.get("key", default)` and the like, which the handouts' stubs already hold."""
    return getattr(call.func, "attr", "") in ("get", "setdefault") or getattr(call.func, "id", "").endswith("Error")


def snapshot(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, dict):
        return {key: snapshot(item) for key, item in value.items()}
    return value


def changes(before: List[Any], args: Tuple[Any, ...], sent: Tuple[Any, ...]) -> Tuple[Dict[str, Any], List[int]]:
    """What the call did to the arguments that were sent: dicts that changed, whole; positions of arrays that did."""
    dicts: Dict[str, Any] = {}
    arrays: List[int] = []
    for position, (old, new) in enumerate(zip(before, args)):
        if isinstance(sent[position], protocol.Handle):
            continue  # the caller has no copy of it
        if isinstance(old, np.ndarray) and not same(old, new):
            arrays.append(position)
        elif isinstance(old, dict) and not same(old, new):
            dicts[str(position)] = new
    return dicts, arrays


def same(old: Any, new: Any) -> bool:
    if isinstance(old, np.ndarray):
        return isinstance(new, np.ndarray) and old.dtype == new.dtype and old.tobytes() == new.tobytes()
    if isinstance(old, dict):
        return isinstance(new, dict) and old.keys() == new.keys() and all(same(old[key], new[key]) for key in old)
    return old is new or (type(old) is type(new) and bool(old == new))


def seed_everything(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
