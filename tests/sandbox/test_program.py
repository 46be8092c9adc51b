"""A check as a program: which calls it records, and that only the calls that the check makes count."""

from __future__ import annotations

import fcntl
import time

import numpy as np
import pytest
from test_session import open_session  # noqa: F401  (a fixture)

from grader.calls import CallFailed
from grader.judging.placeholder import Look, Placeholder
from grader.sandbox.host import check_lifecycle
from grader.sandbox.host.box import Box
from grader.sandbox.host.check_lifecycle import FRESH
from grader.sandbox.host.check_setup import Setup
from grader.sandbox.host.program import Diverged, Replay, record
from grader.sandbox.inside.protocol import Handle

ARITIES = [("case.forward", 2), ("case.backward", 0), ("case.forward", 2)]
SOURCE = """import os, time
import numpy as np
calls = []
def forward(x, param):
    calls.append(1)
    param['steps'] = param.get('steps', 0) + 1
    return 2 * x, (x, param)
def backward(dout, cache):
    return dout * cache[0]
def count():
    return len(calls)
def nothing(x):
    for number in x:
        if number > 9:
            return number
def ends(x):
    os._exit(3)
def hangs():
    time.sleep(600)
def spoils(x):
    x[:] = 0
    return x
"""


def run(process, work, program):
    return process.run(lambda: work(process.call), Setup(0, program=program))


@pytest.mark.parametrize(
    "look",
    [
        lambda one: one + 1 > 0,
        lambda one: one.shape[0],
        lambda one: one.shape == (2,),
        lambda one: one.size,
        lambda one: isinstance(one, np.ndarray),
        lambda one: np.sum(one),
        lambda one: np.asarray(one),
        lambda one: np.ones(2) @ one,
        lambda one: list(one),
        lambda one: len(one),
        lambda one: one["x"][0],
        lambda one: {**one},
        lambda one: f"{one}",
        lambda one: 1 if one else 0,
        lambda one: float(one),
        lambda one: one.__setitem__(0, 1),
    ],
)
def test_reading_a_placeholder_ends_the_recording(look):
    with pytest.raises(Look):
        look(Placeholder("call", (0,)))


def test_arithmetic_on_a_placeholder_does_not_read_it():
    one = Placeholder("call", (0,))
    for other in (0.9 * one, np.ones(2) - one, one["W"] + 1, -one, np.reshape(one, (2, 1)), one.astype(np.float64)):
        assert type(other) is Placeholder


def test_a_program_holds_the_calls_before_the_first_look_and_refers_to_their_results():
    def work(call):
        out, cache = call("case.forward", (np.ones(2), {}), {})
        call("case.backward", (3 * out, cache), {})
        np.sum(out)
        call("case.count", (), {})

    program = record(work, ARITIES)
    assert [program.steps[number][1] for number in program.calls] == ["case.forward", "case.backward"]
    assert program.steps[1:4] == (("item", Handle(0, ""), 0), ("mul", 3, Handle(1, "")), ("item", Handle(0, ""), 1))
    assert program.steps[4][2] == (Handle(2, ""), Handle(3, ""))
    assert [program.steps[number][4] for number in program.calls] == [2, 0]


def test_a_program_has_arrays_as_they_were_at_the_call():
    def work(call):
        x = np.zeros(2)
        call("case.spoils", (x,), {})
        x += 1

    assert record(work, ()).steps[0][2][0].tolist() == [0, 0]


def test_a_check_that_reads_a_value_at_once_has_no_program():
    assert record(lambda call: None, ()) is None


@pytest.mark.parametrize(
    "call", [("case.backward", (1.0,), {}), ("case.forward", (2.0,), {}), ("case.forward", (), {})]
)
def test_a_call_that_the_program_does_not_have_next_diverges(call):
    replay = Replay(record(lambda do: do("case.forward", (1.0,), {}), ()))
    replay.expect("case.forward", (1.0,), {})
    with pytest.raises(Diverged):
        replay.expect(*call)


