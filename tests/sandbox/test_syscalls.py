"""The filter of system calls: what it allows, found by a small interpreter for filters; and that a worker has it."""

from __future__ import annotations

import errno
import os
import struct
import sys
from dataclasses import replace

import pytest

from grader.calls import CallFailed
from grader.messages.say import say
from grader.sandbox.host.check_process import CheckProcess
from grader.sandbox.host.check_setup import Setup
from grader.sandbox.host.interpreter import find_interpreter
from grader.sandbox.host.isolation import choose_isolation
from grader.sandbox.host.limits import Limits
from grader.sandbox.host.plan import Plan
from grader.sandbox.host.session import Session
from grader.sandbox.host.syscalls import filter_for

X86, ARM = 0xC000003E, 0xC00000B7
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
LIMITS = Limits(2, 6.0, 5, 10.0, 60.0, 512, 8, 64, 8)


def run(program: bytes, architecture: int, number: int, *arguments: int) -> int:
    """Does what the kernel does: runs the instructions on the call's number, architecture and arguments."""
    data = struct.pack("=IIQ6Q", number, architecture, 0, *arguments, *[0] * (6 - len(arguments)))
    instructions = list(struct.iter_unpack("=HBBI", program))
    position, value = 0, 0
    while True:
        code, true, false, k = instructions[position]
        position += 1
        if code == 0x20:  # ld [k]
            (value,) = struct.unpack_from("=I", data, k)
        elif code == 0x06:  # ret k
            return k
        else:  # jeq, jge, jset
            holds = {0x15: value == k, 0x35: value >= k, 0x45: bool(value & k)}[code]
            position += true if holds else false


def verdict(machine: str, number: int, *arguments: int) -> int | str:
    """ "allowed", or the error."""
    found = run(filter_for(machine), X86 if machine == "x86_64" else ARM, number, *arguments)
    return "allowed" if found == ALLOW else found & 0xFFFF if found & ~0xFFFF == ERRNO else "killed"


# The calls of two of the kernel's tables, written down a second time. On ARM some have no number.
REFUSED = {
    "flock": (73, 32), "fadvise64": (221, 223), "readahead": (187, 213), "mincore": (27, 232),
    "sync_file_range": (277, 84), "inotify_init1": (294, 26), "inotify_add_watch": (254, 27),
    "fanotify_init": (300, 262), "name_to_handle_at": (303, 264), "userfaultfd": (323, 282),
    "perf_event_open": (298, 241), "io_uring_setup": (425, 425), "memfd_create": (319, 279), "shmget": (29, 194),
    "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180), "keyctl": (250, 219), "bpf": (321, 280),
    "process_vm_readv": (310, 270), "ptrace": (101, 117), "kcmp": (312, 272), "splice": (275, 76),
    "vmsplice": (278, 75), "sysinfo": (99, 179), "statfs": (137, 43), "fstatfs": (138, 44), "mlock": (149, 228),
    "sched_setaffinity": (203, 122), "timerfd_create": (283, 85), "signalfd4": (289, 74), "move_pages": (279, 239),
    "pidfd_open": (434, 434), "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "chroot": (161, 51),
    "pivot_root": (155, 41), "socket": (41, 198), "connect": (42, 203), "bind": (49, 200), "seccomp": (317, 277),
    "setuid": (105, 146), "capset": (126, 91), "sched_setscheduler": (144, 119), "remap_file_pages": (216, 234),
}  # fmt: skip
NEWER = {
    "clone3": 435, "openat2": 437, "pidfd_getfd": 438, "process_madvise": 440, "landlock_create_ruleset": 444,
    "memfd_secret": 447, "cachestat": 451, "the next": 480, "one of next year": 600,
}  # fmt: skip
NEEDED = {
    "read": (0, 63), "mmap": (9, 222), "brk": (12, 214), "openat": (257, 56), "futex": (202, 98), "statx": (332, 291),
    "getrandom": (318, 278), "pread64": (17, 67), "exit_group": (231, 94), "restart_syscall": (219, 128),
    "rt_sigreturn": (15, 139), "prlimit64": (302, 261), "socketpair": (53, 199), "wait4": (61, 260),
    "close_range": (436, 436), "faccessat2": (439, 439), "ppoll": (271, 73), "clock_nanosleep": (230, 115),
}  # fmt: skip
MACHINES = ("x86_64", "aarch64")


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_that_pass_bits_or_lead_out_are_refused(machine):
    column = MACHINES.index(machine)
    verdicts = {name: verdict(machine, numbers[column]) for name, numbers in REFUSED.items()}
    assert verdicts == dict.fromkeys(REFUSED, errno.EPERM)


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_newer_than_the_table_do_not_exist(machine):
    """A C library then uses an older call, as on an older kernel."""
    assert {name: verdict(machine, number) for name, number in NEWER.items()} == dict.fromkeys(NEWER, errno.ENOSYS)
    for number in ((327, 328), (286, 287))[MACHINES.index(machine)]:  # preadv2, pwritev2
        assert verdict(machine, number) == errno.ENOSYS


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_that_python_needs_are_allowed(machine):
    column = MACHINES.index(machine)
    assert {name: verdict(machine, numbers[column]) for name, numbers in NEEDED.items()} == dict.fromkeys(
        NEEDED, "allowed"
    )


