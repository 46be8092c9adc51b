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

PAIR = [("case.twice", 2), ("case.backward", 0)]
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
TWICE = SOURCE + "def twice(x):\n    return 2 * x, (x,)\n"


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
    outcome = process.run(lambda: work(process.call), Setup(0, program=program), may_count=lambda outcome: True)
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


@pytest.mark.process
def test_the_result_of_a_recorded_check_is_known_without_running_it(open_session):  # noqa: F811
    def work(call):
        x, param = np.arange(3.0), {"name": "adam"}
        out = call("case.spoils", (x + 1,), {})
        return {"dx": call("case.backward", (x, (out + x, param)), {}), "steps": 1}

    process = open_session(SOURCE)
    process.begin(Setup(0, program=record(work, [])))
    results = process.exchange.results()
    assert results["dx"].tolist() == [0, 1, 4]
    assert results["steps"] == 1
    mutations = [("case.spoils", 0, True)]
    assert process.exchange.mutations == mutations
    assert work(process.call)["dx"].tolist() == [0, 1, 4]  # running it anyway gives the same replies
    assert process.exchange.mutations == mutations
    process.end()


@pytest.mark.process
@pytest.mark.parametrize(("function", "blamed"), [("case.ends", "case.ends"), ("case.absent", "case.absent")])
def test_a_check_runs_and_fails_at_the_call_that_returned_no_value(open_session, function, blamed):  # noqa: F811
    def work(call):
        call("case.spoils", (np.ones(2),), {})
        call(function, (np.ones(2),), {})
        return {"count": call("case.count", (), {})}

    process = open_session(SOURCE)
    process.begin(Setup(0, program=record(work, ())))
    assert process.exchange.results() is None
    with pytest.raises(CallFailed) as failed:
        work(process.call)
    assert failed.value.failure.function == blamed
    process.end()


@pytest.mark.process
def test_a_check_runs_if_a_call_changed_its_dict(open_session):  # noqa: F811
    def work(call):
        param = {"steps": 5}
        call("case.forward", (np.ones(2), param), {})
        return {"steps": param["steps"], "is_there": "mode" in param}

    process = open_session(SOURCE)
    program = record(work, ARITIES)
    assert program.result == {"steps": 5, "is_there": False}
    process.begin(Setup(0, program=program))
    assert process.exchange.results() is None
    assert work(process.call) == {"steps": 6, "is_there": False}
    process.end()


@pytest.mark.process
def test_a_check_runs_if_a_returned_value_lacks_what_it_takes(open_session):  # noqa: F811
    def work(call):
        out, _ = call("case.forward", (np.ones(2), {}), {})
        return {"W": out["W"], "again": call("case.count", (), {})}

    process = open_session(SOURCE)
    process.begin(Setup(0, program=record(work, ARITIES)))
    assert process.exchange.results() is None
    with pytest.raises(IndexError):
        work(process.call)
    process.end()


def test_a_check_that_looks_at_a_value_has_a_program_without_a_result():
    def work(call):
        return {"sum": float(call("case.count", (), {}))}

    assert record(work, ()).result is None


@pytest.fixture
def followed(open_session, monkeypatch):  # noqa: F811
    """A process that has served a right check; a check that counts earlier calls; another check; the sent messages."""
    process, sent = open_session(SOURCE), []
    check = Setup(0, program=record(lambda call: {"count": call("case.count", (), {})}, ()))
    other = Setup(1, program=record(lambda call: {"out": call("case.spoils", (np.ones(2),), {})}, ()))
    process.run(pytest.fail, check, accept=lambda results: 1)  # behind a check that was right, others are queued
    request_with = process.session.request_with
    monkeypatch.setattr(process.session, "request_with", lambda *given: (sent.append(1), request_with(*given))[1])
    return process, check, other, sent


@pytest.mark.process
def test_the_next_check_begins_while_the_results_of_one_are_compared(followed):
    process, check, other, sent = followed

    def accept(results):
        assert len(sent) == 2
        return results["count"] + 1

    assert process.run(pytest.fail, check, accept=accept, upcoming=[other, None].__getitem__).value == 1
    assert process.run(pytest.fail, other, accept=lambda results: results["out"].tolist()).value == [0, 0]
    assert len(sent) == 2


@pytest.mark.process
def test_a_queued_check_is_ended_if_another_one_comes_next(followed):
    process, check, other, _ = followed
    process.run(pytest.fail, check, accept=lambda results: 1, upcoming=[other, None].__getitem__)
    outcome = process.run(pytest.fail, check, accept=lambda results: results["count"] + 1)
    assert (outcome.value, outcome.is_reused) == (1, False)


@pytest.mark.process
def test_a_check_with_wrong_results_is_rerun_in_a_fresh_process_and_the_queued_one_after_it(followed):
    process, check, other, _ = followed
    reused = []

    def work():
        reused.append(process.is_reused)
        return process.call("case.count", (), {})

    process.run(pytest.fail, other, accept=lambda results: 1)
    outcome = process.run(work, check, accept=lambda results: None, upcoming=[other, None].__getitem__)
    assert (outcome.value, outcome.processes, reused) == (0, 2, [False])
    assert process.run(pytest.fail, other, accept=lambda results: results["out"].tolist()).value == [0, 0]


