"""Pages of notebooks, made beside the grading: one process renders, a thread feeds it, and neither holds up a mark.

    submission ─► want ─► queue ─► thread ══ pipe ══► process: mistune, nh3        OUT/notebooks/<id>/<notebook>.html
                                      ▲               (bytes in, HTML out)
                                      └─ a deadline; whoever misses it is ended, and a page says so

What is rendered is a student's, the process is ours and runs none of it; it is apart for its time and memory alone.
A page names what it was made from, so it is made once for each content. Started where a look at the submissions finds a
notebook, else by the first one that is read: the imports take as long as grading a small submission, so they go on
beside that, and a run without notebooks does without them.
"""

from __future__ import annotations

import importlib.util
import json
import multiprocessing
import os
import queue
import signal
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

from grader.atomic_files import write_text
from grader.errors import GraderError
from grader.intake.notebooks.cells import NOT_INSTALLED
from grader.pausing_gc import importing
from grader.records import Reason, Submission
from grader.report.notebooks.marked_answers import NOTEBOOKS, page_names
from grader.running.forking import can_fork, ctrl_c_waits
from grader.running.output_folder import has_stamp, stamp_of

NEEDED: Final = ("nbformat", "mistune", "nh3")
LOOKED_AT: Final = 50  # folders of each path, to see whether there are notebooks
STARTING_S: Final = 60.0  # it takes a fifth of one on an idle machine
NOTEBOOK_S: Final = 20.0  # the largest that is handed out takes 0.2
SUBMISSION_S: Final = 60.0  # of all of one student: others wait behind them
MEMORY_BYTES: Final = 2 << 30
WAITING: Final = 64  # notebooks that were read and not rendered yet; memory holds them

TRIAL: Final = b"""{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
{"cell_type": "markdown", "source": "text"}, {"cell_type": "code", "source": "1", "outputs": []}]}"""

Wish = tuple[Path, str, str, bytes, str]  # where, submission, notebook, content, stamp


def have_notebooks(paths: Iterable[Path]) -> bool:
    """Whether a quick look finds one. In archives it finds none, and of a large class it looks at the first."""
    folders = (found for path in paths for found in islice(os.walk(path), LOOKED_AT))
    return any(name.endswith(".ipynb") for _, _, files in folders for name in files)


