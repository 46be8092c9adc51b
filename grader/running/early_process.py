"""A process of ours that imports libraries while the command does other work, and calls functions with them later.

    command ──start──────────────────► process: load(), while the command imports and grades
            ──function, arguments────► calls it
            ◄─result, or exception───

The process is trusted, as jobs are, and multiprocessing pickles what they exchange. It ends with the command, however
that ends. Where no process was started, `call` calls the function itself: slower, and the same in everything else.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Final, ParamSpec, TypeVar

from grader.errors import GraderError
from grader.pausing_gc import importing
from grader.running.forking import start_with_pipe

BEHIND: Final = 5  # niceness: nobody waits for these imports yet, while the command and its sandboxes have work
Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")


class EarlyProcess:
    """load: imports what the functions need; it may fail, since each function imports for itself as well."""

    def __init__(self, load: Callable[[], None]) -> None:
        self._load = load
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def start(self) -> None:
        """Start the process, if the machine can."""
        with suppress(OSError):
            self._process, self._pipe = start_with_pipe(partial(serve, self._load))

    def call(self, function: Callable[Arguments, Value], *args: Arguments.args, **options: Arguments.kwargs) -> Value:
        """Call a function of a module. Raises what it raises, and GraderError if the process ended meanwhile."""
        return self.begin(function, *args, **options)()

    def begin(
        self, function: Callable[Arguments, Value], *args: Arguments.args, **options: Arguments.kwargs
    ) -> Callable[[], Value]:
        """Begin a call, and return at once a function that waits for its end as `call` does.

        Calls end in the order in which they began, and must be waited for in this order.
        """
        if self._pipe is None:
            return partial(function, *args, **options)
        with suppress(OSError):  # the process is gone, which `_wait` finds, too
            self._pipe.send((function, args, options))
        return self._wait

    def _wait(self) -> Any:
        try:
            if self._pipe is None:
                raise EOFError
            value, error = self._pipe.recv()
        except (EOFError, OSError) as gone:
            self.end()
            raise GraderError("the process that was to do this was killed. Run the same command again.") from gone
        if error is not None:
            raise error
        return value

    def end(self) -> None:
        """Kill the process, if one is running."""
        process, self._process = self._process, None
        pipe, self._pipe = self._pipe, None
        if process is not None:
            process.kill()
            process.join()
        if pipe is not None:
            pipe.close()


def serve(load: Callable[[], None], pipe: Connection) -> None:
    """The main function of the process: call until the command closes the pipe."""
    with suppress(AttributeError):  # Windows
        os.nice(BEHIND)
    with suppress(ImportError), importing():
        load()
    with suppress(EOFError, OSError):
        while True:
            function, args, options = pipe.recv()
            try:
                pipe.send((function(*args, **options), None))
            except Exception as error:
                error.add_note("".join(traceback.format_exception(error)))  # pickling drops the traceback
                pipe.send((None, error))
