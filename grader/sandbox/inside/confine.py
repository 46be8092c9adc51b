"""Takes rights from the process that calls it: system calls, and for `--sandbox uid` also files and gaining rights.

    seccomp    only the calls of a list (syscalls.py) are allowed, in every sandbox
    Landlock   only what Python and the work tree need can be opened; nothing can be written or executed
    prctl      nobody gains a right any more; the worker dies when the judge does; orphans become its children

No code in the sandbox can undo these restrictions, and every child process inherits them. Two things remain possible:
student code can list which files and processes exist (not their content), and it can live on after its parent ended.
Source: Linux's man pages landlock(7), seccomp(2), prctl(2).
"""

from __future__ import annotations

import os
import struct
from typing import Any, Dict, List

# Landlock's system calls have the same numbers on every machine.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
WRITE_FILE, READ_FILE, READ_DIR = 2, 4, 8  # LANDLOCK_ACCESS_FS_…
# The file rights that each version of Landlock controls. A ruleset removes all of these rights except those that its
# rules grant. If the kernel's version is newer than this table, the newest entry applies.
FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
NET_RIGHTS = 3  # the rights to bind and connect TCP sockets; Landlock version 4 and later
SCOPES = 3  # forbids abstract sockets and signals to outside the sandbox; Landlock version 6 and later

PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 22, 36, 38
SIGKILL = 9


def confine(options: Dict[str, Any]) -> None:
    """Apply all restrictions of this module to this process. Raises OSError where the kernel refuses.

    options: readable: files, and folders with everything in them; listed: folders whose names can be read, but no
    file; devices: files that can be read and written.
    """
    prctl(PR_SET_PDEATHSIG, SIGKILL)
    prctl(PR_SET_CHILD_SUBREAPER, 1)  # orphans become the worker's children, where the judge finds them
    prctl(PR_SET_NO_NEW_PRIVS, 1)  # Landlock and seccomp require it of a process without root's rights
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
    # Newer versions added fields to the struct, and an older kernel refuses fields that it does not know (E2BIG).
    fields = [rights] + ([NET_RIGHTS] if version >= 4 else []) + ([SCOPES] if version >= 6 else [])
    attributes = struct.pack("=%dQ" % len(fields), *fields)
    rules = call_c("landlock_create_ruleset", "syscall", CREATE_RULESET, attributes, len(attributes), 0)
    given = {READ_FILE | READ_DIR: readable, READ_DIR: listed, READ_FILE | WRITE_FILE: devices}
    for allowed, path in [(allowed, path) for allowed, paths in given.items() for path in paths]:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        # The kernel refuses READ_DIR for a file with EINVAL.
        rule = struct.pack("=Qi", allowed if os.path.isdir(path) else allowed & ~READ_DIR, place)
        call_c("landlock_add_rule", "syscall", ADD_RULE, rules, 1, rule, 0)
        os.close(place)
    call_c("landlock_restrict_self", "syscall", RESTRICT_SELF, rules, 0)
    os.close(rules)


def close_calls(program: bytes) -> None:
    """Load a seccomp filter. code: the filter's instructions, eight bytes each.

    A process without root's rights may load one once PR_SET_NO_NEW_PRIVS is set (seccomp(2)).
    """
    import ctypes

    code = ctypes.create_string_buffer(program)
    # 2: SECCOMP_MODE_FILTER. `code` must stay alive until the kernel has copied it.
    prctl(PR_SET_SECCOMP, 2, ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(code))))


def prctl(option: int, value: int, more: Any = None) -> None:
    import ctypes

    # Pass unsigned long: ctypes would pass a 32-bit int, and prctl would read an undefined upper half.
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