class Renderer:
    """Renders what it is asked to, until the block of its `with` ends. faults: what went wrong on our side."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._wishes: queue.Queue[Wish | None] = queue.Queue(WAITING)
        self._thread: threading.Thread | None = None
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._is_ready = False
        self._spent_s: dict[str, float] = {}
        self.faults: list[str] = []
        self._stopped = False

    def start(self) -> None:
        """Start the process before there is anything to render. Where a library is missing, `want` says so."""
        if all(importlib.util.find_spec(name) is not None for name in NEEDED):
            with suppress(OSError):  # the first notebook tries again
                self._start()

    def want(self, submission: Submission) -> None:
        """See that its notebooks have their pages, soon. Raises GraderError if a library is missing."""
        if not submission.notebooks:
            return
        for name in NEEDED:
            if importlib.util.find_spec(name) is None:
                raise GraderError(NOT_INSTALLED.format(name))
        for name, page in page_names(list(submission.notebooks)).items():
            content = submission.notebooks[name]
            path = self._out / NOTEBOOKS / submission.id / page
            stamp = stamp_of(content, name, submission.id)
            if not has_stamp(path, stamp):
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, daemon=True)
                    self._thread.start()
                self._wishes.put((path, submission.id, name, content, stamp))

    def __enter__(self) -> Renderer:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Render what is left. Where the run was stopped, end at once: the next one makes what is missing."""
        if kind is not None:
            self._stopped = True
            if (process := self._process) is not None:
                process.kill()
            with suppress(queue.Empty):
                while True:
                    self._wishes.get_nowait()
            self._wishes.put(None)
        elif self._thread is not None:
            self._wishes.put(None)
            self._thread.join()
        else:
            self.end()

    def _work(self) -> None:
        try:
            while (wish := self._wishes.get()) is not None:
                if not self._stopped:
                    self._fulfil(*wish)
        finally:
            self.end()

    def _fulfil(self, path: Path, submission: str, name: str, content: bytes, stamp: str) -> None:
        left_s = min(NOTEBOOK_S, SUBMISSION_S - self._spent_s.get(submission, 0.0))
        try:
            if left_s > 0:
                self._make_ready()
            began = time.monotonic()
            page = self._ask(submission, name, content, left_s) if left_s > 0 else None
            self._spent_s[submission] = self._spent_s.get(submission, 0.0) + time.monotonic() - began
            if page is None:
                from grader.report.notebooks.notebook_page import framed

                page = framed("", Reason.of("takes_too_long"), name=name, submission=submission)
            if not self._stopped:
                write_text(path, page + stamp, durable=False)
        except GraderError as error:
            self.faults.append(f"{submission}: {error}")
        except Exception as error:
            self.faults.append(f"{submission}: the page of {name} could not be made ({type(error).__name__}: {error})")

    def _start(self) -> None:
        ours, theirs = multiprocessing.Pipe()
        # Forked before anything large is imported, where that is possible, and without another start of Python.
        start, inherited = ("fork", (ours,)) if can_fork() else ("spawn", ())
        context: Any = multiprocessing.get_context(start)
        process = context.Process(target=serve, args=(theirs, *inherited), daemon=True)
        with ctrl_c_waits():
            process.start()
        theirs.close()
        self._process, self._pipe, self._is_ready = process, ours, False

    def _make_ready(self) -> None:
        """Have a process that has imported all it needs. Raises GraderError if there is none to be had."""
        if self._pipe is None:
            self._start()
        if self._is_ready or self._pipe is None:
            return
        with suppress(EOFError, OSError):
            if self._pipe.poll(STARTING_S) and self._pipe.recv_bytes() == b"ready":
                self._is_ready = True
                return
        if not self._stopped:
            self.end()
            raise GraderError("the process that renders notebooks does not start. Grade again.")

    def _ask(self, submission: str, name: str, content: bytes, seconds: float) -> str | None:
        """The page, or None if the process did not give it in time."""
        if self._pipe is None or self._stopped:
            return None
        try:
            self._pipe.send_bytes(json.dumps([submission, name]).encode())
            self._pipe.send_bytes(content)
            if self._pipe.poll(seconds):
                return self._pipe.recv_bytes().decode("utf-8", "replace")
        except (EOFError, OSError):
            pass
        self.end()
        return None

    def end(self) -> None:
        """End the process if there is one. Also for whoever started it and may not have come to use it."""
        process, self._process = self._process, None
        pipe, self._pipe = self._pipe, None
        if process is not None:
            process.kill()
            process.join()
        if pipe is not None:
            pipe.close()


def serve(pipe: Connection, inherited: Connection | None = None) -> None:
    """What the process does: pages for notebooks, until nobody asks any more.

    inherited: the other end of the pipe, which a forked process has too. It never sees the end before it closes that.
    """
    if inherited is not None:
        inherited.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and callable(signal.getsignal(number)):  # the parent's handler
            signal.signal(number, signal.SIG_DFL)
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    with importing():
        from grader.report.notebooks.notebook_page import framed, notebook_page

        notebook_page(TRIAL, name="", submission="")  # libraries, templates and patterns are loaded by their first use
    pipe.send_bytes(b"ready")
    with suppress(EOFError, OSError):
        while True:
            submission, name = json.loads(pipe.recv_bytes())
            content = pipe.recv_bytes()
            try:
                page = notebook_page(content, name=name, submission=submission)
            except Exception as error:  # of a library, over what a student wrote
                problem = Reason.of("renderer_failed", error=type(error).__name__)
                page = framed("", problem, name=name, submission=submission)
            pipe.send_bytes(page.encode("utf-8", "replace"))