@pytest.mark.process
def test_a_check_gets_the_same_values_from_a_program_as_from_its_calls(open_session):  # noqa: F811
    def work(call):
        param = {"name": "adam"}
        out, cache = call("case.forward", (np.arange(3.0), param), {})
        dx = call("case.backward", (out, cache), {})
        param["mode"] = "test"
        call("case.forward", (dx, param), {})
        return dx, dict(param)

    process = open_session(SOURCE)
    program = record(work, ARITIES)
    assert len(program.calls) == 3
    for given in (program, None):
        dx, param = run(process, work, given).value
        assert dx.tolist() == [0, 2, 8]
        assert param == {"name": "adam", "steps": 2, "mode": "test"}


@pytest.mark.process
def test_a_program_takes_one_message(open_session, monkeypatch):  # noqa: F811
    process, sent = open_session(SOURCE), []
    program = record(lambda call: [call("case.count", (), {}) for _ in range(5)], ())
    post = process.post
    monkeypatch.setattr(process, "post", lambda *given: (sent.append(1), post(*given)))
    assert run(process, lambda call: [call("case.count", (), {}) for _ in range(5)], program).value == [0] * 5
    assert sent == [1]


@pytest.mark.process
def test_a_check_that_makes_other_calls_than_its_program_is_rerun_call_by_call(open_session):  # noqa: F811
    """A placeholder is never None, so this check makes other calls with a value than it recorded."""

    def work(call):
        got = call("case.nothing", (np.ones(1),), {})
        call("case.forward" if got is not None else "case.spoils", (np.ones(2), *([{}] if got is not None else [])), {})
        return call("case.count", (), {})

    program = record(work, ())
    process = open_session(SOURCE)
    assert [program.steps[number][1] for number in program.calls][1] == "case.forward"
    outcome = run(process, work, program)
    assert outcome.failure is None
    assert outcome.value == 0  # the program's forward ran in the first process, this call in a fresh one


@pytest.mark.process
def test_the_failure_names_the_call_at_which_the_process_ended(open_session):  # noqa: F811
    def work(call):
        call("case.spoils", (np.ones(2),), {})
        call("case.ends", (np.ones(2),), {})
        call("case.count", (), {})

    process = open_session(SOURCE)
    outcome = run(process, work, record(work, ()))
    assert outcome.failure.function == "case.ends"
    assert outcome.failure.reason.values["code"] == "3"
    assert outcome.mutations == (("case.spoils", 0, True),)


@pytest.mark.process
def test_the_failure_names_the_call_also_if_a_reused_process_sends_several_replies_at_once(open_session):  # noqa: F811
    def first(call):
        return call("case.count", (), {})

    def work(call):
        call("case.spoils", (np.ones(2),), {})
        call("case.ends", (np.ones(2),), {})

    process = open_session(SOURCE)
    assert run(process, first, record(first, ())).value == 0
    outcome = run(process, work, record(work, ()))
    assert outcome.processes == 2
    assert outcome.failure.function == "case.ends"
    assert outcome.mutations == (("case.spoils", 0, True),)


@pytest.mark.process
def test_several_results_arrive_at_once_and_each_has_its_time(open_session, monkeypatch):  # noqa: F811
    process, heard = open_session(SOURCE), []

    def work(call):
        return [call("case.count", (), {}) for _ in range(5)]

    receive = Box.receive
    monkeypatch.setattr(Box, "receive", lambda self, until: (heard.append(1), receive(self, until))[1])
    program = record(work, ())
    run(process, work, program)
    del heard[:]
    outcome = process.run(lambda: work(process.call), Setup(0, program=program), may_count=lambda failure: True)
    assert (outcome.value, outcome.is_reused) == ([0] * 5, True)
    assert len(heard) == 1
    assert 0 < process.session.account.functions < 1


@pytest.mark.process
def test_an_argument_from_the_program_is_a_copy_and_its_change_is_reported(open_session):  # noqa: F811
    def work(call):
        out, _ = call("case.forward", (np.ones(2), {}), {})
        call("case.spoils", (out,), {})
        call("case.spoils", (out,), {})
        return out

    process = open_session(SOURCE)
    outcome = run(process, work, record(work, ARITIES))
    assert outcome.value.tolist() == [2, 2]
    assert outcome.mutations == (("case.spoils", 0, True),) * 2


