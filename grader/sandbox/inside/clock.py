"""The CPU time of one check, watched by a thread: for systems without limits, and for a process that outlives a check.

Raises in the main thread what the handler of SIGINT raises (worker.py sets it), as Ctrl-C would, on any system. Code
that is in C for long is not reached; the judge ends that by wall time.
"""

from __future__ import annotations

import _thread
import threading
import time
from typing import Any, Callable, Dict, Tuple

TICK_S = 0.1


class Clock:
    """One check's. Calls go through `call`; only within one is anything raised."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.is_calling = False
        self.is_over = threading.Event()
        self.lock = threading.Lock()
        self.started = time.process_time()
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self) -> None:
        while not self.is_over.wait(TICK_S):
            with self.lock:
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
