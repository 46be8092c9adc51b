"""Replies that equal those of a right check are known to be right, and no others."""

from __future__ import annotations

import numpy as np
import pytest
from test_session import open_session  # noqa: F401  (a fixture)

from grader.sandbox.host.check_setup import Setup
from grader.sandbox.host.conversations import MOST_BYTES, START, STATE_BYTES, Conversations, End, Message, advance
from grader.sandbox.host.program import record
from grader.sandbox.host.session import Session

SOURCE = """
import numpy as np
def first(x):
    x[0] = 0.5
    return %s * x, (x,)
def second(dout, cache):
    return %s * dout
def raises():
    raise ValueError
"""


def looks(call):
    """A check of two messages: it looks at a value before the second one."""
    out, cache = call("case.first", (np.ones(3),), {})
    return out, call("case.second", (np.ones(3) * out[0], cache), {})


@pytest.fixture
def graded(open_session, monkeypatch):  # noqa: F811
    """Run one check on a submission. Returns its outcome, how often `work` ran, and the number of messages."""
    sent = []
    post = Session.post
    monkeypatch.setattr(Session, "post", lambda *given: (sent.append(1), post(*given))[1])

    def grade(setup, work, *factors, keep=lambda value: value):
        ran = []
        process = open_session(SOURCE % factors)
        sent.clear()
        outcome = process.run(lambda: (ran.append(1), work(process.call))[1], setup, keep=keep)
        return outcome, len(ran), len(sent) - 1  # without the import

    return grade


def setup_of(work, may_recall=True):
    return Setup(0, program=record(work, [("case.first", 2), ("case.second", 0)]), may_recall=may_recall)


def listed(value):
    return [one.tolist() for one in value]


@pytest.mark.process
def test_a_check_with_known_replies_does_not_run_and_has_the_same_outcome(graded):
    setup = setup_of(looks)
    one, *counts = graded(setup, looks, "2", "3")
    assert (listed(one.value), counts) == ([[1, 2, 2], [3, 3, 3]], [1, 2])
    # Other code, the same numbers.
    other, *counts = graded(setup, looks, "(1 + 1)", "6 / 2")
    assert (listed(other.value), counts) == ([[1, 2, 2], [3, 3, 3]], [0, 2])
    assert one.mutations == other.mutations == (("case.first", 0, False),)


@pytest.mark.process
@pytest.mark.parametrize("factors", [("np.nextafter(2, 3)", "3"), ("2", "np.nextafter(3, 2)")])
def test_a_reply_that_differs_in_one_bit_is_judged(graded, factors):
    """Wherever it differs, the check runs on what has come, and nothing is sent twice."""
    setup = setup_of(looks)
    graded(setup, looks, "2", "3")
    outcome, ran, messages = graded(setup, looks, *factors)
    assert (ran, messages) == (1, 2)
    assert listed(outcome.value) != [[1, 2, 2], [3, 3, 3]]
    assert graded(setup, looks, "2", "3")[1] == 0


@pytest.mark.process
def test_nothing_wrong_becomes_known(graded):
    setup = setup_of(looks)
    for _ in range(2):
        assert graded(setup, looks, "2", "3", keep=lambda value: None)[1] == 1
    assert not setup.program.known.after


@pytest.mark.process
def test_nothing_becomes_known_of_a_check_that_may_not_recall(graded):
    assert graded(setup_of(looks, may_recall=False), looks, "2", "3")[1] == 1
    setup = setup_of(looks)
    graded(setup, looks, "2", "3")
    silent = Setup(0, program=setup.program)
    assert graded(silent, looks, "2", "3")[1] == 1


@pytest.mark.process
def test_a_check_in_which_a_call_failed_never_becomes_known(graded):
    """A failure can depend on time or memory, which are not in a reply."""

    def catches(call):
        try:
            return call("case.raises", (), {})
        except Exception:
            return "caught"

    setup = setup_of(catches)
    for _ in range(2):
        outcome, ran, _ = graded(setup, catches, "2", "3")
        assert (outcome.value, ran) == ("caught", 1)


@pytest.mark.process
def test_a_check_that_sends_other_things_than_before_is_rerun_call_by_call(graded):
    """With the same replies only a check does this that is not a function of them."""
    factors = iter([1, 2, 2])

    def changes(call):
        out, cache = call("case.first", (np.ones(3),), {})
        return out + 0, call("case.second", (np.ones(3) * out[0] * next(factors), cache), {})

    setup = setup_of(looks)
    graded(setup, changes, "2", "3")
    outcome, ran, _ = graded(setup, changes, "2", "4")
    assert (listed(outcome.value), ran) == ([[1, 2, 2], [8, 8, 8]], 2)


def test_a_check_forgets_all_conversations_before_they_take_more_than_the_limit():
    known, longest = Conversations(), MOST_BYTES // STATE_BYTES
    for number in range(longest + 10):
        known.add({bytes([1]) * 31 + number.to_bytes(4, "big"): "case.first"})
        assert known.bytes == STATE_BYTES * len(known.after) <= MOST_BYTES
    assert len(known.after) == 10
    known.add({START: Message((b"", bytes(MOST_BYTES)), "case.first")})
    assert (known.after, known.bytes) == ({}, 0)
    known.add({START: End(1, ())})
    known.add({START: End(1, ())})
    assert known.bytes == STATE_BYTES


def test_the_hash_depends_on_every_byte_and_on_their_order():
    replies = [(b"[1]", b"ab"), (b"[1]a", b"b"), (b"[1]", b"ac"), (b"[2]", b"ab")]
    hashes = {advance(START, *reply) for reply in replies}
    hashes |= {advance(advance(START, *replies[0]), *replies[2]), advance(advance(START, *replies[2]), *replies[0])}
    assert len(hashes) == 6
