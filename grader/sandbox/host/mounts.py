"""The worker's world as a bwrap command: what it sees, and that none of it can be written. Pure.

    the interpreter       its executable and standard library, at the host's paths; the folders of third-party packages
                          in it are covered by empty ones, and so is what no layer needs
    /usr/lib/…            the C libraries that these and NumPy need, one by one
    /site/numpy           NumPy alone, not the site-packages it lies in
    /worker               worker.py and the modules that it needs
    /work                 the submission's work tree
    /dev/null, urandom…   no terminal, no shared memory

No /proc, no /tmp, no home, no shell. All is read-only; the network is a namespace without an interface.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, Final

from grader.sandbox.host.interpreter import SYSTEM_FILES, SYSTEM_LIBRARIES, Interpreter
from grader.sandbox.host.libraries import libraries_of

INSIDE: Final = Path(__file__).resolve().parents[1] / "inside"
DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
WORK: Final = "/work"
WORKER: Final = "/worker"
SITE: Final = "/site"
# worker.py is the program; the others are what it imports.
WORKER_FILES: Final = ("worker.py", *sorted({path.name for path in INSIDE.glob("*.py")} - {"__init__.py", "worker.py"}))

# BLAS and OpenMP pools neither survive a fork nor fit the process limit, and would take the cores of the other jobs.
POOLS: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
ONE_THREAD: Final = dict.fromkeys((*POOLS, "VECLIB_MAXIMUM_THREADS"), "1")
ENVIRONMENT: Final = {
    "LANG": "C.UTF-8",
    "PATH": "/nowhere",
    "PYTHONHASHSEED": "0",
    "PYTHONPATH": SITE,
    "MALLOC_ARENA_MAX": "1",  # else each thread reserves 64 MiB, up to 8 times a core, of the memory that is allowed
    **ONE_THREAD,
}


@dataclass(frozen=True)
class Guest:
    """What a sandbox is made for. files: path inside and outside, of what it shows beside Python and NumPy.

    program: whose libraries it shows besides. changes_uid: started by root, it is to give that up by itself.
    """

    files: tuple[tuple[str, Path], ...]
    program: Path | None = None
    changes_uid: bool = False


WORKER_GUEST: Final = Guest(tuple((f"{WORKER}/{name}", INSIDE / name) for name in WORKER_FILES), changes_uid=True)


@dataclass(frozen=True)
class Enclosure:
    """A sandbox of bwrap's around one work tree. userns_fd: where root starts it, a user namespace to enter.

    options: what the worker is told. given: files that are the same in nearly all work trees (isolation.py).
    """

    bwrap: str
    interpreter: Interpreter
    work: Path
    userns_fd: int | None
    options: Mapping[str, Any]
    given: tuple[tuple[str, str], ...] = ()

    def command(self, guest: Guest, *words: str) -> tuple[str, ...]:
        """What starts the sandbox, with these words as the first command inside."""
        namespaces = namespace_options(self.userns_fd, guest.changes_uid)
        work = ("--ro-bind", str(self.work), WORK, "--chdir", WORK)
        return (self.bwrap, *namespaces, *mount_options(self.interpreter, guest), *work, "--", *words)


def namespace_options(userns_fd: int | None, changes_uid: bool) -> list[str]:
    options = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    if userns_fd is not None:
        # Mount as root, since the interpreter may lie below a folder that only root may enter; the worker drops to its
        # own uid before it imports anything, and these two rights go with that.
        options += ["--userns", str(userns_fd), "--cap-drop", "ALL"]
        options += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"] if changes_uid else []
    else:
        options += ["--unshare-user", "--disable-userns", "--cap-drop", "ALL", "--uid", "65534", "--gid", "65534"]
    options += ["--die-with-parent", "--new-session", "--clearenv", "--hostname", "sandbox"]
    for name, value in ENVIRONMENT.items():
        options += ["--setenv", name, value]
    return options


@cache
def mount_options(interpreter: Interpreter, guest: Guest) -> tuple[str, ...]:
    """Everything that every sandbox has, and the place for the work tree."""
    binds = shown_paths(interpreter, guest)
    options = parents([*binds, *map(str, interpreter.hidden), f"{WORK}/file"])
    for link in filter(os.path.islink, SYSTEM_LIBRARIES):
        options += ["--symlink", os.readlink(link), link]
    for inside, outside in binds.items():
        options += ["--ro-bind", str(outside), inside]
    for device in DEVICES:
        options += ["--dev-bind", device, device]
    for folder in interpreter.hidden:
        if any(folder.is_relative_to(inside) for inside in binds):
            options += ["--tmpfs", str(folder), "--remount-ro", str(folder)]
    return (*options, "--remount-ro", "/")


def shown_paths(interpreter: Interpreter, guest: Guest) -> dict[str, Path]:
    """Path inside → path outside, of everything that is bound but the work tree."""
    own = {str(path): path for path in (*interpreter.shown, interpreter.executable)}
    numpy = {f"{SITE}/{folder.name}": folder for folder in interpreter.numpy_folders}
    return {**system_paths(interpreter, guest.program), **own, **numpy, **dict(guest.files)}


@cache
def system_paths(interpreter: Interpreter, program: Path | None = None) -> dict[str, Path]:
    """Path inside → path outside of what is the system's: libraries, and the loader's list of them.

    Where the system does not say where a library lies, all of its folders. program: one that needs some, too.
    """
    if program is not None:
        return system_paths(interpreter) | (libraries_of(program, [], ()) or {})
    folders = [*interpreter.shown, *interpreter.numpy_folders]
    libraries = libraries_of(interpreter.executable, folders, interpreter.hidden)
    folders_and_files = SYSTEM_FILES if libraries is not None else (*SYSTEM_LIBRARIES, *SYSTEM_FILES)
    given = {name: Path(name) for name in folders_and_files if os.path.exists(name) and not os.path.islink(name)}
    return given | dict(sorted((libraries or {}).items()))


def resident_paths(interpreter: Interpreter, *guests: Guest) -> tuple[list[str], list[str]]:
    """What the sandboxes of these show, as it lies outside; and folders in it that none shows."""
    binds = [path for guest in guests for path in shown_paths(interpreter, guest).values()]
    return sorted({str(path.resolve()) for path in binds}), sorted(map(str, interpreter.hidden))


@cache
def open_paths(interpreter: Interpreter) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a worker without mounts of its own may read, whole folders and files; and folders that it may only list.

    The same as it would see with them: a folder that holds third-party packages is opened but for these.
    """
    whole, listed = {interpreter.executable, *interpreter.numpy_folders}, set()
    devices = [Path(name) for name in DEVICES if os.path.exists(name)]
    waiting = [path.resolve() for path in (*system_paths(interpreter).values(), *devices, *interpreter.shown)]
    while waiting:
        path = waiting.pop()
        if path in interpreter.hidden or path.is_symlink():
            continue
        if any(folder.is_relative_to(path) for folder in interpreter.hidden):
            listed.add(path)
            waiting += path.iterdir()
        else:
            whole.add(path)
    return tuple(sorted(map(str, whole))), tuple(sorted(map(str, listed)))


def parents(paths: Iterable[str]) -> list[str]:
    """Every folder above these, made enterable by all: bwrap's own are for root only."""
    folders = sorted({str(parent) for path in paths for parent in PurePosixPath(path).parents} - {"/"})
    return [word for folder in [*folders, "/dev"] for word in ("--perms", "0755", "--dir", folder)]