@pytest.mark.process
def test_the_worker_stops_at_a_call_with_a_wrong_number_of_values(open_session):  # noqa: F811
    """The function returns another number of values than the reference. No call after it runs."""

    def work(call):
        one, _ = call("case.nothing", (np.ones(2),), {})
        call("case.forward", (one, {}), {})

    process = open_session(SOURCE)
    process.begin(Setup(0, arities=[("case.nothing", 2)], program=record(work, [("case.nothing", 2)])))
    with pytest.raises(CallFailed):
        work(process.call)
    assert process.exchange.replies_due == 0
    assert process.call("case.count", (), {}) == 0
    process.end()


@pytest.mark.process
def test_a_check_that_makes_fewer_calls_than_its_program_leaves_no_reply_behind(open_session):  # noqa: F811
    process = open_session(SOURCE)
    program = record(lambda call: [call("case.count", (), {}) for _ in range(9)], ())
    process.begin(Setup(0, program=program))
    assert process.call("case.count", (), {}) == 0
    assert process.state == FRESH and process.exchange.replies_due == 8
    process.end()
    assert process.session.box is not None
    assert run(process, lambda call: call("case.count", (), {}), None).value == 0


@pytest.mark.process
def test_calls_sent_ahead_take_one_message(open_session, monkeypatch):  # noqa: F811
    process, sent = open_session(SOURCE), []

    def ask():
        return [process.call("case.forward", (np.full(2, float(k)), {}), {})[0] for k in range(6)]

    def work():
        process.ahead(ask)
        return [float(out.sum()) for out in ask()]

    post = process.post
    monkeypatch.setattr(process, "post", lambda *given: (sent.append(1), post(*given)))
    assert process.run_alone(work, Setup(0)).value == [0, 4, 8, 12, 16, 20]
    assert sent == [1]


@pytest.mark.process
def test_calls_sent_ahead_that_do_not_match_are_made_one_by_one(open_session):  # noqa: F811
    process = open_session(SOURCE)

    def work():
        process.ahead(lambda: process.call("case.forward", (np.ones(2), {}), {}))
        return process.call("case.count", (), {})

    assert process.run_alone(work, Setup(0)).value == 0


@pytest.fixture
def followed(open_session, monkeypatch):  # noqa: F811
    """A process that has served a right check; a check that counts earlier calls; another check; the sent messages."""
    process, sent = open_session(SOURCE), []
    check, other = Check(process, count), Check(process, spoil, seed=1)
    check.run()  # behind a check that was right, others are queued
    request_with = process.session.request_with
    monkeypatch.setattr(process.session, "request_with", lambda *given: (sent.append(1), request_with(*given))[1])
    return process, check, other, sent


def count(call):
    return call("case.count", (), {})


def spoil(call):
    return call("case.spoils", (np.ones(2),), {}).tolist()


def hang(call):
    return call("case.hangs", (), {})


class Check:
    """One check: `work` on a process, and its setup. Its value is right, and the checks in `upcoming` follow it."""

    def __init__(self, process, work, *, seed=0, has_all_calls=True):
        self.process, self.work = process, work
        self.setup = Setup(seed, program=record(work, ()))
        self.setup.program.has_all_calls = has_all_calls

    def run(self, *upcoming, keep=lambda value: value, is_made=lambda: None):
        following = [one.setup for one in upcoming]

        def work():
            is_made()
            return self.work(self.process.call)

        return self.process.run(
            work,
            self.setup,
            keep=keep,
            upcoming=lambda number: following[number] if number < len(following) else None,
        )


def wrong(value):
    return None


@pytest.mark.process
def test_the_next_check_begins_while_a_check_runs_on_the_results_of_its_program(followed):
    _, check, other, sent = followed
    assert check.run(other, is_made=lambda: sent.append(0)).value == 0
    assert sent == [1, 1, 0]
    assert other.run().value == [0, 0]
    assert sent == [1, 1, 0]


@pytest.mark.process
def test_nothing_is_queued_behind_a_check_after_a_wrong_one(followed):
    process, check, other, _ = followed
    check.run(keep=wrong)
    check.run(other)
    assert not process.queued


@pytest.mark.process
def test_a_queued_check_is_ended_if_another_one_comes_next(followed):
    _, check, other, _ = followed
    check.run(other)
    outcome = check.run()
    assert (outcome.value, outcome.is_reused) == (0, False)