@pytest.mark.slow
@pytest.mark.parametrize(("machine", "allowed"), [("x86_64", 151), ("aarch64", 119)])
def test_calls_outside_the_table_are_refused(machine, allowed):
    """Whoever adds or removes a call must do it on purpose."""
    verdicts = [verdict(machine, number, 1 << 40) for number in range(0x1000)]
    assert verdicts.count("allowed") == allowed + {"x86_64": 3, "aarch64": 3}[machine]  # clone, fcntl and madvise of 0
    assert set(verdicts) == {"allowed", errno.EPERM, errno.ENOSYS, errno.ENOENT, errno.ENOTTY}


@pytest.mark.parametrize(("machine", "execve", "execveat"), [("x86_64", 59, 322), ("aarch64", 221, 281)])
def test_no_program_can_be_run(machine, execve, execveat):
    assert [verdict(machine, number) for number in (execve, execveat)] == [errno.ENOENT] * 2


@pytest.mark.parametrize(("machine", "fcntl"), [("x86_64", 72), ("aarch64", 25)])
def test_a_descriptor_can_be_duplicated_and_no_file_can_be_locked(machine, fcntl):
    assert [verdict(machine, fcntl, 3, command) for command in (0, 1, 2, 3, 4, 1030)] == ["allowed"] * 6
    # F_GETLK, SETLK, SETLKW, SETOWN, SETSIG, OFD_GETLK, OFD_SETLK, OFD_SETLKW, SETLEASE, GETLEASE, NOTIFY, SETPIPE_SZ
    for command in (5, 6, 7, 8, 10, 36, 37, 38, 1024, 1025, 1026, 1031):
        assert verdict(machine, fcntl, 3, command) == errno.EPERM, command
        assert verdict(machine, fcntl, 3, command | 1 << 32) == errno.EPERM, command  # the kernel reads the low half


@pytest.mark.parametrize(("machine", "madvise"), [("x86_64", 28), ("aarch64", 233)])
def test_madvise_works_only_on_own_memory(machine, madvise):
    assert [verdict(machine, madvise, 0, 4096, advice) for advice in (4, 8, 14)] == ["allowed"] * 3
    # WILLNEED, REMOVE, COLD, PAGEOUT, POPULATE_READ, POPULATE_WRITE, COLLAPSE
    for advice in (3, 9, 20, 21, 22, 23, 25):
        assert verdict(machine, madvise, 0, 4096, advice) == errno.EINVAL, advice


@pytest.mark.parametrize(("machine", "ioctl"), [("x86_64", 16), ("aarch64", 29)])
def test_ioctl_reaches_no_device(machine, ioctl):
    assert [verdict(machine, ioctl, 1, command) for command in (0x5401, 0x5451)] == ["allowed"] * 2
    for command in (0x5412, 0x541C, 0xB701, 0x40086602):  # TIOCSTI, TIOCLINUX, NS_GET_USERNS, FS_IOC_SETFLAGS
        assert verdict(machine, ioctl, 1, command) == errno.ENOTTY, hex(command)


