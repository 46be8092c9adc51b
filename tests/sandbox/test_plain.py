"""A student's own code in a plain process: the same messages, without fork, select or limits of the system."""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from grader.calls import CallFailed
from grader.errors import SandboxError
from grader.messages.say import say
from grader.sandbox.host.box import Launch
from grader.sandbox.host.check_process import CheckProcess
from grader.sandbox.host.check_setup import Setup
from grader.sandbox.host.interpreter import find_interpreter
from grader.sandbox.host.isolation import PLAIN, choose_isolation
from grader.sandbox.host.limits import Limits
from grader.sandbox.host.plain_box import PlainBox
from grader.sandbox.host.plan import Plan
from grader.sandbox.host.session import Session

pytestmark = pytest.mark.process

LIMITS = Limits(
    cpu_s=1,
    wall_s=3,
    import_cpu_s=2,
    import_wall_s=6,
    memory_mib=512,
    processes=8,
    open_files=64,
    reply_mib=8,
    submission_wall_s=600,
)

STUBBORN = """
import time
def f():
    while True:
        try:
            time.sleep(1)
        except BaseException:
            pass
def g():
    return 1.0
"""
BUSY = """
import time
def f():
    until = time.process_time() + 0.4
    while time.process_time() < until:
        pass
"""


@pytest.fixture
def open_session(tmp_path):
    """Open a process on the source of one module, `case`, whose top-level functions can all be called."""
    interpreter, chosen = find_interpreter(sys.executable), choose_isolation(PLAIN)
    opened = []

    def open_one(source, limits=LIMITS):
        package = tmp_path / "work" / "cs231n"
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").write_text("")
        (package / "case.py").write_text(source)
        names = [line[4:].split("(")[0] for line in source.splitlines() if line.startswith("def ")]
        plan = Plan(("case",), frozenset(f"case.{name}" for name in names), {"case.py": source.encode()})
        launch = chosen.launch(interpreter, tmp_path / "work", "cs231n", limits.at_start())
        process = CheckProcess(Session(lambda: launch, plan, limits))
        opened.append(process)
        return process

    yield open_one
    for process in opened:
        process.kill()


def failure_of(process, name, *args):
    process.begin(Setup(0))
    with pytest.raises(CallFailed) as caught:
        process.call(f"case.{name}", args, {})
    process.end()
    return caught.value.failure


def value_of(process, name, *args, seed=0):
    process.begin(Setup(seed))
    value = process.call(f"case.{name}", args, {})
    process.end()
    return value


def test_one_process_serves_all_checks(open_session):
    process = open_session("import os\ndef pid():\n    return os.getpid()\n")
    assert value_of(process, "pid") == value_of(process, "pid") == process.session.box.process.pid


def test_large_arrays_go_both_ways(open_session):
    process = open_session("def double(x):\n    return 2 * x\n")
    x = np.arange(300_000.0)
    np.testing.assert_array_equal(value_of(process, "double", x), 2 * x)


def test_every_check_begins_with_its_seed(open_session):
    process = open_session("import numpy as np, random\ndef draw():\n    return np.random.rand() + random.random()\n")
    first, second, other = value_of(process, "draw"), value_of(process, "draw"), value_of(process, "draw", seed=1)
    assert first == second != other


def test_a_loop_that_never_ends_is_stopped_and_the_process_goes_on(open_session):
    process = open_session("def f():\n    while True:\n        pass\ndef g():\n    return 1.0\n")
    process.begin(Setup(0))
    worker = process.session.box.process.pid
    with pytest.raises(CallFailed) as caught:
        process.call("case.f", (), {})
    process.end()
    failure = caught.value.failure
    assert (failure.status, say(failure.reason)) == (
        "timeout",
        "f was still running after 1 s of CPU time. Perhaps a loop never ends.",
    )
    assert [(frame.file, frame.line) for frame in failure.frames] == [("case.py", 2)]
    assert value_of(process, "g") == 1.0
    assert process.session.box.process.pid == worker


def test_code_that_catches_everything_or_sleeps_is_ended_by_wall_time(open_session):
    process = open_session(STUBBORN)
    started = time.monotonic()
    assert failure_of(process, "f").status == "timeout"
    assert LIMITS.wall_s - 0.1 < time.monotonic() - started < LIMITS.wall_s + 10
    assert value_of(process, "g") == 1.0


def test_an_exit_costs_one_check(open_session):
    process = open_session("import os\ndef f():\n    os._exit(7)\ndef g():\n    return 1.0\n")
    failure = failure_of(process, "f")
    assert (failure.status, say(failure.reason)) == ("crashed", "f ended the process with exit code 7.")
    assert value_of(process, "g") == 1.0


def test_an_exception_has_the_students_line(open_session):
    process = open_session("def f():\n    return [][1 + 1]\n")
    failure = failure_of(process, "f")
    assert (failure.status, failure.frames[0].line) == ("error", 2)


def test_a_check_that_uses_its_time_in_many_calls_is_stopped(open_session):
    process = open_session(BUSY)
    process.begin(Setup(0))
    with pytest.raises(CallFailed) as caught:
        for _ in range(10):
            process.call("case.f", (), {})
    assert caught.value.failure.status == "timeout"
    process.end()
    assert value_of(process, "f") is None  # a new check has its own time


def test_prints_are_read_and_do_not_stop_the_worker(open_session):
    process = open_session("def f():\n    print('x' * (1 << 20))\n    return 1.0\n")
    assert value_of(process, "f") == 1.0
    assert value_of(process, "f") == 1.0


def test_a_worker_that_cannot_start_is_our_fault():
    with pytest.raises(SandboxError, match="cannot be started"):
        PlainBox(Launch(("/no/such/python",), {}, is_plain=True))


def test_killing_leaves_no_process(open_session):
    process = open_session("def f():\n    return 1.0\n")
    process.begin(Setup(0))
    worker = process.session.box.process
    process.kill()
    assert worker.poll() is not None
    assert process.session.box is None


def test_an_import_that_never_ends_is_stopped(open_session):
    limits = replace(LIMITS, import_wall_s=1.5)
    process = open_session("while True:\n    pass\ndef f():\n    return 1.0\n", limits)
    with pytest.raises(CallFailed) as caught:
        process.begin(Setup(0))
    assert caught.value.failure.status == "timeout"


def test_out_of_memory_without_a_limit_names_no_limit(open_session):
    failure = failure_of(open_session("def f():\n    raise MemoryError('too much')\n"), "f")
    assert (failure.status, say(failure.reason)) == ("crashed", "f ran out of memory. too much")
