"""The processes that serve checks: the table of their states, and the outcomes that run() returns."""

from __future__ import annotations

import re
import sys
import time
from dataclasses import replace

import pytest

from grader.calls import CallFailed
from grader.errors import SandboxError
from grader.messages.say import say
from grader.sandbox.host.check_lifecycle import (
    ABSENT,
    BEGIN,
    END,
    EVENTS,
    FRESH,
    KILL,
    LOST,
    MOVES,
    OPENED,
    REOPENED,
    REQUEST,
    REUSED,
    STALE,
    STATES,
    STAY,
    WAITING,
)
from grader.sandbox.host.check_process import CheckProcess
from grader.sandbox.host.check_setup import Setup
from grader.sandbox.host.interpreter import find_interpreter
from grader.sandbox.host.isolation import choose_isolation
from grader.sandbox.host.limits import Limits
from grader.sandbox.host.plan import Plan
from grader.sandbox.host.session import Session
from grader.sandbox.host.time_account import TimeAccount

pytestmark = pytest.mark.process

LIMITS = Limits(
    cpu_s=1,
    wall_s=8,
    import_cpu_s=4,
    import_wall_s=20,
    memory_mib=512,
    processes=8,
    open_files=64,
    reply_mib=8,
    submission_wall_s=600,
)
SOURCE = """
import os, signal
kept = []
def who():
    return os.getpid()
def keep():
    kept.append(1)
    return len(kept)
def crash():
    os.kill(os.getpid(), signal.SIGKILL)
def fails_the_second_time():
    # The signal handler is not visible in any Python module, so the worker finds no trace of the first call.
    signal.signal(signal.SIGUSR1, lambda *given: None) if signal.getsignal(signal.SIGUSR1) == 0 else 1 / 0
    return os.getpid()
def wrong():
    return 1 / 0
"""


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    """Make a process that serves checks of one module, `case`."""
    root = tmp_path_factory.mktemp("door")
    package = root / "work" / "cs231n"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "case.py").write_text(SOURCE)
    interpreter, chosen = find_interpreter(sys.executable), choose_isolation("auto")
    names = re.findall(r"^def (\w+)", SOURCE, re.MULTILINE)
    plan = Plan(("case",), frozenset(f"case.{name}" for name in names), {"case.py": SOURCE.encode()})
    launch = lambda: chosen.launch(interpreter, root / "work", "cs231n", LIMITS.at_start())  # noqa: E731

    def make_one(account: TimeAccount | None = None) -> CheckProcess:
        return CheckProcess(Session(launch, plan, LIMITS, account))

    return make_one


@pytest.fixture
def process(make):
    with make() as one:
        yield one


def call(process: CheckProcess, name: str = "who"):
    return process.call(f"case.{name}", (), {})


def test_the_table_of_moves_has_every_state_and_every_event():
    assert set(MOVES) == set(STATES)
    assert {event for moves in MOVES.values() for event in moves} == set(EVENTS)
    assert {state for moves in MOVES.values() for state in moves.values()} == set(STATES)


# For each state, how a process reaches it from ABSENT; for each event, what causes it.
WAYS = {
    ABSENT: (),
    OPENED: (BEGIN,),
    FRESH: (BEGIN, REQUEST),
    WAITING: (BEGIN, REQUEST, STAY),
    REOPENED: (BEGIN, REQUEST, STAY, BEGIN),
    REUSED: (BEGIN, REQUEST, STAY, BEGIN, REQUEST),
    LOST: (BEGIN, REQUEST, KILL),
}
DEEDS = {
    BEGIN: lambda process: process.begin(Setup(0), fresh=False),
    REQUEST: call,
    STAY: lambda process: process.end(stay=True),
    END: lambda process: process.dismiss() if process.state == WAITING else process.end(),
    KILL: lambda process: process.kill(),
}


def go(process: CheckProcess, state: str) -> None:
    for event in WAYS[state]:
        DEEDS[event](process)
    assert process.state == state


@pytest.mark.parametrize(
    ("state", "event"), [(state, event) for state in STATES for event in MOVES[state] if event != STALE]
)
def test_a_real_worker_makes_every_move_of_the_table(process, state, event):
    go(process, state)
    DEEDS[event](process)
    assert process.state == MOVES[state][event]


def test_a_process_that_reports_that_it_is_stale_is_replaced_by_a_fresh_one(process):
    process.begin(Setup(0), fresh=False)
    assert call(process, "keep") == 1
    process.end(stay=True)
    process.begin(Setup(0), fresh=False)
    assert process.state == REOPENED
    assert call(process, "keep") == 1
    assert process.state == MOVES[REUSED][STALE] == FRESH