@pytest.mark.process
def test_a_queued_check_that_hangs_costs_little_time_if_it_is_not_run(followed, monkeypatch):
    process, check, _, _ = followed
    monkeypatch.setattr(check_lifecycle, "UNWANTED_S", 0.2)
    hangs = Setup(1, program=record(lambda call: {"out": call("case.hangs", (), {})}, ()))
    process.run(pytest.fail, check, accept=lambda results: 1)
    started = time.monotonic()
    outcome = process.run(
        lambda: process.call("case.count", (), {}),
        check,
        accept=lambda results: None,
        upcoming=[hangs, None].__getitem__,
    )
    assert (outcome.value, outcome.processes) == (0, 2)
    assert time.monotonic() - started < process.limits.wall_s / 2


def queued_behind(first, *others):
    """Make setups with programs for these checks. The first is assumed to make no calls beyond its program."""
    setups = [Setup(number, program=record(work, ())) for number, work in enumerate((first, *others))]
    setups[0].program.has_all_calls = True
    return setups


@pytest.mark.process
def test_a_queued_check_does_not_get_the_prints_of_the_check_before(open_session):  # noqa: F811
    source = SOURCE + "def prints(text):\n    print(text)\n    return 1\n"
    process = open_session(source)
    first, second = queued_behind(*(lambda call, text=text: {"v": call("case.prints", (text,), {})} for text in "ab"))
    quiet = Setup(0, program=record(lambda call: {"count": call("case.count", (), {})}, ()))
    process.run(pytest.fail, quiet, accept=lambda results: 1)

    def work():
        return process.call("case.prints", ("a",), {})

    outcome = process.run(work, first, accept=lambda results: 1, upcoming=[second, None].__getitem__)
    assert (outcome.prints, outcome.processes) == ("a\n", 2)
    outcome = process.run(pytest.fail, second, accept=lambda results: 1)
    assert outcome.prints == "b\n"


@pytest.mark.process
def test_a_check_that_makes_another_call_with_a_check_queued_is_rerun_call_by_call(open_session):  # noqa: F811
    def work(call):
        count = call("case.count", (), {})
        return {"counts": count + call("case.count", (), {}) if count == 0 else count}

    process = open_session(SOURCE)
    first, second = queued_behind(work, lambda call: {"count": call("case.count", (), {})})
    assert first.program.result is None
    process.run(pytest.fail, second, accept=lambda results: 1)
    upcoming = [second, None].__getitem__
    outcome = process.run(lambda: work(process.call), first, accept=pytest.fail, upcoming=upcoming)
    assert outcome.value == {"counts": 0}
    assert not first.program.has_all_calls
    assert process.run(pytest.fail, second, accept=lambda results: results["count"] + 1).value == 1


@pytest.mark.process
def test_a_queued_check_does_not_run_before_one_whose_process_found_traces(open_session):  # noqa: F811
    source = SOURCE + "def leaves():\n    calls.append(1)\n    return len(calls)\n"
    process = open_session(source)
    leaving, counting, last = queued_behind(
        lambda call: {"v": call("case.leaves", (), {})},
        lambda call: {"v": call("case.count", (), {})},
        lambda call: {"v": call("case.count", (), {})},
    )
    process.run(pytest.fail, counting, accept=lambda results: 1)
    upcoming = [counting, last, None]
    seen = [process.run(pytest.fail, leaving, accept=lambda results: results["v"] + 1, upcoming=upcoming.__getitem__)]
    seen.append(process.run(pytest.fail, counting, accept=lambda results: results["v"] + 1))
    seen.append(process.run(pytest.fail, last, accept=lambda results: results["v"] + 1))
    assert [one.value for one in seen] == [2, 1, 1]
    assert not process.may_queue


@pytest.mark.process
def test_a_lean_reply_leaves_out_values_that_only_other_calls_need(open_session):  # noqa: F811
    def work(call):
        out, cache = call("case.twice", (np.ones(3000),), {})
        return {"dx": call("case.backward", (out, cache), {})}

    process, lengths = open_session(TWICE), []
    program = record(work, PAIR)
    assert program.is_lean
    box_receive = Box.receive

    def receive(box, deadline):
        data = box_receive(box, deadline)
        lengths.append(len(data))
        return data

    process.run(pytest.fail, Setup(0, arities=PAIR, program=program), accept=lambda results: results)
    for lean in (True, False):
        lengths.append(0)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Box, "receive", receive)
            results = process.run(
                pytest.fail, Setup(0, arities=PAIR, program=program, lean=lean), accept=lambda results: results
            )
        assert results.value["dx"].tolist() == [2.0] * 3000
    border = lengths.index(0, 1)
    assert sum(lengths[:border]) < sum(lengths[border:]) / 1.5


