"""Renders notebooks as pages in one extra process, in parallel to grading. A thread sends it notebooks. No mark waits.

    submission ─► request ─► queue ─► thread ══ pipe ══► process: mistune, nh3        OUT/notebooks/<id>/<notebook>.html
                                      ▲               (bytes in, HTML out)
                                      └─ a deadline; the thread kills a process that misses it, and the page says so

The process is ours and trusted. It renders a student's notebook but never runs the notebook's code. Rendering has a
separate process only to limit its time and memory. A page contains a hash of its source, so each notebook is rendered
once. Starting the process takes as long as grading a small submission, because of its imports. So the process starts
before grading if a quick search of the submissions finds a notebook, and otherwise with the first notebook. A run
without notebooks never starts the process.
"""

from __future__ import annotations

import importlib.util
import json
import os
import queue
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from grader.atomic_files import write_text
from grader.errors import GraderError
from grader.intake.notebooks.cells import NOT_INSTALLED
from grader.pausing_gc import importing
from grader.records import Reason, Submission
from grader.report.notebooks.marked_answers import NOTEBOOKS, page_names
from grader.running.forking import start_with_pipe
from grader.running.output_folder import has_stamp, stamp_of

NEEDED: Final = ("nbformat", "mistune", "nh3")
LOOKED_AT: Final = 50  # for each path, the number of folders that have_notebooks searches
STARTING_S: Final = 60.0  # starting the process takes 0.2 s on an idle machine
NOTEBOOK_S: Final = 20.0  # rendering the largest handed-out notebook takes 0.2 s
SUBMISSION_S: Final = 60.0  # limit for all notebooks of one student, because other students' notebooks wait
MEMORY_BYTES: Final = 2 << 30
WAITING: Final = 64  # the queue holds at most this many notebooks, because they are in memory

TRIAL: Final = b"""{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
{"cell_type": "markdown", "source": "text"}, {"cell_type": "code", "source": "1", "outputs": []}]}"""

Request = tuple[Path, str, str, bytes, str]  # path of the page, submission, notebook, content, stamp


def have_notebooks(paths: Iterable[Path]) -> bool:
    """Return whether a quick search finds a notebook. The search opens no archives, and skips much of a large class."""
    folders = (found for path in paths for found in islice(os.walk(path), LOOKED_AT))
    return any(name.endswith(".ipynb") for _, _, files in folders for name in files)


class Renderer:
    """Renders the requested notebooks until its `with` block ends. faults: messages on faults of the grader."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._requests: queue.Queue[Request | None] = queue.Queue(WAITING)
        self._thread: threading.Thread | None = None
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._is_ready = False
        self._spent_s: dict[str, float] = {}
        self.faults: list[str] = []
        self._stopped = False

    def start(self) -> None:
        """Start the process before the first request. If a library is missing, do nothing; `request` will raise."""
        if all(importlib.util.find_spec(name) is not None for name in NEEDED):
            with suppress(OSError):  # the first notebook tries to start the process again
                self._start()

    def request(self, submission: Submission) -> None:
        """Put the notebooks without a current page into the queue. Raises GraderError if a library is missing."""
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
                self._requests.put((path, submission.id, name, content, stamp))

    def __enter__(self) -> Renderer:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Render all remaining requests. After an exception, render none: the next run renders the missing pages."""
        if kind is not None:
            self._stopped = True
            if (process := self._process) is not None:
                process.kill()
            with suppress(queue.Empty):
                while True:
                    self._requests.get_nowait()
            self._requests.put(None)
        elif self._thread is not None:
            self._requests.put(None)
            self._thread.join()
        else:
            self.end()

    def _work(self) -> None:
        try:
            while (request := self._requests.get()) is not None:
                if not self._stopped:
                    self._render(*request)
        finally:
            self.end()

    def _render(self, path: Path, submission: str, name: str, content: bytes, stamp: str) -> None:
        left_s = min(NOTEBOOK_S, SUBMISSION_S - self._spent_s.get(submission, 0.0))
        try:
            if left_s > 0:
                self._make_ready()
            began = time.monotonic()
            page = self._receive_page(submission, name, content, left_s) if left_s > 0 else None
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
        self._process, self._pipe = start_with_pipe(serve)
        self._is_ready = False

    def _make_ready(self) -> None:
        """Wait until the process runs and has imported its libraries. Raises GraderError if it does not start."""
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

    def _receive_page(self, submission: str, name: str, content: bytes, seconds: float) -> str | None:
        """Send a notebook and return its page; None if the process did not return one in time."""
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
        """Kill the process if it runs. Call this after `start` if the `with` block, which also calls it, never ran."""
        process, self._process = self._process, None
        pipe, self._pipe = self._pipe, None
        if process is not None:
            process.kill()
            process.join()
        if pipe is not None:
            pipe.close()


def serve(pipe: Connection) -> None:
    """The main function of the process: render notebooks until the parent closes the pipe."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    with importing():
        from grader.report.notebooks.notebook_page import framed, notebook_page

        notebook_page(TRIAL, name="", submission="")  # the first page loads libraries and templates
    pipe.send_bytes(b"ready")
    with suppress(EOFError, OSError):
        while True:
            submission, name = json.loads(pipe.recv_bytes())
            content = pipe.recv_bytes()
            try:
                page = notebook_page(content, name=name, submission=submission)
            except Exception as error:  # a library cannot render what the student wrote
                problem = Reason.of("renderer_failed", error=type(error).__name__)
                page = framed("", problem, name=name, submission=submission)
            pipe.send_bytes(page.encode("utf-8", "replace"))