@pytest.mark.parametrize(("state", "event"), [(state, event) for state in STATES for event in EVENTS])
def test_a_move_that_is_not_in_the_table_raises_sandbox_error(make, state, event):
    process = make()
    process.state = state
    if event in MOVES[state]:
        process.move(event)
        assert process.state == MOVES[state][event]
    else:
        with pytest.raises(SandboxError, match=f"{event} is not possible while the process of a check is {state}"):
            process.move(event)


def test_a_call_without_a_check_raises_sandbox_error(process):
    with pytest.raises(SandboxError):
        call(process)


def test_a_check_that_fails_in_a_reused_process_is_rerun_and_only_the_rerun_counts(process):
    work = lambda: call(process, "fails_the_second_time")  # noqa: E731
    first, second = process.run(work, Setup(0)), process.run(work, Setup(0))
    assert (first.failure, first.processes, first.is_reused) == (None, 1, False)
    assert (second.failure, second.processes, second.is_reused) == (None, 2, False)
    assert first.value != second.value


def test_a_check_that_fails_in_a_fresh_process_is_not_rerun(process):
    outcome = process.run(lambda: call(process, "wrong"), Setup(0))
    assert outcome.failure is not None and outcome.failure.raised == "ZeroDivisionError"
    assert (outcome.processes, process.begun) == (1, 1)


def test_the_caller_decides_which_outcome_of_a_reused_process_counts(process):
    process.run(lambda: call(process), Setup(0))
    outcome = process.run(lambda: call(process, "wrong"), Setup(0), may_count=lambda failure: True)
    assert outcome.failure is not None
    assert (outcome.processes, outcome.is_reused, process.begun) == (1, True, 1)


def test_after_a_crash_in_a_reused_process_the_check_is_rerun_in_a_fresh_one(process):
    process.run(lambda: call(process), Setup(0))
    outcome = process.run(lambda: call(process, "crash"), Setup(0))
    assert outcome.failure is not None and outcome.failure.status == "crashed"
    assert outcome.processes == 2
    assert process.state == ABSENT
    assert process.run(lambda: call(process), Setup(0)).failure is None


def test_a_check_that_runs_alone_shares_its_process_with_no_other(process):
    before, alone, after = (
        process.run(lambda: call(process), Setup(0)).value,
        process.run_alone(lambda: call(process), Setup(0)).value,
        process.run(lambda: call(process), Setup(0)).value,
    )
    assert len({before, alone, after}) == 3


def test_every_further_call_after_a_crash_fails_with_the_same_failure(process):
    def work():
        with pytest.raises(CallFailed):
            call(process, "crash")
        assert process.state == LOST
        return call(process)

    outcome = process.run(work, Setup(0))
    assert outcome.failure is not None
    assert say(outcome.failure.reason) == "crash was killed by signal 9 (SIGKILL)."
    assert process.run(lambda: call(process), Setup(0)).failure is None


def test_an_exception_of_the_judge_ends_the_check_and_is_raised(process):
    def work():
        call(process)
        raise KeyError("ours")

    with pytest.raises(KeyError):
        process.run(work, Setup(0))
    assert process.state == ABSENT
    assert process.run(lambda: call(process), Setup(0)).failure is None


def test_all_processes_of_a_submission_share_one_account_of_time(make):
    account = TimeAccount()
    with make(account) as one, make(account) as other:
        one.run(lambda: call(one), Setup(0))
        started = account.start
        other.run(lambda: call(other), Setup(0))
        assert account.start > started > 0
        account.close()
        for process in (one, other):
            outcome = process.run(lambda process=process: call(process), Setup(0))
            assert outcome.failure is not None and outcome.failure.reason.id == "used_up"


def test_an_account_limits_every_wait_except_the_time_to_end_a_process():
    now = time.monotonic()
    account = TimeAccount(now + 10)
    assert account.deadline(60) == account.until
    assert now + 5 <= account.deadline(5) < now + 6
    assert account.deadline_to_end(60) == account.until + 0.5
    account.close()
    assert account.is_over and account.deadline(60) == 0
    assert now < account.deadline_to_end(60) < now + 1


def test_a_borrowed_process_uses_the_time_of_the_submission_that_it_serves(process):
    process.run(lambda: call(process), Setup(0))
    process.dismiss()
    process.session.lend(process.session.launch, TimeAccount(time.monotonic() - 1))
    assert process.is_idle
    with pytest.raises(CallFailed, match="used_up"):
        process.begin(replace(Setup(0), seed=1))
