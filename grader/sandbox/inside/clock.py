"""Watches the CPU time of one check in a thread: for systems without limits, and for a process of many checks.

It raises in the main thread what the handler of SIGINT raises (worker.py sets it), as Ctrl-C does on any system. It
does not reach code that runs in C for long; the judge ends that by wall time.
"""

from __future__ import annotations

import _thread
import threading
import time
from typing import Any, Callable, Dict, Tuple

TICK_S = 0.1  # the check may run this much longer; each look costs microseconds


class Clock:
    """The clock of one check. Calls go through `call`, and only inside a call does it raise anything."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.is_calling = False
        self.is_over = threading.Event()
        # Held while `is_calling` is read and used, so that no interrupt comes after the call has returned.
        self.lock = threading.Lock()
        self.started = time.process_time()
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self) -> None:
        while not self.is_over.wait(TICK_S):
            with self.lock:
                # Time of the process, so that threads which the student's code starts count too.
                if self.is_calling and time.process_time() - self.started > self.seconds:
                    _thread.interrupt_main()
                    return

    def call(self, function: Callable[..., Any], args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
        self.is_calling = True
        try:
            return function(*args, **kwargs)
        finally:
            with self.lock:
                self.is_calling = False

    def stop(self) -> None:
        self.is_over.set()
