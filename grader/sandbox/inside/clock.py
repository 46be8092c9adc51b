"""A thread that limits a check's CPU time where the kernel cannot, or where one process runs many checks.

The clock interrupts the main thread as Ctrl-C does, which works on any system; the handler set by child.py then raises
CheckTimeout. The clock cannot interrupt code that runs in C for long; the judge's limit of wall time ends such code.
"""

from __future__ import annotations

import _thread
import threading
import time
from typing import Any, Callable, Dict, Tuple

TICK_S = 0.1  # the clock looks this often, so a check may run this much too long; a look takes microseconds


class Clock:
    """The clock of one check, which interrupts only code that runs inside `call`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.is_calling = False
        self.is_over = threading.Event()
        # watch() reads `is_calling` and interrupts under this lock, so no interrupt comes after the call returned.
        self.lock = threading.Lock()
        self.started = time.process_time()
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self) -> None:
        while not self.is_over.wait(TICK_S):
            with self.lock:
                # CPU time of the whole process, because threads of the student's code count too.
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