@pytest.mark.process
def test_a_wrong_check_is_rerun_in_a_fresh_process_and_the_queued_one_after_it(followed):
    process, check, other, _ = followed
    reused = []
    other.run()
    outcome = check.run(other, keep=wrong, is_made=lambda: reused.append(process.is_reused))
    assert (outcome.value, outcome.processes, reused) == (0, 2, [True, False])
    assert other.run().value == [0, 0]


@pytest.mark.process
def test_a_queued_check_that_hangs_costs_little_time_if_it_is_not_run(followed, monkeypatch):
    process, check, _, _ = followed
    monkeypatch.setattr(check_lifecycle, "UNWANTED_S", 0.2)
    started = time.monotonic()
    outcome = check.run(Check(process, hang, seed=1), keep=wrong)
    assert (outcome.value, outcome.processes) == (0, 2)
    assert time.monotonic() - started < process.limits.wall_s / 2
    assert not process.may_queue  # the queued check took the sandbox down


@pytest.mark.process
def test_a_queued_check_does_not_get_the_prints_of_the_check_before(open_session):  # noqa: F811
    process = open_session(SOURCE + "def prints(text):\n    print(text)\n    return 1\n")
    first, second = (Check(process, lambda call, text=text: call("case.prints", (text,), {})) for text in "ab")
    Check(process, count).run()
    outcome = first.run(second)
    assert (outcome.prints, outcome.processes) == ("a\n", 2)
    assert second.run().prints == "b\n"


@pytest.mark.process
def test_a_check_that_makes_another_call_with_a_check_queued_is_rerun_call_by_call(open_session):  # noqa: F811
    def work(call):
        found = count(call)
        return found + count(call) if found == 0 else found

    process = open_session(SOURCE)
    first, second = Check(process, work), Check(process, count)
    second.run()
    assert first.run(second).value == 0
    assert not first.setup.program.has_all_calls
    assert second.run().value == 0


@pytest.mark.process
def test_a_queued_check_does_not_run_before_one_whose_process_found_traces(open_session):  # noqa: F811
    process = open_session(SOURCE + "def leaves():\n    calls.append(1)\n    return len(calls)\n")
    leaving = Check(process, lambda call: call("case.leaves", (), {}))
    counting, last = Check(process, count), Check(process, count)
    counting.run()
    assert [leaving.run(counting, last).value, counting.run().value, last.run().value] == [1, 0, 0]
    assert not process.may_queue


@pytest.mark.process
def test_prints_of_a_queued_check_stay_apart_where_the_sandbox_is_killed_in_between(open_session, monkeypatch):  # noqa: F811
    process = open_session(SOURCE + "def prints(text):\n    print(text)\n    return 1\n")
    first, second = (Check(process, lambda call, text=text: call("case.prints", (text,), {})) for text in "ab")
    Check(process, count).run()
    is_quiet = process.session.is_quiet

    def not_quiet(**given):
        monkeypatch.setattr(process.session, "is_quiet", is_quiet)
        time.sleep(0.5)  # the queued check prints meanwhile
        return False

    monkeypatch.setattr(process.session, "is_quiet", not_quiet)
    outcome = first.run(second)
    assert (outcome.prints, outcome.processes) == ("a\n", 2)


@pytest.mark.process
@pytest.mark.parametrize(("size", "is_queued"), [(1 << 16, True), (1 << 12, False)])
def test_nothing_is_queued_that_the_pipe_does_not_hold(followed, size, is_queued):
    process, check, _, _ = followed
    fcntl.fcntl(process.session.box.requests, fcntl.F_SETPIPE_SZ, size)
    long = Check(process, lambda call: call("case.spoils", (np.ones(600),), {}).sum(), seed=1)
    check.run(long)
    assert bool(process.queued) == is_queued
    assert long.run().value == 0


@pytest.mark.process
def test_a_queued_check_does_not_begin_after_the_end_of_the_submissions_time(followed):
    process, check, other, _ = followed
    check.run(other)
    assert process.queued
    time.sleep(0.2)  # its reply has come
    process.session.account.close()
    assert other.run().failure.status == "timeout"
