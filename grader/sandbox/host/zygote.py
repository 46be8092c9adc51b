"""A Python that has imported NumPy and the worker's modules, and forks a worker into every sandbox that is ready.

    judge ──init, pipes──► zygote ──fork──► keeper ──fork──► worker server
                                             │ enters the        closed in as if bwrap had
                                             │ namespaces        started it, from here on
                                             └ says how it ended

NumPy's import is most of a worker's start; here it is done once for all submissions of a job. The zygote runs no
code but the grader's and NumPy's, and a worker gives up all rights before it reads its first request, so what one
submission does is nowhere in the memory that the next one starts with.

Runs outside the sandbox, so the files lie elsewhere than a worker would find them: a finder imports them from there
under the names that they have inside, and leaves with the last file it was needed for.

Under Python 3.8 on, beside worker.py. Source: Linux's man pages namespaces(7), ioctl_ns(2), setns(2), capabilities(7).
"""

from __future__ import annotations

import array
import ctypes
import fcntl
import gc
import importlib
import json
import os
import signal
import socket
import sys
import traceback
import types
from contextlib import suppress
from functools import lru_cache
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    PathFinder,
    SourceFileLoader,
)
from typing import Any, Dict, List, Optional, Sequence, Tuple

import resident  # type: ignore[import-not-found]

del sys.modules["resident"]  # a submission may have a file of that name
PROGRAM = "worker.py"
MAX_MESSAGE = 1 << 16
PIPES = 5  # requests, replies, prints, news of the server, and the holder's answer
# CLONE_NEWCGROUP, NEWIPC, NEWUTS, NEWNET, NEWPID and NEWNS: all namespaces that a worker enters, but the user's.
KINDS, NEW_USER = 0x6E020000, 0x10000000
NS_GET_USERNS = 0xB701
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
CAP_SETGID, CAP_SETUID = 6, 7
CAPABILITY_VERSION = 0x20080522
C = ctypes.CDLL(None, use_errno=True)
PIDFD_SEND_SIGNAL, PIDFD_OPEN = 424, 434  # the same on every machine


PLACES: Dict[str, str] = {}  # folders as a worker sees them, and where they are out here; none in a worker


def find_outside(path: str) -> str:
    for inside, outside in PLACES.items():
        if path == inside or path.startswith(inside + os.sep):
            return outside + path[len(inside) :]
    return path


class Source(SourceFileLoader):
    """A module under the path it has inside; its text, and what Python compiled of it, from where they are."""

    get_code = lru_cache(maxsize=None)(SourceFileLoader.get_code)  # the worker's program runs in every worker

    def get_data(self, path: str) -> bytes:
        return super().get_data(find_outside(path))

    def path_stats(self, path: str) -> Any:
        return super().path_stats(find_outside(path))


class Extension(ExtensionFileLoader):
    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        module = super().create_module(ModuleSpec(spec.name, self, origin=find_outside(self.path)))
        module.__file__ = self.path
        return module


class InsideFinder:
    """Finds modules in the places, and nothing else."""

    @staticmethod
    def find_spec(name: str, path: Optional[Sequence[str]] = None, target: Any = None) -> Optional[ModuleSpec]:
        for folder in sys.path if path is None else path:
            inside = os.path.join(folder, name.rpartition(".")[2])
            outside = find_outside(inside)
            if outside == inside:
                continue
            kinds = (Extension, EXTENSION_SUFFIXES), (Source, SOURCE_SUFFIXES)
            found = FileFinder(os.path.dirname(outside), *kinds).find_spec(name)
            if found is not None and found.loader is not None and found.origin is not None:
                found.origin = found.loader.path = inside + found.origin[len(outside) :]  # type: ignore[attr-defined]
                if found.submodule_search_locations is not None:
                    found.submodule_search_locations = [os.path.dirname(found.origin)]
                return found
        return None


