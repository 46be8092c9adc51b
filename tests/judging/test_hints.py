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


def test_a_second_mistake_in_the_same_check_silences_no_hint_of_what_it_leaves_alone():
    beside = trial("a", {"last": fit("W3")})
    assert hint_of(beside, [beside]) == "The last layer."
    alone = trial("a", {"last": fit("W3")}, beside=())
    assert hint_of(alone, [alone]) == ""


def test_two_mistakes_that_explain_other_values_of_one_check_are_both_told_and_two_of_one_value_neither():
    beside = ("last", "mode")
    both = trial("a", {"last": fit("W3"), "mode": fit("loss")}, beside=beside)
    assert hint_of(both, [both]) == "The mode. The last layer."
    same = trial("a", {"last": fit("W3"), "mode": fit("W3")}, beside=beside)
    assert hint_of(same, [same]) == ""


def test_the_misconception_that_explains_more_is_the_one():
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
def test_a_misconception_that_is_denied_elsewhere_is_not_hinted_at(other):
    first, strange = trial("a", {"last": fit("W3")}, ["last"]), trial("c")
    assert hint_of(first, [first, strange]) == "The last layer."
    assert hint_of(first, [first, strange, other]) == ""


def test_values_that_may_be_a_coincidence_are_no_ground_for_a_hint():
    strange = trial("b")  # a second mistake, so that nothing explains all
    first = trial("a", {"last": fit("W3", is_specific=False)}, ["last"])
    assert hint_of(first, [first, strange]) == ""


def raising(name, kinds, raised):
    failure = Failure(ERROR, "m.f", "m.f raised IndexError: no", raised="IndexError")
    return Trial(check(name), failure, raising=kinds, raised=frozenset(raised), by_outcome=MIXED)


PASSES = Trial(check("square"), judgements=judged(out=True), by_outcome=MIXED)


def test_a_mistake_is_told_by_the_checks_that_fail_and_what_they_raise():
    wide = raising("wide", MIXED, ["rows"])
    assert hint_of(wide, [PASSES, wide]) == "Mixed up."


def test_a_mistake_is_not_told_by_what_is_raised_if_another_check_fails_or_passes_than_should():
    wide = raising("wide", MIXED, ["rows"])
    assert hint_of(wide, [wide]) == ""  # nothing passes: anything may be wrong
    assert hint_of(wide, [PASSES, wide, raising("tall", {}, [])]) == ""
    assert hint_of(wide, [PASSES, wide, Trial(check("tall"), judgements=judged(out=True), raising=MIXED)]) == ""
    assert hint_of(raising("wide", MIXED, []), [PASSES, raising("wide", MIXED, [])]) == ""  # another exception


def test_each_check_may_fail_as_in_another_style_but_the_checks_are_those_of_one():
    wide, tall = raising("wide", MIXED, ["rows"]), raising("tall", MIXED, ["columns"])
    assert hint_of(tall, [PASSES, wide, tall]) == "Mixed up."
    apart = [raising("wide", {"rows": "Mixed up."}, ["rows"]), raising("tall", {"columns": "Mixed up."}, ["columns"])]
    assert hint_of(apart[0], [PASSES, *apart]) == ""


def test_a_check_that_was_stopped_or_failed_elsewhere_gets_no_hint_of_this_function():
    for failure in (Failure(TIMEOUT, "m.f", "slow"), Failure(ERROR, "m.g", "raised", raised="IndexError")):
        stopped = Trial(check("wide"), failure, raising=MIXED, raised=frozenset(["rows"]), by_outcome=MIXED)
        assert hint_of(stopped, [PASSES, stopped]) == ""


def test_a_misconception_that_raises_the_same_is_hinted_at_if_the_values_of_another_check_show_it():
    shown = trial("a", {"last": fit("W3")}, ["last"])
    failed = Failure(ERROR, "m.f", "raised", raised="IndexError")
    raised = Trial(check("b"), failed, raising={"last": HINTS["last"]}, raised=frozenset(["last"]))
    assert hint_of(raised, [shown, raised]) == "The last layer."
    assert hint_of(raised, [raised]) == ""
