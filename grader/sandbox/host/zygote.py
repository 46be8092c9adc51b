"""A Python that has imported NumPy and the worker's modules, and forks a worker into each sandbox that is ready.

    judge ──init, pipes──► zygote ──fork──► keeper ──fork──► worker server
                                             │ enters the        from here on confined as if
                                             │ namespaces        bwrap had started it
                                             └ reports how it ended

NumPy's import takes most of the time of a worker's start. The zygote imports NumPy once, for all submissions of a job.
The zygote runs only code of the grader and NumPy, and a worker gives up all rights before it reads its first request.
So the memory of a new worker contains no data of an earlier submission.

The zygote runs outside the sandbox, where files have other paths than inside. InsideFinder imports modules from their
paths outside, but sets their paths inside. A worker removes this finder before it runs its program.

Must run under Python 3.8 and later, beside worker.py.
Source: Linux's man pages namespaces(7), ioctl_ns(2), setns(2), capabilities(7).
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
MAX_MESSAGE = 1 << 16  # bytes; a request has a few options and paths, and the socket keeps messages whole (unix(7))
PIPES = 5  # pipes for requests, replies, prints, the keeper's news, and the holder's reply
# CLONE_NEWCGROUP, NEWIPC, NEWUTS, NEWNET, NEWPID, NEWNS: the namespaces that a worker enters, besides the user's.
KINDS, NEW_USER = 0x6E020000, 0x10000000
NS_GET_USERNS = 0xB701  # returns the user namespace that owns a namespace (ioctl_ns(2))
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
CAP_SETGID, CAP_SETUID = 6, 7
CAPABILITY_VERSION = 0x20080522  # _LINUX_CAPABILITY_VERSION_3, with two words of 32 bits for each set (capset(2))
C = ctypes.CDLL(None, use_errno=True)
PIDFD_SEND_SIGNAL, PIDFD_OPEN = 424, 434  # system calls' numbers, the same on every machine


PLACES: Dict[str, str] = {}  # path inside → path outside of folders; empty in a worker


def find_outside(path: str) -> str:
    for inside, outside in PLACES.items():
        if path == inside or path.startswith(inside + os.sep):
            return outside + path[len(inside) :]
    return path


class Source(SourceFileLoader):
    """Loads a module under its path inside the sandbox, but reads its files from the path outside."""

    def load_code(self, name: str) -> Optional[types.CodeType]:
        sys.dont_write_bytecode = False  # for this module alone: compiling imports nothing
        try:
            return super().get_code(name)
        finally:
            sys.dont_write_bytecode = True

    get_code = lru_cache(maxsize=None)(load_code)  # every worker runs the same program's code

    def get_data(self, path: str) -> bytes:
        return super().get_data(find_outside(path))

    def path_stats(self, path: str) -> Any:
        return super().path_stats(find_outside(path))

    def set_data(self, path: str, data: Any, *, _mode: int = 0o666) -> None:
        """Write what Python compiled of our own modules, for the next zygote. Not of NumPy: sandboxes show its folder,
        and a file written there now would be one more that they share.
        """
        if path.startswith(sys.path[0] + os.sep):
            super().set_data(find_outside(path), data, _mode=_mode)


class Extension(ExtensionFileLoader):
    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        module = super().create_module(ModuleSpec(spec.name, self, origin=find_outside(self.path)))
        module.__file__ = self.path  # tracebacks and NumPy read it, and need the path inside
        return module


@lru_cache(maxsize=None)  # a finder lists its folder once
def finder_of(folder: str) -> FileFinder:
    return FileFinder(folder, (Extension, EXTENSION_SUFFIXES), (Source, SOURCE_SUFFIXES))


class InsideFinder:
    """Finds only the modules in PLACES."""

    @staticmethod
    def find_spec(name: str, path: Optional[Sequence[str]] = None, target: Any = None) -> Optional[ModuleSpec]:
        for folder in sys.path if path is None else path:
            inside = os.path.join(folder, name.rpartition(".")[2])
            outside = find_outside(inside)
            # PathFinder finds other modules, such as the standard library, whose paths are the same inside.
            if outside == inside:
                continue
            found = finder_of(os.path.dirname(outside)).find_spec(name)
            if found is not None and found.loader is not None and found.origin is not None:
                found.origin = found.loader.path = inside + found.origin[len(outside) :]  # type: ignore[attr-defined]
                if found.submodule_search_locations is not None:
                    found.submodule_search_locations = [os.path.dirname(found.origin)]
                return found
        return None


def main(options: Dict[str, Any]) -> None:
    """Import everything, then fork on request, until the judge closes the socket, which is stdin.

    options: places: {folder inside: folder outside}; worker: the folder of the worker's files, inside; modules: those
    of them to import; given: {path inside: path outside} of files to compile; shown: files and folders that every
    sandbox shows, by their paths outside; hidden: those of these folders that it does not show.
    """
    gc.disable()  # imports leave little garbage, and searching for it takes a tenth of their time
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so the kernel reaps all children (wait(2))
    in_memory = resident.keep_in_child(options["shown"], options["hidden"])
    PLACES.update(options["places"])
    sys.path[0] = options["worker"]
    sys.meta_path.insert(sys.meta_path.index(PathFinder), InsideFinder)
    sys.dont_write_bytecode = True  # sandboxes would share compiled files that are written here
    for name in ("numpy", "numpy.random", *options["modules"]):
        importlib.import_module(name)
    program = Source("__main__", os.path.join(options["worker"], PROGRAM))
    program.get_code("__main__")
    compile_given(options["given"])
    gc.freeze()  # otherwise a worker's first garbage collection would write to, and so copy, all of this memory
    gc.enable()
    os.read(in_memory, 1)  # returns once all files are in memory; no student code runs before
    os.close(in_memory)
    judge = socket.socket(fileno=0)
    while True:
        message, pipes = receive(judge)
        if not message:
            return
        with suppress(OSError):  # if fork fails, the judge finds its pipes closed
            if len(pipes) == PIPES and os.fork() == 0:
                keep(json.loads(message), pipes, program)
        for fd in pipes:
            os.close(fd)


def compile_given(files: Dict[str, str]) -> None:
    """Compile handed-out files, the same for every sandbox. A worker drops those that its sandbox lacks."""
    for inside, outside in files.items():
        with suppress(OSError, SyntaxError, ValueError), open(outside, "rb") as file:  # workers will report it
            sys.modules["tolerant_import"].cache_compiled(inside, file.read())


def receive(judge: socket.socket) -> Tuple[bytes, List[int]]:
    """Receive one message and the file descriptors that came with it; an empty message at the end."""
    room = socket.CMSG_SPACE(PIPES * array.array("i").itemsize)
    message, extra, _, _ = judge.recvmsg(MAX_MESSAGE, room)
    fds = array.array("i")
    for level, kind, data in extra:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    return message, list(fds)


def keep(request: Dict[str, Any], pipes: List[int], program: Source) -> None:
    """Run as a keeper: enter the namespaces, fork the worker, wait for its end.

    Does not return. request: init: the pid of the sandbox's init; options: the worker's; group: the path of a cgroup,
    or None. The keeper writes two lines of news: its pid and the worker's; later the worker's status, as wait(2)
    defines it. The keeper writes no line if the kernel does not let it enter the sandbox.
    """
    news = pipes[3]
    try:
        os.close(0)  # the zygote's socket, which only jobs of the run may hold (zygote_box.py)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # the zygote ignores SIGCHLD, so waitpid would find no child
        if os.read(pipes[4], 1):  # after this byte, the holder runs and all mounts exist
            # Join before the fork, so that the worker starts in the cgroup. If this fails, the other limits still work.
            if request["group"] is not None:
                with suppress(OSError), open(request["group"] + "/cgroup.procs", "w") as file:
                    file.write("0")  # this process (cgroups(7))
            # Open a pidfd now: after enter(), the kernel would look up the pid in the sandbox's pid namespace.
            init = C.syscall(PIDFD_OPEN, request["init"], 0)
            enter(request["init"])
            worker = os.fork()
            if worker == 0:
                run_worker(request["options"], pipes, program)
            os.write(news, b"%d %d\n" % (os.getpid(), worker))
            # Close the copies of the worker's pipes: otherwise the judge would not notice that the worker closed them.
            for fd in pipes:
                if fd != news:
                    os.close(fd)
            _, status = os.waitpid(worker, 0)
            os.write(news, b"%d\n" % status)
            # bwrap ends a sandbox when its command ends. The worker is not that command, so kill the init here.
            C.syscall(PIDFD_SEND_SIGNAL, init, signal.SIGKILL, None, 0)
    finally:
        os._exit(0)


def enter(init: int) -> None:
    """Enter the namespaces of the init's only child.

    Only later children enter the pid namespace (setns(2)). Raises OSError if the kernel refuses, as Linux before 5.8
    does, where setns took no pidfd.
    """
    with open("/proc/%d/task/%d/children" % (init, init)) as file:
        holder = int(file.read())
    own, mounts, users = (
        os.open("/proc/%s/ns/%s" % at, os.O_RDONLY) for at in (("self", "user"), (holder, "mnt"), (holder, "user"))
    )
    # Root of the user namespace that owns the mount namespace may enter the other namespaces. bwrap may have put the
    # holder into a child user namespace, where a process has no rights in the parent.
    owner = fcntl.ioctl(mounts, NS_GET_USERNS)
    call_c = sys.modules["confine"].call_c
    process = call_c("pidfd_open", "syscall", PIDFD_OPEN, holder, 0)
    # First the owner, for the rights; then, with these rights, the others; last the holder's user namespace.
    for fd, kinds, now in ((owner, NEW_USER, own), (process, KINDS, own), (users, NEW_USER, owner)):
        # setns fails with EINVAL if the process is already in this user namespace (setns(2)).
        if not os.path.sameopenfile(fd, now):
            call_c("setns", "setns", fd, kinds)
    for fd in (own, mounts, users, owner, process):
        os.close(fd)


def run_worker(options: Dict[str, Any], pipes: List[int], program: Source) -> None:
    """Do the steps that bwrap does for a command inside, then run the worker's program. Does not return."""
    code = 1
    try:
        os.setsid()  # removes the terminal, as bwrap's --new-session does
        os.chdir(options["work"])
        for number in range(3):
            os.dup2(pipes[number], number)
        os.closerange(3, 256)  # closes the pipes for news and the holder's reply, so that the worker cannot forge them
        give_up_rights(1 << CAP_SETUID | 1 << CAP_SETGID if options["uid"] is not None else 0)
        # From here on, the worker finds modules in the same places as a worker that bwrap started.
        sys.meta_path.remove(InsideFinder)
        PLACES.clear()
        main = types.ModuleType("__main__")
        main.__file__, main.__loader__ = program.path, program
        sys.modules["__main__"] = main
        sys.argv = [program.path, json.dumps(options)]
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
    """Give up all capabilities except `kept` (one bit each), and make it impossible to gain others later."""
    confine = sys.modules["confine"]
    number = 0
    while C.prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0:  # fails at the first number that the kernel does not know
        number += 1
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)(kept, kept, 0, 0, 0, 0)  # effective, permitted, inheritable; then bits 32 to 63
    confine.call_c("capset", "capset", header, sets)
    confine.prctl(PR_SET_NO_NEW_PRIVS, 1)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
