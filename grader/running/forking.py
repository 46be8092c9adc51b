"""Whether a process may be forked here, which takes no imports, or has to be spawned."""

from __future__ import annotations

import sys
import threading


def can_fork() -> bool:
    """Whether processes may be forked, with all that was imported and loaded here.

    Not where there is a thread, such as a progress bar's: what it has locked would stay locked in them. Those of BLAS
    are none of Python's, and it sees to them itself.
    """
    return sys.platform == "linux" and threading.active_count() == 1
