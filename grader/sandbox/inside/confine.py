"""What a process can give up by itself: system calls, and for `--sandbox uid` files and new rights.

    seccomp    no call but those of a list (syscalls.py), in every sandbox
    Landlock   only what Python and the work tree need can be opened, nothing be written, nothing be executed
    prctl      no right is gained any more; the worker dies when the judge does; orphans come to it, not to init

None of it can be undone from inside, and all that the process starts inherits it. What it does not do: hide which files
and processes exist (their content stays out of reach), or keep the student's code from clearing the wish to die with
its parent.
"""

from __future__ import annotations

import os
import struct
from typing import Any, Dict, List

# Landlock's system calls have the same numbers on every machine.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
WRITE_FILE, READ_FILE, READ_DIR = 2, 4, 8
# By version of Landlock: the rights to files that it knows; all of them are taken, but for those that rules give back.
FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
NET_RIGHTS = 3  # to bind and connect TCP; from version 4
SCOPES = 3  # abstract sockets and signals reach no further than the sandbox; from version 6

PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 22, 36, 38
SIGKILL = 9


def confine(options: Dict[str, Any]) -> None:
    """Give all of it up. Raises OSError where the kernel refuses to take it.

    options: readable: files and folders with all in them; listed: folders of which the names alone can be read;
    devices: files that can be read and written.
    """
    prctl(PR_SET_PDEATHSIG, SIGKILL)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    close_files(options["readable"], options["listed"], options["devices"])


def landlock_version() -> int:
    """Which Landlock the kernel has; 0 for none."""
    try:
        return call_c("landlock", "syscall", CREATE_RULESET, None, 0, 1)
    except OSError:
        return 0


def close_files(readable: List[str], listed: List[str], devices: List[str]) -> None:
    version = landlock_version()
    rights = FILE_RIGHTS.get(min(version, max(FILE_RIGHTS)), 0)
    fields = [rights] + ([NET_RIGHTS] if version >= 4 else []) + ([SCOPES] if version >= 6 else [])
    attributes = struct.pack("=%dQ" % len(fields), *fields)
    rules = call_c("landlock_create_ruleset", "syscall", CREATE_RULESET, attributes, len(attributes), 0)
    given = {READ_FILE | READ_DIR: readable, READ_DIR: listed, READ_FILE | WRITE_FILE: devices}
    for allowed, path in [(allowed, path) for allowed, paths in given.items() for path in paths]:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        rule = struct.pack("=Qi", allowed if os.path.isdir(path) else allowed & ~READ_DIR, place)
        call_c("landlock_add_rule", "syscall", ADD_RULE, rules, 1, rule, 0)
        os.close(place)
    call_c("landlock_restrict_self", "syscall", RESTRICT_SELF, rules, 0)
    os.close(rules)


def close_calls(program: bytes) -> None:
    """Load a filter of system calls: eight bytes an instruction, passed by address in a struct sock_fprog.

    Who has no rights may do so once it can gain none any more.
    """
    import ctypes

    code = ctypes.create_string_buffer(program)
    prctl(PR_SET_SECCOMP, 2, ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(code))))


def prctl(option: int, value: int, more: Any = None) -> None:
    import ctypes

    nothing = ctypes.c_ulong(0)
    more = nothing if more is None else more
    call_c("prctl %d" % option, "prctl", option, ctypes.c_ulong(value), more, nothing, nothing)


def call_c(what: str, function: str, *values: Any) -> int:
    """Call a function of the C library. Raises OSError, with the words for what it was, if it fails."""
    import ctypes

    result = int(getattr(ctypes.CDLL(None, use_errno=True), function)(*values))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, "%s: %s" % (what, os.strerror(number)))
    return result
