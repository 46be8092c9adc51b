"""User ids for workers that root starts, and the user namespace that they live in.

Each worker has an id of its own, so that limits on processes count its processes alone, and so that all that runs under
the id can be ended. Ids lie far above those of real accounts.
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
FIRST_UID: Final = 1_879_048_192
UIDS: Final = 60_000
LENT_UIDS: Final = (61_184, 4_336)
MAX_KILLING_S: Final = 10
MAX_ANSWERING_S: Final = 60


def pick_uid() -> int:
    """A user id that nobody has and under which nothing runs, for one worker that is not in a user namespace.

    Above those of user_namespace(); where a container maps no ids as high, of those that systemd lends to services.
    """
    maps = [line.split() for line in Path("/proc/self/uid_map").read_text().splitlines()]
    first, count = FIRST_UID + UIDS + 1, UIDS
    if not any(int(start) <= first and first + count <= int(start) + int(length) for start, _, length in maps):
        first, count = LENT_UIDS
    while True:
        uid = first + secrets.randbelow(count)
        if not processes_of(uid):
            return uid


def end_processes_of(uid: int) -> None:
    """Kill whatever runs under a uid that is one sandbox's own, until nothing does. Raises SandboxError if that fails.

    What forks on meanwhile is few: RLIMIT_NPROC binds that uid.
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
    """Run a trusted command, under a uid perhaps, and return what it printed.

    Raises SandboxError if it fails, OSError if it is absent.
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
    """A user namespace for workers that root starts, as a file descriptor that lives as long as this process.

    In it root is still root, so that bwrap can mount what only root may reach, and the range from FIRST_UID is there to
    drop to: a worker has a kernel uid of its own, so limits on processes bind it. No further user namespace can be made
    inside. Raises SandboxError where the kernel refuses.
    """
    with subprocess.Popen(
        [sys.executable, "-S", "-c", UNSHARE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as helper:
        assert helper.stdin and helper.stdout and helper.stderr
        try:
            if helper.stdout.readline() != b"unshared\n":
                raise SandboxError(f"sandbox: no user namespace ({helper.stderr.read().decode().strip()[-200:]}).")
            for kind in ("uid", "gid"):
                Path(f"/proc/{helper.pid}/{kind}_map").write_text(f"0 0 1\n1 {FIRST_UID} {UIDS}\n")
            helper.stdin.write(b"\n")
            helper.stdin.flush()
            if helper.stdout.readline() != b"closed\n":
                raise SandboxError(f"sandbox: user namespace stays open ({helper.stderr.read().decode()[-200:]}).")
            return os.open(f"/proc/{helper.pid}/ns/user", os.O_RDONLY)
        except OSError as error:
            raise SandboxError(f"sandbox: no user namespace ({error}).") from error
        finally:
            helper.kill()
