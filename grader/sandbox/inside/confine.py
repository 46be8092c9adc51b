"""What a process can give up by itself: system calls, and for `--sandbox uid` also files and new rights.

    seccomp    only the calls of a list (syscalls.py) are allowed, in every sandbox
    Landlock   only what Python and the work tree need can be opened; nothing can be written or executed
    prctl      nobody gains a right any more; the worker dies when the judge does; orphans become its children

Nobody inside can undo any of it, and every process that this one starts inherits it. Two things stay possible: to see
which files and processes exist (but not their content), and for student code to switch off dying with its parent.
Source: Linux's man pages landlock(7), seccomp(2), prctl(2).
"""

from __future__ import annotations

import os
import struct
from typing import Any, Dict, List

# Landlock's system calls have the same numbers on every machine.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
WRITE_FILE, READ_FILE, READ_DIR = 2, 4, 8  # LANDLOCK_ACCESS_FS_…
# By version of Landlock: the rights to files that it knows. A ruleset takes all of them away except those that its
# rules give back, so a version that is unknown here counts as the newest known one.
FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
NET_RIGHTS = 3  # to bind and to connect TCP; from version 4 on
SCOPES = 3  # abstract sockets and signals do not reach outside of the sandbox; from version 6 on

PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 22, 36, 38
SIGKILL = 9


def confine(options: Dict[str, Any]) -> None:
    """Give all of it up. Raises OSError where the kernel refuses.

    options: readable: files, and folders with everything in them; listed: folders whose names can be read, but no
    file; devices: files that can be read and written.
    """
    prctl(PR_SET_PDEATHSIG, SIGKILL)
    prctl(PR_SET_CHILD_SUBREAPER, 1)  # so that the judge finds orphans below the worker, and not below the host's init
    prctl(PR_SET_NO_NEW_PRIVS, 1)  # before Landlock and seccomp: a process without rights needs it for both
    close_files(options["readable"], options["listed"], options["devices"])


def landlock_version() -> int:
    """Return the kernel's version of Landlock; 0 if it has none."""
    try:
        return call_c("landlock", "syscall", CREATE_RULESET, None, 0, 1)  # LANDLOCK_CREATE_RULESET_VERSION
    except OSError:
        return 0


def close_files(readable: List[str], listed: List[str], devices: List[str]) -> None:
    version = landlock_version()
    rights = FILE_RIGHTS.get(min(version, max(FILE_RIGHTS)), 0)
    # The struct grew with the versions, and a kernel refuses fields that it does not know (E2BIG).
    fields = [rights] + ([NET_RIGHTS] if version >= 4 else []) + ([SCOPES] if version >= 6 else [])
    attributes = struct.pack("=%dQ" % len(fields), *fields)
    rules = call_c("landlock_create_ruleset", "syscall", CREATE_RULESET, attributes, len(attributes), 0)
    given = {READ_FILE | READ_DIR: readable, READ_DIR: listed, READ_FILE | WRITE_FILE: devices}
    for allowed, path in [(allowed, path) for allowed, paths in given.items() for path in paths]:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        # READ_DIR on a file is refused with EINVAL.
        rule = struct.pack("=Qi", allowed if os.path.isdir(path) else allowed & ~READ_DIR, place)
        call_c("landlock_add_rule", "syscall", ADD_RULE, rules, 1, rule, 0)
        os.close(place)
    call_c("landlock_restrict_self", "syscall", RESTRICT_SELF, rules, 0)
    os.close(rules)


def close_calls(program: bytes) -> None:
    """Load a filter of system calls: eight bytes for each instruction, passed by address in a struct sock_fprog.

    A process without rights may do that once PR_SET_NO_NEW_PRIVS is set (seccomp(2)).
    """
    import ctypes

    code = ctypes.create_string_buffer(program)
    # 2: SECCOMP_MODE_FILTER. `code` must stay alive until the kernel has copied it.
    prctl(PR_SET_SECCOMP, 2, ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(code))))


def prctl(option: int, value: int, more: Any = None) -> None:
    import ctypes

    # As unsigned long: ctypes would pass an int, whose upper half is undefined for prctl's variable arguments.
    nothing = ctypes.c_ulong(0)
    more = nothing if more is None else more
    call_c("prctl %d" % option, "prctl", option, ctypes.c_ulong(value), more, nothing, nothing)


def call_c(what: str, function: str, *values: Any) -> int:
    """Call a function of the C library. Raises OSError, whose text begins with `what`, if the call fails."""
    import ctypes

    result = int(getattr(ctypes.CDLL(None, use_errno=True), function)(*values))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, "%s: %s" % (what, os.strerror(number)))
    return result