@pytest.mark.process
def test_a_check_with_a_wrong_lean_reply_is_rerun_with_whole_replies(open_session):  # noqa: F811
    def work(call):
        out, cache = call("case.twice", (np.ones(3),), {})
        return {"dx": call("case.backward", (out, cache), {})}

    process = open_session(TWICE)
    setup = Setup(0, arities=PAIR, program=record(work, PAIR), lean=True)
    process.run(pytest.fail, setup, accept=lambda results: results)
    outcome = process.run(lambda: work(process.call), setup, accept=lambda results: None)
    assert (outcome.value["dx"].tolist(), outcome.processes) == ([2.0] * 3, 2)


@pytest.mark.process
def test_a_none_in_place_of_a_pair_is_not_taken_for_a_lean_reply(open_session):  # noqa: F811
    source = SOURCE + "def twice(x):\n    return (2 * x, (x,)) if len(x) == 3 else None\n"

    def works(length):
        def work(call):
            out, cache = call("case.twice", (np.ones(length),), {})
            return {"dx": call("case.backward", (out, cache), {})}

        return work

    process = open_session(source)
    right, wrong = (Setup(0, arities=PAIR, program=record(works(n), PAIR), lean=True) for n in (3, 4))
    assert wrong.program.is_lean
    process.run(pytest.fail, right, accept=lambda results: results)
    started = time.monotonic()
    outcome = process.run(lambda: works(4)(process.call), wrong, accept=lambda results: results)
    assert outcome.failure.reason.id == "returned_none"
    assert time.monotonic() - started < process.limits.wall_s / 2


@pytest.mark.process
def test_a_lean_check_that_raised_was_not_right(open_session):  # noqa: F811
    source = TWICE + "def raises(x):\n    raise ValueError\n"

    def work(call):
        out, cache = call("case.twice", (np.ones(3),), {})
        return {"dx": call("case.backward", (out, cache), {})}

    def raising(call):
        out, _ = call("case.twice", (np.ones(3),), {})
        return {"dx": call("case.raises", (out,), {})}

    process = open_session(source)
    right, wrong = (Setup(0, arities=PAIR[:1], program=record(one, PAIR), lean=True) for one in (work, raising))
    process.run(pytest.fail, right, accept=lambda results: results)
    assert process.was_right
    assert process.run(lambda: raising(process.call), wrong, accept=pytest.fail).failure.raised == "ValueError"
    assert not process.was_right


@pytest.mark.process
def test_queued_checks_that_took_the_sandbox_down_are_the_last_that_are_queued(followed, monkeypatch):
    process, check, _, _ = followed
    monkeypatch.setattr(check_lifecycle, "UNWANTED_S", 0.2)
    hangs = Setup(1, program=record(lambda call: {"out": call("case.hangs", (), {})}, ()))
    process.run(
        lambda: process.call("case.count", (), {}),
        check,
        accept=lambda results: None,
        upcoming=[hangs, None].__getitem__,
    )
    assert not process.may_queue


@pytest.mark.process
def test_prints_of_a_queued_check_stay_apart_where_the_sandbox_is_killed_in_between(open_session, monkeypatch):  # noqa: F811
    process = open_session(SOURCE + "def prints(text):\n    print(text)\n    return 1\n")
    first, second = queued_behind(*(lambda call, text=text: {"v": call("case.prints", (text,), {})} for text in "ab"))
    quiet = Setup(0, program=record(lambda call: {"count": call("case.count", (), {})}, ()))
    process.run(pytest.fail, quiet, accept=lambda results: 1)
    is_quiet = process.session.is_quiet

    def not_quiet(**given):
        monkeypatch.setattr(process.session, "is_quiet", is_quiet)
        time.sleep(0.5)  # the queued check prints meanwhile
        return False

    monkeypatch.setattr(process.session, "is_quiet", not_quiet)
    outcome = process.run(
        lambda: process.call("case.prints", ("a",), {}),
        first,
        accept=lambda results: 1,
        upcoming=[second, None].__getitem__,
    )
    assert (outcome.prints, outcome.processes) == ("a\n", 2)


@pytest.mark.process
@pytest.mark.parametrize(("size", "is_queued"), [(1 << 16, True), (1 << 12, False)])
def test_nothing_is_queued_that_the_pipe_does_not_hold(followed, size, is_queued):
    process, check, _, _ = followed
    fcntl.fcntl(process.session.box.requests, fcntl.F_SETPIPE_SZ, size)
    long = Setup(1, program=record(lambda call: {"out": call("case.spoils", (np.ones(600),), {})}, ()))
    process.run(pytest.fail, check, accept=lambda results: 1, upcoming=[long, None].__getitem__)
    assert bool(process.queued) == is_queued
    assert process.run(pytest.fail, long, accept=lambda results: results["out"].sum() + 1).value == 1


@pytest.mark.process
def test_a_queued_check_does_not_begin_after_the_end_of_the_submissions_time(followed):
    process, check, other, _ = followed
    process.run(pytest.fail, check, accept=lambda results: 1, upcoming=[other, None].__getitem__)
    assert process.queued
    time.sleep(0.2)  # its reply has come
    process.session.account.close()
    assert process.run(pytest.fail, other, accept=pytest.fail).failure.status == "timeout"
