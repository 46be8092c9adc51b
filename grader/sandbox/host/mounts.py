"""Makes the bwrap command, which defines the worker's file system: all of it is read-only. Pure.

    the interpreter       its executable and standard library, at the host's paths; empty folders cover the folders of
                          third-party packages in it, and the parts that no layer needs
    /usr/lib/…            the C libraries that these and NumPy need, one by one
    /site/numpy           NumPy alone, not the site-packages folder around it
    /worker               worker.py and the modules that it needs
    /work                 the submission's work tree
    /dev/null, urandom…   no terminal, no shared memory

There is no /proc, no /tmp, no home and no shell. The network is a namespace without an interface.
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
# worker.py is the program, and imports the other files.
WORKER_FILES: Final = ("worker.py", *sorted({path.name for path in INSIDE.glob("*.py")} - {"__init__.py", "worker.py"}))

# One thread: BLAS and OpenMP pools do not survive a fork, exceed the process limit, and slow down other jobs.
POOLS: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
ONE_THREAD: Final = dict.fromkeys((*POOLS, "VECLIB_MAXIMUM_THREADS"), "1")
ENVIRONMENT: Final = {
    "LANG": "C.UTF-8",  # files and prints are UTF-8, as on students' machines
    "PATH": "/nowhere",  # finds no program; without PATH, Python would search os.defpath
    "PYTHONHASHSEED": "0",  # sets have the same order in every run, so that marks do not change
    "PYTHONPATH": SITE,
    # Otherwise glibc reserves 64 MiB of the limited address space for each thread (up to 8 arenas per core).
    "MALLOC_ARENA_MAX": "1",
    **ONE_THREAD,
}


@dataclass(frozen=True)
class Guest:
    """The program that runs in a sandbox.

    files: shown besides Python and NumPy, (path inside, path outside). program: an executable whose libraries are
    shown too. changes_uid: if root starts the program, it changes to another uid.
    """

    files: tuple[tuple[str, Path], ...]
    program: Path | None = None
    changes_uid: bool = False


WORKER_GUEST: Final = Guest(tuple((f"{WORKER}/{name}", INSIDE / name) for name in WORKER_FILES), changes_uid=True)


@dataclass(frozen=True)
class Enclosure:
    """A bwrap sandbox around one work tree. userns_fd: the user namespace to enter, where root starts the sandbox.

    options: sent to the worker. given: files that are the same in nearly all work trees (isolation.py).
    """

    bwrap: str
    interpreter: Interpreter
    work: Path
    userns_fd: int | None
    options: Mapping[str, Any]
    given: tuple[tuple[str, str], ...] = ()

    def command(self, guest: Guest, *words: str) -> tuple[str, ...]:
        """Return the command that starts the sandbox, with these words as the first command inside."""
        namespaces = namespace_options(self.userns_fd, guest.changes_uid)
        work = ("--ro-bind", str(self.work), WORK, "--chdir", WORK)
        return (self.bwrap, *namespaces, *mount_options(self.interpreter, guest), *work, "--", *words)


def namespace_options(userns_fd: int | None, changes_uid: bool) -> list[str]:
    options = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    if userns_fd is not None:
        # bwrap mounts as root, since only root may be able to enter the interpreter's folder. Before it imports
        # student code, the worker changes to its own uid, which also removes these two capabilities.
        options += ["--userns", str(userns_fd), "--cap-drop", "ALL"]
        options += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"] if changes_uid else []
    else:
        # --disable-userns: in its own user namespace a worker would have all capabilities, as root has.
        options += ["--unshare-user", "--disable-userns", "--cap-drop", "ALL", "--uid", "65534", "--gid", "65534"]
    # --new-session removes the terminal, so that TIOCSTI cannot type into the user's shell (bwrap(1)).
    options += ["--die-with-parent", "--new-session", "--clearenv", "--hostname", "sandbox"]
    for name, value in ENVIRONMENT.items():
        options += ["--setenv", name, value]
    return options


@cache
def mount_options(interpreter: Interpreter, guest: Guest) -> tuple[str, ...]:
    """Return the options that are the same for all sandboxes, and those for the folder of the work tree."""
    binds = shown_paths(interpreter, guest)
    options = parents([*binds, *map(str, interpreter.hidden), f"{WORK}/file"])
    # On a merged system /lib is a link to /usr/lib; the loader's own path begins with /lib.
    for link in filter(os.path.islink, SYSTEM_LIBRARIES):
        options += ["--symlink", os.readlink(link), link]
    for inside, outside in binds.items():
        options += ["--ro-bind", str(outside), inside]
    for device in DEVICES:
        options += ["--dev-bind", device, device]
    # After the bind mounts, because a later mount covers an earlier one.
    for folder in interpreter.hidden:
        if any(folder.is_relative_to(inside) for inside in binds):
            options += ["--tmpfs", str(folder), "--remount-ro", str(folder)]
    # Last, because bwrap makes mount points in its root, a tmpfs, which checks could otherwise write.
    return (*options, "--remount-ro", "/")


def shown_paths(interpreter: Interpreter, guest: Guest) -> dict[str, Path]:
    """Return path inside → path outside of all bind mounts except the work tree."""
    own = {str(path): path for path in (*interpreter.shown, interpreter.executable)}
    numpy = {f"{SITE}/{folder.name}": folder for folder in interpreter.numpy_folders}
    return {**system_paths(interpreter), **program_paths(guest.program), **own, **numpy, **dict(guest.files)}


@cache
def program_paths(program: Path | None) -> dict[str, Path]:
    """Return path inside → path outside of the libraries of a guest's program, if it has one."""
    return (libraries_of(program, [], ()) if program is not None else None) or {}


@cache
def system_paths(interpreter: Interpreter) -> dict[str, Path]:
    """Return path inside → path outside of the system's libraries and the loader's cache.

    If the loader does not list libraries, return all library folders of the system.
    """
    folders = [*interpreter.shown, *interpreter.numpy_folders]
    libraries = libraries_of(interpreter.executable, folders, interpreter.hidden)
    folders_and_files = SYSTEM_FILES if libraries is not None else (*SYSTEM_LIBRARIES, *SYSTEM_FILES)
    given = {name: Path(name) for name in folders_and_files if os.path.exists(name) and not os.path.islink(name)}
    return given | dict(sorted((libraries or {}).items()))


def resident_paths(interpreter: Interpreter, *guests: Guest) -> tuple[list[str], list[str]]:
    """Return what sandboxes for these guests show and hide: paths outside of files and folders."""
    binds = [path for guest in guests for path in shown_paths(interpreter, guest).values()]
    return sorted({str(path.resolve()) for path in binds}), sorted(map(str, interpreter.hidden))


@cache
def open_paths(interpreter: Interpreter) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the files and folders that a worker without mounts may read, and the folders that it may only list.

    Such a worker can read the same files as with mounts. If a folder contains hidden folders, its other entries are
    listed one by one.
    """
    whole, listed = {interpreter.executable, *interpreter.numpy_folders}, set()
    devices = [Path(name) for name in DEVICES if os.path.exists(name)]
    # Landlock cannot exclude a part of an allowed folder, so allow the folder's entries one by one.
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
    """Return options that make all parents of these folders with mode 0755, because bwrap's default is 0700."""
    folders = sorted({str(parent) for path in paths for parent in PurePosixPath(path).parents} - {"/"})
    return [word for folder in [*folders, "/dev"] for word in ("--perms", "0755", "--dir", folder)]
