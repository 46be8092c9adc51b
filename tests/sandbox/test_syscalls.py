"""The filter of system calls: what it lets through, by an interpreter of its own; and that a worker has it."""

from __future__ import annotations

import errno
import os
import struct
import sys
from dataclasses import replace

import pytest

from grader.judging.student import CallFailed
from grader.sandbox.interpreter import find_interpreter
from grader.sandbox.isolation import choose_isolation
from grader.sandbox.limits import Limits
from grader.sandbox.plan import Plan
from grader.sandbox.session import Session
from grader.sandbox.syscalls import filter_for

X86, ARM = 0xC000003E, 0xC00000B7
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
LIMITS = Limits(2, 6.0, 5, 10.0, 60.0, 512, 8, 64, 8)


def run(program: bytes, architecture: int, number: int, argument: int = 0) -> int:
    """What the kernel does: one instruction after another on the call's number, architecture and arguments."""
    data = struct.pack("=IIQ6Q", number, architecture, 0, argument, 0, 0, 0, 0, 0)
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


REFUSED = [
    *[(X86, number) for number in (29, 30, 68, 250, 101, 310, 272, 308, 165, 321, 425, 323, 298, 169, 155, 161)],
    *[(ARM, number) for number in (194, 196, 186, 219, 117, 270, 97, 268, 40, 280, 425, 282, 241, 142, 41, 51)],
]


@pytest.mark.parametrize(("architecture", "number"), REFUSED)
def test_a_call_in_the_table_fails_with_eperm(architecture, number):
    program = filter_for("x86_64" if architecture == X86 else "aarch64")
    assert run(program, architecture, number) == ERRNO | errno.EPERM


@pytest.mark.parametrize(("machine", "architecture"), [("x86_64", X86), ("aarch64", ARM)])
def test_only_what_is_in_the_table_is_refused(machine, architecture):
    program = filter_for(machine)
    verdicts = [run(program, architecture, number) for number in range(600)]
    assert 45 < sum(verdict != ALLOW for verdict in verdicts) < 60
    assert set(verdicts) == {ALLOW, ERRNO | errno.EPERM, ERRNO | errno.ENOSYS}
    assert verdicts.count(ERRNO | errno.ENOSYS) == 1
    assert verdicts[435] == ERRNO | errno.ENOSYS  # clone3, on every architecture


@pytest.mark.parametrize(("machine", "architecture", "clone"), [("x86_64", X86, 56), ("aarch64", ARM, 220)])
def test_clone_makes_processes_and_threads_but_no_namespaces(machine, architecture, clone):
    program = filter_for(machine)
    assert run(program, architecture, clone, 17) == ALLOW  # SIGCHLD: a fork
    assert run(program, architecture, clone, 0x003D0F00) == ALLOW  # a thread, as glibc makes it
    for bit in (17, 25, 26, 27, 28, 29, 30):
        assert run(program, architecture, clone, 1 << bit | 17) == ERRNO | errno.EPERM, bit


def test_calls_of_another_kind_end_the_process():
    assert run(filter_for("x86_64"), 0x40000003, 11) == KILL  # 32 bit
    assert run(filter_for("x86_64"), X86, 0x40000000 + 101) == KILL  # x32's ptrace
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
    """A session on the probe, its launch changed as the test wants it."""
    work = tmp_path_factory.mktemp("probe") / "work"  # the one above it is for root only
    (work / "cs231n").mkdir(parents=True)
    (work / "cs231n" / "__init__.py").write_text("")
    (work / "cs231n" / "probe.py").write_text(PROBE)
    chosen, interpreter = choose_isolation("auto"), find_interpreter(sys.executable)
    functions = frozenset({"probe.refused", "probe.open_descriptors", "probe.hold"})
    plan = Plan(("probe",), functions, {"probe.py": PROBE.encode()})

    def make(**changes):
        return Session(
            lambda: replace(chosen.launch(interpreter, work, "cs231n", LIMITS.at_start()), **changes), plan, LIMITS
        )

    return make


def test_a_worker_has_the_filter(open_session):
    assert filter_for(os.uname().machine)
    with open_session() as session:
        session.begin(0)
        assert session.call("probe.refused", (), {}) == "[[-1, -1, -1], 'Operation not permitted']"


def test_a_worker_inherits_no_descriptor_but_pipes(open_session):
    """bwrap leaves open the user namespace that it was told to enter."""
    with open_session() as session:
        session.begin(0)
        assert set(session.call("probe.open_descriptors", (), {}).split()) == {"pipe"}


def test_what_all_processes_hold_together_is_bounded(open_session):
    """The bound is low here, so that little has to be held: far below what one process may have."""
    with open_session(memory=80 << 20) as session:
        session.begin(0)
        with pytest.raises(CallFailed) as caught:
            session.call("probe.hold", (), {})
        assert caught.value.failure.status == "crashed"
        assert caught.value.failure.text == (
            "hold holds more memory than it may: twice the 512 MiB that one process may, in all of its processes."
        )
        assert session.box is None


def test_the_bound_is_twice_what_one_process_may_have(open_session):
    assert open_session().launch().memory == 2 * 512 << 20


@pytest.mark.parametrize(("machine", "architecture", "number"), [("x86_64", X86, 41), ("aarch64", ARM, 198)])
def test_sockets_are_refused_where_no_namespace_takes_the_network_away(machine, architecture, number):
    assert run(filter_for(machine), architecture, number) == ALLOW
    assert run(filter_for(machine, network=False), architecture, number) == ERRNO | errno.EPERM