@pytest.mark.parametrize(("machine", "prctl"), [("x86_64", 157), ("aarch64", 167)])
def test_a_process_may_name_itself_and_not_adopt_others(machine, prctl):
    assert verdict(machine, prctl, 15) == "allowed"
    for option in (4, 8, 22, 24, 28, 35, 36, 47):  # DUMPABLE, KEEPCAPS, SECCOMP, CAPBSET, SECUREBITS, MM, SUBREAPER, …
        assert verdict(machine, prctl, option) == errno.EPERM, option


@pytest.mark.parametrize(("machine", "clone"), [("x86_64", 56), ("aarch64", 220)])
def test_clone_makes_processes_and_threads_but_no_namespaces(machine, clone):
    assert verdict(machine, clone, 17) == "allowed"  # SIGCHLD: a fork
    assert verdict(machine, clone, 0x003D0F00) == "allowed"  # a thread, as glibc makes it
    for bit in (17, 25, 26, 27, 28, 29, 30):
        assert verdict(machine, clone, 1 << bit | 17) == errno.EPERM, bit


def test_calls_of_another_kind_end_the_process():
    assert run(filter_for("x86_64"), 0x40000003, 11) == KILL  # 32 bit
    assert run(filter_for("x86_64"), X86, 0x40000000 + 101) == KILL  # x32's ptrace
    assert run(filter_for("x86_64"), X86, 0x40000000) == KILL  # x32's read
    assert run(filter_for("aarch64"), X86, 0) == KILL


def test_a_machine_without_a_table_has_no_filter():
    assert filter_for("riscv64") == b""


PROBE = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def refused():
    calls = [libc.shmget(0, 4096, 0o1600), libc.msgget(0, 0o1600), libc.ptrace(0, 0, 0, 0)]
    return str([calls, os.strerror(ctypes.get_errno())])
def open_descriptors():
    import stat
    found = []
    for fd in range(256):
        try:
            mode = os.fstat(fd).st_mode
        except OSError:
            continue
        found.append("pipe" if stat.S_ISFIFO(mode) else oct(mode))
    return " ".join(found)
def hold():
    import time
    kept = bytearray(b"x" * (40 << 20))
    time.sleep(30)
    return len(kept)
"""


@pytest.fixture(scope="module")
def open_session(tmp_path_factory):
    """Start a process on the probe, with a launch that the test may change."""
    work = tmp_path_factory.mktemp("probe") / "work"  # the folder above it is for root only
    (work / "cs231n").mkdir(parents=True)
    (work / "cs231n" / "__init__.py").write_text("")
    (work / "cs231n" / "probe.py").write_text(PROBE)
    chosen, interpreter = choose_isolation("auto"), find_interpreter(sys.executable)
    functions = frozenset({"probe.refused", "probe.open_descriptors", "probe.hold"})
    plan = Plan(("probe",), functions, {"probe.py": PROBE.encode()})

    def make(**changes):
        return CheckProcess(
            Session(
                lambda: replace(chosen.launch(interpreter, work, "cs231n", LIMITS.at_start()), **changes), plan, LIMITS
            )
        )

    return make


@pytest.mark.process
def test_a_worker_has_the_filter(open_session):
    assert filter_for(os.uname().machine)
    with open_session() as process:
        process.begin(Setup(0))
        assert process.call("probe.refused", (), {}) == "[[-1, -1, -1], 'Operation not permitted']"


@pytest.mark.process
def test_a_worker_inherits_no_descriptor_but_pipes(open_session):
    """bwrap leaves the user namespace open that it entered."""
    with open_session() as process:
        process.begin(Setup(0))
        assert set(process.call("probe.open_descriptors", (), {}).split()) == {"pipe"}


@pytest.mark.process
def test_the_memory_of_all_processes_together_is_limited(open_session):
    """The limit is low here, so that the test needs little memory: far below what one process may have."""
    with open_session(memory=80 << 20) as process:
        process.begin(Setup(0))
        with pytest.raises(CallFailed) as caught:
            process.call("probe.hold", (), {})
        assert caught.value.failure.status == "crashed"
        assert say(caught.value.failure.reason) == (
            "The processes of hold together use more than twice 512 MiB of memory, the limit of one process."
        )
        assert process.session.box is None


@pytest.mark.process
def test_all_processes_together_may_hold_twice_the_memory_of_one(open_session):
    assert open_session().session.launch().memory == 2 * 512 << 20