def main(options: Dict[str, Any]) -> None:
    """Import everything, then fork for whoever asks, until the judge closes the socket, which is stdin.

    options: places: {folder inside: folder outside}; worker: the folder of the worker's files, inside; modules: those
    of them to import; given: {path inside: path outside} of files to compile; shown: files and folders that every
    sandbox has, as they lie outside, but for hidden.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # neither keepers nor that child need be waited for
    in_memory = resident.keep_in_child(options["shown"], options["hidden"])
    PLACES.update(options["places"])
    sys.path[0] = options["worker"]
    sys.meta_path.insert(sys.meta_path.index(PathFinder), InsideFinder)
    sys.dont_write_bytecode = True
    for name in ("numpy", "numpy.random", *options["modules"]):
        importlib.import_module(name)
    program = Source("__main__", os.path.join(options["worker"], PROGRAM))
    program.get_code("__main__")
    compile_given(options["given"])
    gc.collect()
    gc.freeze()  # nothing of this is ever garbage, and a collection in a worker would copy all of it
    os.read(in_memory, 1)  # at its end: before any student's code runs
    os.close(in_memory)
    judge = socket.socket(fileno=0)
    while True:
        message, pipes = receive(judge)
        if not message:
            return
        with suppress(OSError):  # where no process can be made, the judge finds its pipes closed
            if len(pipes) == PIPES and os.fork() == 0:
                keep(json.loads(message), pipes, program)
        for fd in pipes:
            os.close(fd)


def compile_given(files: Dict[str, str]) -> None:
    """What is handed out is the same in every sandbox; none of it is run here, and what a sandbox lacks, it forgets."""
    for inside, outside in files.items():
        with suppress(OSError, SyntaxError, ValueError), open(outside, "rb") as file:  # a worker finds out by itself
            sys.modules["tolerant_import"].keep_compiled(inside, file.read())


def receive(judge: socket.socket) -> Tuple[bytes, List[int]]:
    """One message and the file descriptors that came with it; an empty one at the end."""
    room = socket.CMSG_SPACE(PIPES * array.array("i").itemsize)
    message, extra, _, _ = judge.recvmsg(MAX_MESSAGE, room)
    fds = array.array("i")
    for level, kind, data in extra:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    return message, list(fds)


def keep(request: Dict[str, Any], pipes: List[int], program: Source) -> None:
    """The life of a keeper: into the namespaces, fork the worker, wait for it. Does not return.

    request: init: the pid of the sandbox's init; options: the worker's; group: the path of a cgroup, or None. News are
    two lines: the pids of this process and of the worker, then how that one ended, as wait(2) has it; none where the
    kernel lets it not in.
    """
    news = pipes[3]
    try:
        os.close(0)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        if os.read(pipes[4], 1):  # the holder runs, so all is mounted
            if request["group"] is not None:  # for this process and all that it forks; without, the other bounds hold
                with suppress(OSError), open(request["group"] + "/cgroup.procs", "w") as file:
                    file.write("0")
            init = C.syscall(PIDFD_OPEN, request["init"], 0)
            enter(request["init"])
            worker = os.fork()
            if worker == 0:
                be_worker(request["options"], pipes, program)
            os.write(news, b"%d %d\n" % (os.getpid(), worker))
            for fd in pipes:
                if fd != news:
                    os.close(fd)
            _, status = os.waitpid(worker, 0)
            os.write(news, b"%d\n" % status)
            # As if the worker had been what bwrap waits for.
            C.syscall(PIDFD_SEND_SIGNAL, init, signal.SIGKILL, None, 0)
    finally:
        os._exit(0)


def enter(init: int) -> None:
    """Become one of those whom the init's only child belongs to; the pid namespace is for the next child.

    Raises OSError where the kernel refuses, as one before Linux 5.8 does.
    """
    with open("/proc/%d/task/%d/children" % (init, init)) as file:
        holder = int(file.read())
    own, mounts, users = (
        os.open("/proc/%s/ns/%s" % at, os.O_RDONLY) for at in (("self", "user"), (holder, "mnt"), (holder, "user"))
    )
    # Whose root may enter the others. bwrap may have put the holder one below, from where that is too late.
    owner = fcntl.ioctl(mounts, NS_GET_USERNS)
    call_c = sys.modules["confine"].call_c
    process = call_c("pidfd_open", "syscall", PIDFD_OPEN, holder, 0)
    for fd, kinds, now in ((owner, NEW_USER, own), (process, KINDS, own), (users, NEW_USER, owner)):
        if not os.path.sameopenfile(fd, now):
            call_c("setns", "setns", fd, kinds)
    for fd in (own, mounts, users, owner, process):
        os.close(fd)


def be_worker(said: Dict[str, Any], pipes: List[int], program: Source) -> None:
    """The rest of what bwrap would have done, then the worker's program. Does not return."""
    code = 1
    try:
        os.setsid()
        os.chdir(said["work"])
        for number in range(3):
            os.dup2(pipes[number], number)
        os.closerange(3, 256)
        give_up_rights(1 << CAP_SETUID | 1 << CAP_SETGID if said["uid"] is not None else 0)
        sys.meta_path.remove(InsideFinder)
        PLACES.clear()
        main = types.ModuleType("__main__")
        main.__file__, main.__loader__ = program.path, program
        sys.modules["__main__"] = main
        sys.argv = [program.path, json.dumps(said)]
        sys.orig_argv = [sys.executable, *sys.argv]
        program.exec_module(main)
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def give_up_rights(kept: int) -> None:
    """No right is left but those kept, a bit each, and none is gained any more."""
    confine = sys.modules["confine"]
    number = 0
    while C.prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0:  # until the first that the kernel does not know
        number += 1
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)(kept, kept, 0, 0, 0, 0)  # effective, permitted, inheritable; those above 31
    confine.call_c("capset", "capset", header, sets)
    confine.prctl(PR_SET_NO_NEW_PRIVS, 1)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
