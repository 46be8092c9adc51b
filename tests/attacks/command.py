"""Runs the real command, `grader grade`, as root or as an ordinary user, on its own terminal.

An ordinary user cannot enter folders of root (a checkout or a Python below /root). For this command only, readable
folders are mounted over them; they hold the needed files at the same paths.
"""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from grader.sandbox.host.isolation import find_bwrap

ROOT = Path(__file__).resolve().parents[2]
ORDINARY_UID = 54_321  # a uid without an account
TIMEOUT_S = 900


def grade(
    submissions: Path,
    out: Path,
    *,
    jobs: int,
    as_user: bool,
    environment: Mapping[str, str],
    timeout_s: float = TIMEOUT_S,
) -> tuple[int, str]:
    """Run the command; return its exit code and its whole output on the terminal."""
    command = [sys.executable, "-m", "grader.cli.main", "grade", str(submissions), "--out", str(out)]
    command += ["--handout", "auto", "--jobs", str(jobs)]
    if as_user:
        command = [*user_prefix(), *command]
    terminal, inside = pty.openpty()
    shown = bytearray()
    reader = threading.Thread(target=read_all, args=(terminal, shown), daemon=True)
    reader.start()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=inside,
        stderr=inside,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TERM": "xterm-256color", "COLUMNS": "120", **environment},
        start_new_session=True,
    )
    os.close(inside)
    try:
        code = process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
        shown += f"\n[not done after {timeout_s:g} s]".encode()
    reader.join(5)
    return code, shown.decode("utf-8", "replace")


def read_all(terminal: int, shown: bytearray) -> None:
    while True:
        try:
            data = os.read(terminal, 1 << 16)
        except OSError:  # all processes have closed the other end
            os.close(terminal)
            return
        shown += data


def user_prefix() -> list[str]:
    """The words to put before a command so that an ordinary user runs it. Only root can use them."""
    needed = sorted({ROOT, Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).parent})
    covered = sorted({closed for path in needed if (closed := closed_above(path))})
    inside = [path for path in needed if any(path.is_relative_to(closed) for closed in covered)]
    bwrap = find_bwrap()
    if bwrap is None:
        raise FileNotFoundError("bwrap: not found. Install it: apt-get install bubblewrap.")
    mounts = ["--dev-bind", "/", "/"]
    for closed in covered:
        mounts += ["--perms", "0755", "--tmpfs", str(closed)]
    for path in inside:
        for above in reversed([folder for folder in path.parents if folder.is_relative_to(closed_above(path) or "/")]):
            mounts += ["--perms", "0755", "--dir", str(above)]
        mounts += ["--ro-bind", str(path), str(path)]
    uid = str(ORDINARY_UID)
    drop = [
        "setpriv",
        "--reuid",
        uid,
        "--regid",
        uid,
        "--clear-groups",
        "--inh-caps=-all",
        "--ambient-caps=-all",
        "--bounding-set=-all",
    ]
    return [bwrap, *mounts, "--cap-add", "ALL", "--", *drop] if covered else drop


def closed_above(path: Path) -> Path | None:
    """The topmost folder on the way to `path` that others may not enter."""
    on_the_way: Sequence[Path] = [*reversed(path.parents), path]
    return next((folder for folder in on_the_way if not folder.stat().st_mode & 0o001), None)
