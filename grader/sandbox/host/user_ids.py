"""Picks user ids for workers that root starts, and makes the user namespace in which they run.

Each worker has its own id, so that a limit on processes counts only the worker's processes, and so that the judge can
kill all processes of this id. The ids are far above those of real accounts.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from grader.errors import SandboxError
from grader.messages.say import fault
from grader.records import Reason
from grader.sandbox.host.proc import processes_of

# Kernel uids for workers when root starts them: far above any real account's.
FIRST_UID: Final = 1_879_048_192  # the first id above systemd's range for containers (systemd.io/UIDS-GIDS)
UIDS: Final = 60_000
# From systemd's range for DynamicUser=, 61184 to 65519. Used if a container maps only the first 65536 ids.
LENT_UIDS: Final = (61_184, 4_336)
MAX_KILLING_S: Final = 10  # longest wait for killed processes to end; a process that waits for a disk takes longest
MAX_ANSWERING_S: Final = 60  # longest wait for a trusted command, such as another Python on a slow network drive


def pick_uid() -> int:
    """Pick an unused user id without processes, for a worker outside a user namespace.

    The id is above the range of user_namespace(), or from LENT_UIDS if the container maps no such high ids.
    """
    maps = [line.split() for line in Path("/proc/self/uid_map").read_text().splitlines()]
    first, count = FIRST_UID + UIDS + 1, UIDS
    if not any(int(start) <= first and first + count <= int(start) + int(length) for start, _, length in maps):
        first, count = LENT_UIDS
    while True:
        uid = first + secrets.randbelow(count)
        # Two workers with one id could read each other's work tree, and the end of one would kill the other.
        if not processes_of(uid):
            return uid


def end_processes_of(uid: int) -> None:
    """Kill all processes of a uid that only one sandbox has. Raises SandboxError if a process remains.

    RLIMIT_NPROC limits how many processes of that uid can fork meanwhile.
    """
    until = time.monotonic() + MAX_KILLING_S
    while alive := processes_of(uid):
        for pid in alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > until:
            raise fault(Reason.of("cannot_be_ended", processes=alive[:5], uid=uid), SandboxError)
        time.sleep(0.001)


def output_of(command: Sequence[str], *, uid: int | None = None) -> str:
    """Run a trusted command, under a uid if given, and return its output.

    Raises SandboxError if it fails, OSError if it does not exist.
    """
    other: dict[str, Any] = {} if uid is None else {"user": uid, "group": uid, "extra_groups": [], "cwd": "/"}
    try:
        done: subprocess.CompletedProcess[str] = subprocess.run(
            command, capture_output=True, text=True, timeout=MAX_ANSWERING_S, check=False, **other
        )
    except subprocess.TimeoutExpired:
        raise SandboxError(f"{command[0]}: no answer after {MAX_ANSWERING_S} s") from None
    if done.returncode != 0:
        raise SandboxError(f"{command[0]}: exit code {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout


# A helper process runs this, because unshare(2) moves its caller into the namespace, and the judge must stay outside.
UNSHARE: Final = """
import ctypes, os, sys
if ctypes.CDLL(None, use_errno=True).unshare(0x10000000) != 0:  # CLONE_NEWUSER
    sys.exit(os.strerror(ctypes.get_errno()))
print("unshared", flush=True)
sys.stdin.readline()
open("/proc/sys/user/max_user_namespaces", "w").write("0")
print("closed", flush=True)
sys.stdin.readline()
"""


@cache
def user_namespace() -> int:
    """Make a user namespace for workers that root starts.

    Return its file descriptor, which lives as long as this process. Root is also root inside, so bwrap can mount files
    that only root can reach. A worker changes to an id of its own, from FIRST_UID on, so limits on processes apply to
    it. Inside, nobody can make another user namespace. Raises SandboxError if the kernel refuses.
    """
    with subprocess.Popen(
        [sys.executable, "-S", "-c", UNSHARE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as helper:
        assert helper.stdin and helper.stdout and helper.stderr
        try:
            if helper.stdout.readline() != b"unshared\n":
                raise SandboxError(f"sandbox: no user namespace ({helper.stderr.read().decode().strip()[-200:]}).")
            # Root writes the maps from outside: only a process with CAP_SETUID in the parent namespace may map a range.
            for kind in ("uid", "gid"):
                Path(f"/proc/{helper.pid}/{kind}_map").write_text(f"0 0 1\n1 {FIRST_UID} {UIDS}\n")
            helper.stdin.write(b"\n")
            helper.stdin.flush()
            if helper.stdout.readline() != b"closed\n":
                raise SandboxError(f"sandbox: user namespace stays open ({helper.stderr.read().decode()[-200:]}).")
            # An open descriptor keeps the namespace alive after its only process has ended (namespaces(7)).
            return os.open(f"/proc/{helper.pid}/ns/user", os.O_RDONLY)
        except OSError as error:
            raise SandboxError(f"sandbox: no user namespace ({error}).") from error
        finally:
            helper.kill()
