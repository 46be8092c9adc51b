"""System calls that no student code needs and that a worker is not given: a seccomp filter. bwrap loads it, or, under
--sandbox uid, the worker on itself.

What the other layers do not bound or would only bound by the kernel's own refusal:

    memory that no process holds    System V segments, queues and semaphores stay when their process ends, and neither
                                    RLIMIT_AS nor RLIMIT_FSIZE counts them
    keyrings                        a session's keys are inherited by whatever it starts, through every namespace
    other processes                 ptrace and its like reach the server and the init of the same uid
    namespaces and mounts           the way to most of the kernel's code that only root was to reach
    the rest of the kernel          bpf, io_uring, userfaultfd, performance counters, modules, clocks

A refused call fails with EPERM, clone3 with ENOSYS: libraries then use clone, whose flags a filter can see. Calls of
another architecture (32 bit, x32) end the process.
Source: Linux, include/uapi/linux/seccomp.h, filter.h, audit.h; system call tables of x86 and of asm-generic.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

# name → number on x86-64, number on 64-bit ARM; a call that one of them lacks has None there.
REFUSED: Final[Mapping[str, tuple[int, int | None]]] = {
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195),
    "semget": (64, 190), "semctl": (66, 191), "msgget": (68, 186), "msgctl": (71, 187), "mq_open": (240, 180),
    "memfd_secret": (447, 447),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438), "process_madvise": (440, 440),
    "unshare": (272, 97), "setns": (308, 268), "chroot": (161, 51), "pivot_root": (155, 41),
    "mount": (165, 40), "umount2": (166, 39), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "fanotify_init": (300, 262),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142), "syslog": (103, 116),
    "swapon": (167, 224), "swapoff": (168, 225), "acct": (163, 89), "quotactl": (179, 60),
    "settimeofday": (164, 170), "clock_settime": (227, 112), "clock_adjtime": (305, 266), "adjtimex": (159, 171),
    "iopl": (172, None), "ioperm": (173, None),
}  # fmt: skip
# Where no namespace takes the network away (--sandbox uid).
NETWORK: Final[Mapping[str, tuple[int, int | None]]] = {"socket": (41, 198)}
CLONE: Final = (56, 220)
CLONE3: Final = (435, 435)
NAMESPACES: Final = 0x7E020000  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
X32: Final = 0x40000000  # set in the number of a call of x86's third kind


@dataclass(frozen=True)
class Machine:
    """architecture: as the kernel tells it to filters. column: of the table above."""

    architecture: int
    column: int


MACHINES: Final = {"x86_64": Machine(0xC000003E, 0), "aarch64": Machine(0xC00000B7, 1)}

# One instruction is a struct sock_filter: code, how far to jump if true and if false, and a number.
INSTRUCTION: Final = struct.Struct("=HBBI")
LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data; the low half of the argument
ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000


def filter_for(machine: str, *, network: bool = True) -> bytes:
    """The program for os.uname().machine; nothing for one whose calls are not in the table: all else still holds.

    network: whether sockets are left to be made.
    """
    if machine not in MACHINES:
        return b""
    known = MACHINES[machine]
    refused = REFUSED if network else {**REFUSED, **NETWORK}
    numbers = [row[known.column] for row in refused.values()]
    program = [
        (LOAD, 0, 0, ARCHITECTURE),
        (JUMP_EQUAL, 1, 0, known.architecture),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
        (JUMP_AT_LEAST, 0, 1, X32),
        (RETURN, 0, 0, KILL),
        *refusing([CLONE3[known.column]], errno.ENOSYS),
        *refusing([number for number in numbers if number is not None], errno.EPERM),
        (JUMP_EQUAL, 0, 3, CLONE[known.column]),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (JUMP_ANY_BIT, 0, 1, NAMESPACES),
        (RETURN, 0, 0, REFUSE | errno.EPERM),
        (RETURN, 0, 0, ALLOW),
    ]
    return b"".join(INSTRUCTION.pack(*instruction) for instruction in program)


def refusing(numbers: Iterable[int], error: int) -> Iterable[tuple[int, int, int, int]]:
    """Each call's number compared, and refused at once: jumps reach no further than 255 instructions."""
    for number in sorted(numbers):
        yield JUMP_EQUAL, 0, 1, number
        yield RETURN, 0, 0, REFUSE | error
