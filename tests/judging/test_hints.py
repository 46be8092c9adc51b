"""A hint is precise or absent: one mistake, two mistakes side by side, and mistakes that raise."""

from __future__ import annotations

import pytest

from grader.calls import Failure
from grader.judging.compare import Fit, Judgement
from grader.judging.hints import find_hints
from grader.judging.verdict import Trial
from grader.messages.say import say_all
from grader.records import ERROR, FAILED, PASSED, TIMEOUT, Check, Comparison, as_written

HINTS = {"last": "The last layer.", "mode": "The mode.", "other": "The other."}
MIXED = {"rows": "Mixed up.", "columns": "Mixed up."}


def hint_of(trial, trials):
    return say_all(find_hints(trial, trials))


def check(name):
    return Check(f"m.f.{name}", "m.f", "m.py", "T", "hidden", 1, 1.0, 1.0, 1e-5, None, {}, run=len)


def judged(**right):
    return tuple(
        Judgement(Comparison(name, PASSED if one else FAILED, None if one else as_written("off"), 0.5, 1e-5))
        for name, one in right.items()
    )


def fit(*explained, explains_arrays=True, is_contradicted=False, is_specific=True, has_same_shape=False):
    return Fit(frozenset(explained), explains_arrays, is_contradicted, is_specific, has_same_shape, False, False)


def trial(name, fits=None, matched=(), beside=("last",), right=False, **more):
    fits = fits or {}
    variants = {name: HINTS[name] for name in fits}
    values = {"loss": right, "W3": right}
    return Trial(
        check(name),
        judgements=judged(**values),
        variants=variants,
        fits={} if right else fits,
        matched=frozenset(matched),
        beside=frozenset(beside),
        **more,
    )


def test_two_mistakes_each_get_their_hint_in_the_checks_that_they_explain():
    first = trial("a", {"last": fit("loss", "W3")}, ["last"])
    second = trial("b", {"mode": fit("loss")}, ["mode"])
    assert [hint_of(one, [first, second]) for one in (first, second)] == ["The last layer.", "The mode."]


def test_a_second_mistake_in_a_check_keeps_the_hint_for_the_values_it_leaves_alone():
    beside = trial("a", {"last": fit("W3")})
    assert hint_of(beside, [beside]) == "The last layer."
    alone = trial("a", {"last": fit("W3")}, beside=())
    assert hint_of(alone, [alone]) == ""


def test_two_mistakes_get_hints_if_they_explain_different_values_and_none_if_the_same():
    beside = ("last", "mode")
    both = trial("a", {"last": fit("W3"), "mode": fit("loss")}, beside=beside)
    assert hint_of(both, [both]) == "The mode. The last layer."
    same = trial("a", {"last": fit("W3"), "mode": fit("W3")}, beside=beside)
    assert hint_of(same, [same]) == ""


def test_the_misconception_that_explains_more_is_chosen():
    beside = ("last", "mode")
    more = trial("a", {"last": fit("W3"), "mode": fit("W3", "loss")}, beside=beside)
    assert hint_of(more, [more]) == "The mode."


@pytest.mark.parametrize(
    "other",
    [
        trial("b", {"last": fit(explains_arrays=False, is_contradicted=True)}),
        trial("b", {"last": fit()}, right=True),
        Trial(check("b"), judgements=judged(loss=True), raising=HINTS),
    ],
    ids=["a value that it changes is right", "a check that it fails passes", "a check in which it raises passes"],
)
def test_a_misconception_that_another_check_contradicts_gives_no_hint(other):
    first, strange = trial("a", {"last": fit("W3")}, ["last"]), trial("c")
    assert hint_of(first, [first, strange]) == "The last layer."
    assert hint_of(first, [first, strange, other]) == ""


def test_values_that_may_be_a_coincidence_give_no_hint():
    strange = trial("b")  # a second mistake, so that no misconception explains all
    first = trial("a", {"last": fit("W3", is_specific=False)}, ["last"])
    assert hint_of(first, [first, strange]) == ""


def raising(name, kinds, raised):
    failure = Failure(ERROR, "m.f", "m.f raised IndexError: no", raised="IndexError")
    return Trial(check(name), failure, raising=kinds, raised=frozenset(raised), by_outcome=MIXED)


PASSES = Trial(check("square"), judgements=judged(out=True), by_outcome=MIXED)


def test_a_mistake_is_recognised_by_the_failed_checks_and_their_exceptions():
    wide = raising("wide", MIXED, ["rows"])
    assert hint_of(wide, [PASSES, wide]) == "Mixed up."


def test_exceptions_give_no_hint_if_other_checks_than_expected_fail():
    wide = raising("wide", MIXED, ["rows"])
    assert hint_of(wide, [wide]) == ""  # nothing passes, so anything may be wrong
    assert hint_of(wide, [PASSES, wide, raising("tall", {}, [])]) == ""
    assert hint_of(wide, [PASSES, wide, Trial(check("tall"), judgements=judged(out=True), raising=MIXED)]) == ""
    assert hint_of(raising("wide", MIXED, []), [PASSES, raising("wide", MIXED, [])]) == ""  # another exception


def test_each_check_may_fail_in_its_own_style_but_one_style_fails_exactly_these_checks():
    wide, tall = raising("wide", MIXED, ["rows"]), raising("tall", MIXED, ["columns"])
    assert hint_of(tall, [PASSES, wide, tall]) == "Mixed up."
    apart = [raising("wide", {"rows": "Mixed up."}, ["rows"]), raising("tall", {"columns": "Mixed up."}, ["columns"])]
    assert hint_of(apart[0], [PASSES, *apart]) == ""


def test_a_check_stopped_by_another_function_gets_no_hint_of_this_one():
    for failure in (Failure(TIMEOUT, "m.f", "slow"), Failure(ERROR, "m.g", "raised", raised="IndexError")):
        stopped = Trial(check("wide"), failure, raising=MIXED, raised=frozenset(["rows"]), by_outcome=MIXED)
        assert hint_of(stopped, [PASSES, stopped]) == ""


def test_a_misconception_that_raises_the_same_gives_a_hint_if_another_checks_values_show_it():
    shown = trial("a", {"last": fit("W3")}, ["last"])
    failed = Failure(ERROR, "m.f", "raised", raised="IndexError")
    raised = Trial(check("b"), failed, raising={"last": HINTS["last"]}, raised=frozenset(["last"]))
    assert hint_of(raised, [shown, raised]) == "The last layer."
    assert hint_of(raised, [raised]) == ""
