"""The system calls that a worker may use: a seccomp filter, which it loads before it reads its first request.

The filter refuses all other calls. Python, NumPy and the standard library need few system calls. The kernel has about
350, and new versions add more. So this is a list of allowed calls, as in other judges: calls that a later kernel adds
are refused too.

Left out on purpose, with the reason:

    flock, fadvise64, readahead, mincore, cachestat,    through a file that two sandboxes can read, a hidden check could
    preadv2, sync_file_range, inotify, statfs, mlock    pass bits to a later submission: by a lock, or by its pages
    sysinfo, sched_setaffinity, perf_event_open         another sandbox can make memory scarce or a core busy on purpose
    socket                                              (socketpair is there: asyncio and multiprocessing use it)
    memfd_create, shmget, msgget, semget, mq_open       memory that no limit counts
    keyctl                                              keys are inherited through every namespace
    ptrace, process_vm_readv, kcmp, pidfd_open          the server has the same uid
    unshare, setns, mount, bpf, io_uring, userfaultfd   they lead to most of the kernel's code

A refused call fails with EPERM. Calls newer than this table fail with ENOSYS. So do calls which the C library can
replace by an older one: clone3, for example, passes its flags in memory, which a filter cannot read. A call of another
architecture (32 bit, x32) ends the process. Source: Linux, include/uapi/linux/seccomp.h, filter.h, audit.h; system
call tables of x86 and of asm-generic.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

Numbers = tuple[int, int | None]  # a call's numbers on x86-64 and on 64-bit ARM; None if ARM lacks the call

ALLOWED: Final[Mapping[str, Numbers]] = {
    # Memory.
    "mmap": (9, 222), "munmap": (11, 215), "mprotect": (10, 226), "mremap": (25, 216), "brk": (12, 214),
    "msync": (26, 227),
    # Files, which are all read-only.
    "open": (2, None), "openat": (257, 56), "close": (3, 57), "close_range": (436, 436), "read": (0, 63),
    "readv": (19, 65), "pread64": (17, 67), "preadv": (295, 69), "write": (1, 64), "writev": (20, 66),
    "pwrite64": (18, 68), "pwritev": (296, 70), "lseek": (8, 62), "stat": (4, None), "lstat": (6, None),
    "fstat": (5, 80), "newfstatat": (262, 79), "statx": (332, 291), "access": (21, None), "faccessat": (269, 48),
    "faccessat2": (439, 439), "readlink": (89, None), "readlinkat": (267, 78), "getdents": (78, None),
    "getdents64": (217, 61), "getcwd": (79, 17), "chdir": (80, 49), "fchdir": (81, 50), "dup": (32, 23),
    "dup2": (33, None), "dup3": (292, 24), "umask": (95, 166), "fsync": (74, 82), "fdatasync": (75, 83),
    # These change files. The mounts or Landlock refuse that, with the error that portable code expects.
    "creat": (85, None), "truncate": (76, 45), "ftruncate": (77, 46), "mkdir": (83, None), "mkdirat": (258, 34),
    "rmdir": (84, None), "unlink": (87, None), "unlinkat": (263, 35), "rename": (82, None), "renameat": (264, 38),
    "renameat2": (316, 276), "link": (86, None), "linkat": (265, 37), "symlink": (88, None), "symlinkat": (266, 36),
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "chown": (92, None), "lchown": (94, None),
    "fchown": (93, 55), "fchownat": (260, 54), "utime": (132, None), "utimes": (235, None), "futimesat": (261, None),
    "utimensat": (280, 88),
    # Pipes, and pairs of connected sockets.
    "pipe": (22, None), "pipe2": (293, 59), "socketpair": (53, 199), "sendto": (44, 206), "recvfrom": (45, 207),
    "sendmsg": (46, 211), "recvmsg": (47, 212), "shutdown": (48, 210), "getsockopt": (55, 209),
    "setsockopt": (54, 208), "getsockname": (51, 204), "getpeername": (52, 205),
    # Waiting; restart_syscall continues a wait that a signal interrupted.
    "poll": (7, None), "ppoll": (271, 73), "select": (23, None), "pselect6": (270, 72), "epoll_create": (213, None),
    "epoll_create1": (291, 20), "epoll_ctl": (233, 21), "epoll_wait": (232, None), "epoll_pwait": (281, 22),
    "pause": (34, None), "nanosleep": (35, 101), "clock_nanosleep": (230, 115), "restart_syscall": (219, 128),
    "sched_yield": (24, 124),
    # Time.
    "time": (201, None), "gettimeofday": (96, 169), "clock_gettime": (228, 113), "clock_getres": (229, 114),
    "times": (100, 153), "alarm": (37, None), "getitimer": (36, 102), "setitimer": (38, 103),
    # Processes, threads and signals of this sandbox.
    "fork": (57, None), "vfork": (58, None), "exit": (60, 93), "exit_group": (231, 94), "wait4": (61, 260),
    "waitid": (247, 95), "kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131), "futex": (202, 98),
    "set_robust_list": (273, 99), "rseq": (334, 293), "set_tid_address": (218, 96), "arch_prctl": (158, None),
    "sched_getaffinity": (204, 123), "sched_getparam": (143, 121), "sched_getscheduler": (145, 120),
    "sched_get_priority_max": (146, 125), "sched_get_priority_min": (147, 126), "getpriority": (140, 141),
    "setpriority": (141, 140), "getcpu": (309, 168), "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135),
    "rt_sigpending": (127, 136), "rt_sigtimedwait": (128, 137), "rt_sigsuspend": (130, 133),
    "rt_sigqueueinfo": (129, 138), "rt_sigreturn": (15, 139), "sigaltstack": (131, 132),
    # Ids, and the limits of the process.
    "getpid": (39, 172), "getppid": (110, 173), "gettid": (186, 178), "getuid": (102, 174), "geteuid": (107, 175),
    "getgid": (104, 176), "getegid": (108, 177), "getresuid": (118, 148), "getresgid": (120, 150),
    "getgroups": (115, 158), "getpgrp": (111, None), "getpgid": (121, 155), "setpgid": (109, 154),
    "getsid": (124, 156), "setsid": (112, 157), "uname": (63, 160), "getrandom": (318, 278), "getrlimit": (97, 163),
    "setrlimit": (160, 164), "prlimit64": (302, 261), "getrusage": (98, 165),
}  # fmt: skip

# Refused with an error after which the C library or Python uses another call: clone, preadv or pwritev. For execve the
# error is "no such file", which portable code expects if a program is not installed.
REFUSED: Final[Mapping[str, tuple[Numbers, int]]] = {
    "clone3": ((435, 435), errno.ENOSYS),
    "preadv2": ((327, 286), errno.ENOSYS),
    "pwritev2": ((328, 287), errno.ENOSYS),
    "execve": ((59, 221), errno.ENOENT),
    "execveat": ((322, 281), errno.ENOENT),
}
NEWER: Final = 437  # the first number (on both machines) that is newer than the table


@dataclass(frozen=True)
class Choice:
    """The allowed values of an argument that selects what a call does, and the error for other values."""

    numbers: Numbers
    argument: int
    values: tuple[int, ...]
    error: int


CHOICES: Final[Mapping[str, Choice]] = {
    # F_DUPFD, GETFD, SETFD, GETFL, SETFL, DUPFD_CLOEXEC, GETPIPE_SZ. Not the locks of files: others see them.
    "fcntl": Choice((72, 25), 1, (0, 1, 2, 3, 4, 1030, 1032), errno.EPERM),
    # TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX.
    "ioctl": Choice((16, 29), 1, (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451), errno.ENOTTY),
    # NORMAL, RANDOM, SEQUENTIAL, DONTNEED, FREE, DONTFORK, DOFORK, HUGEPAGE, NOHUGEPAGE: these affect only own memory.
    # Others, such as WILLNEED, COLD and PAGEOUT, also move pages of files.
    "madvise": Choice((28, 233), 2, (0, 1, 2, 4, 8, 10, 11, 14, 15), errno.EINVAL),
    # SET_PDEATHSIG, GET_PDEATHSIG, GET_DUMPABLE, SET_NAME, GET_NAME, GET_NO_NEW_PRIVS.
    "prctl": Choice((157, 167), 0, (1, 2, 3, 15, 16, 39), errno.EPERM),
}
CLONE: Final[Numbers] = (56, 220)
NAMESPACES: Final = 0x7E020000  # flags CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
X32: Final = 0x40000000  # this bit is set in the number of every x32 call


# For each os.uname().machine: its audit number (AUDIT_ARCH_…), and its column in the tables above.
MACHINES: Final = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}

# One instruction is a struct sock_filter: code, jump offsets if true and if false, a number.
Instruction = tuple[int, int, int, int]
INSTRUCTION: Final = struct.Struct("=HBBI")
LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data; filters compare arguments' low halves
ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000  # SECCOMP_RET_ALLOW, _KILL_PROCESS, _ERRNO


def filter_for(machine: str) -> bytes:
    """Return the filter for this os.uname().machine, or b"" if it has no table: then only the other layers protect."""
    if machine not in MACHINES:
        return b""
    architecture, column = MACHINES[machine]
    # Check the architecture first, because the same number is another call on another architecture (seccomp(2)).
    program = [
        (LOAD, 0, 0, ARCHITECTURE),
        (JUMP_EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
        (JUMP_AT_LEAST, 0, 1, X32),
        (RETURN, 0, 0, KILL),
        *only_if(CLONE[column], 0, [(JUMP_ANY_BIT, 0, 1, NAMESPACES), (RETURN, 0, 0, REFUSE | errno.EPERM)]),
    ]
    for choice in CHOICES.values():
        chosen = [step for value in choice.values for step in ((JUMP_EQUAL, 0, 1, value), (RETURN, 0, 0, ALLOW))]
        refused = (RETURN, 0, 0, REFUSE | choice.error)
        program += only_if(choice.numbers[column], choice.argument, [*chosen, refused])
    for end, verdict in ranges(verdicts(column)):
        program += [(JUMP_AT_LEAST, 1, 0, end), (RETURN, 0, 0, verdict)]
    program += [(RETURN, 0, 0, REFUSE | errno.ENOSYS)]
    return b"".join(INSTRUCTION.pack(*instruction) for instruction in program)


def only_if(number: int | None, argument: int, steps: Sequence[Instruction]) -> Iterator[Instruction]:
    """Yield instructions that apply these steps to an argument of this call, and allow the call if all steps pass."""
    if number is not None:
        yield JUMP_EQUAL, 0, len(steps) + 2, number
        yield LOAD, 0, 0, ARGUMENTS + 8 * argument
        yield from steps
        yield RETURN, 0, 0, ALLOW


def verdicts(column: int) -> list[int]:
    """Return a verdict for each call's number, up to the last number in the tables."""
    special = {numbers[column]: REFUSE | error for numbers, error in REFUSED.values()}
    special |= {numbers[column]: ALLOW for numbers in ALLOWED.values()}
    last = max(number for number in special if number is not None)
    return [special.get(n, REFUSE | (errno.EPERM if n < NEWER else errno.ENOSYS)) for n in range(last + 1)]


def ranges(verdicts: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield (end, verdict) for each group of neighbouring numbers with the same verdict, to shorten the filter."""
    end = 0
    for verdict, run in groupby(verdicts):
        end += len(list(run))
        yield end, verdict
