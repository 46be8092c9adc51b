"""What a check earns: points by weight, follow-through in full, half or not at all, and who caused a failure."""

from dataclasses import replace

import numpy as np
import pytest

from grader.calls import Failure
from grader.judging.compare import Judgement
from grader.judging.follow import reach_rng
from grader.judging.hints import common_hint
from grader.judging.verdict import Trial, settle, status_of, sum_up
from grader.messages.of_check import message_of
from grader.messages.say import say, say_all
from grader.records import (
    CRASHED,
    ERROR,
    FAILED,
    MISSING,
    NOT_APPLICABLE,
    PARTIAL,
    PASSED,
    SKIPPED,
    TIMEOUT,
    Check,
    CheckResult,
    Comparison,
    Frame,
    as_written,
)


def check_of(name="strided", function="layers.conv_backward", needs="layers.conv_forward", max_points=8.0):
    return Check(
        f"{function}.{name}", function, "layers.py", "Title.", "hidden", 1, 1.0, max_points, 1e-5, needs, {}, run=len
    )


def judgements(**passed):
    """name=(passed, weight)"""
    return tuple(
        Judgement(
            Comparison(
                name, PASSED if right else FAILED, None if right else as_written(f"{name} is off."), 0.5, 1e-5, weight
            )
        )
        for name, (right, weight) in passed.items()
    )


GRADIENTS_WRONG = judgements(dx=(False, 2.0), dw=(False, 2.0), db=(True, 1.0))
FORWARD = check_of("worked", "layers.conv_forward", None, 4.0)
FORWARD_WRONG = Trial(FORWARD, judgements=judgements(out=(False, 1.0)))
FORWARD_RIGHT = Trial(check_of("other", "layers.conv_forward", None, 4.0), judgements=judgements(out=(True, 1.0)))
FLIP = {"flip": "The kernel is flipped."}
FORWARD_KNOWN = Trial(FORWARD, judgements=judgements(out=(False, 1.0)), matched=frozenset(FLIP), variants=FLIP)


def backward(**more):
    return Trial(check_of(), judgements=GRADIENTS_WRONG, **{"same_reach": True, **more})


def settled(*trials):
    return settle(trials)[0]


def test_points_are_shared_out_by_the_weights_of_the_comparisons():
    result = settled(Trial(check_of(), judgements=GRADIENTS_WRONG))
    assert (result.points, result.max_points, result.status) == (8.0 * 1 / 5, 8.0, PARTIAL)
    assert message_of(result) == "conv_backward: dx is off. conv_backward: dw is off."
    assert not result.follow_through


@pytest.mark.parametrize(("right", "points", "status"), [(True, 8.0, PASSED), (False, 0.0, FAILED)])
def test_all_right_passes_and_all_wrong_fails(right, points, status):
    result = settled(Trial(check_of(), judgements=judgements(dx=(right, 2.0), db=(right, 0.1))))
    assert (result.points, result.status) == (points, status)
    assert (message_of(result) == "") == right


def test_a_check_of_odd_weights_still_earns_all_of_its_points():
    parts = judgements(a=(True, 0.1), b=(True, 0.2), c=(True, 0.3))
    result = settled(Trial(check_of(max_points=20 / 3), judgements=parts))
    assert result.points == pytest.approx(20 / 3, abs=1e-6)
    assert result.status == PASSED


def test_a_gradient_of_a_completely_wrong_forward_counts_half():
    result = settled(backward(agreed=frozenset({"dx", "dw"})), FORWARD_WRONG)
    assert result.points == pytest.approx(8.0 * (1 + 0.5 * 4) / 5)
    assert (result.status, result.follow_through) == (PARTIAL, True)
    assert ("dw and dx are the gradients of your own conv_forward, which is wrong. They count half.") in message_of(
        result
    )
    assert [part.follow_through for part in result.comparisons] == [True, True, False]
    assert [part.status for part in result.comparisons] == [FAILED, FAILED, PASSED]


@pytest.mark.parametrize(
    "forward", [(FORWARD_KNOWN,), (FORWARD_WRONG, FORWARD_RIGHT)], ids=["known mistake", "right elsewhere"]
)
def test_a_gradient_of_a_forward_that_is_known_or_right_elsewhere_counts_in_full(forward):
    result = settled(backward(agreed=frozenset({"dx", "dw"})), *forward)
    assert (result.points, result.follow_through) == (8.0, True)
    assert "count in full" in message_of(result)


def test_only_the_gradients_that_agree_follow_through():
    result = settled(backward(agreed=frozenset({"dx"})), FORWARD_WRONG)
    assert result.points == pytest.approx(8.0 * (1 + 0.5 * 2) / 5)
    assert "conv_backward: dw is off." in message_of(result)
    assert "dx is the gradient of your own conv_forward" in message_of(result)
    assert "dx is off" not in message_of(result)


def test_a_gradient_that_agrees_with_no_forward_earns_nothing_whatever_the_forward():
    result = settled(backward(), FORWARD_KNOWN, FORWARD_RIGHT)
    assert result.points == pytest.approx(8.0 / 5)
    assert not result.follow_through


def test_a_gradient_of_a_constant_or_a_sum_earns_nothing():
    for others in ((FORWARD_WRONG,), (FORWARD_WRONG, FORWARD_RIGHT)):
        result = settled(backward(agreed=frozenset({"dx", "dw"}), same_reach=False), *others)
        assert result.points == pytest.approx(8.0 / 5)
        assert not result.follow_through
        assert not any(part.follow_through for part in result.comparisons)
        assert "dx is off." in message_of(result)


def test_the_forward_of_another_function_proves_nothing():
    stranger = Trial(check_of("x", "layers.affine_forward", None), judgements=judgements(out=(True, 1.0)))
    assert "count half" in message_of(settled(backward(agreed=frozenset({"dx", "dw"})), FORWARD_WRONG, stranger))


def test_a_forward_that_returned_no_values_proves_nothing():
    crashed = Trial(FORWARD, failure=Failure(ERROR, "layers.conv_forward", "raised"))
    assert "count half" in message_of(settled(backward(agreed=frozenset({"dx", "dw"})), crashed))


def loss_trial(name, **more):
    check = check_of(name, "layers.svm_loss", None, 6.0)
    return Trial(check, **{"judgements": judgements(loss=(False, 1.0), dx=(False, 1.0)), "same_reach": True, **more})


def test_a_loss_does_not_vouch_for_itself():
    result = settled(loss_trial("a", agreed=frozenset({"dx"})))
    assert result.points == pytest.approx(6.0 / 4)
    assert "the gradient of your own loss" in message_of(result)


def test_a_loss_that_is_right_in_another_check_vouches_for_this_one():
    other = loss_trial("b", judgements=judgements(loss=(True, 1.0), dx=(True, 1.0)))
    assert settled(loss_trial("a", agreed=frozenset({"dx"})), other).points == pytest.approx(6.0 / 2)


@pytest.mark.parametrize("status", [MISSING, ERROR, TIMEOUT, CRASHED, FAILED])
def test_a_failure_of_the_function_itself_earns_nothing_and_keeps_its_status(status):
    frames = (Frame("layers.py", 3, "conv_backward", "x = 1 / 0"),)
    result = settled(Trial(check_of(), failure=Failure(status, "layers.conv_backward", "It broke.", frames)))
    assert (result.points, result.status, message_of(result), result.frames) == (0.0, status, "It broke.", frames)
    assert result.comparisons == ()


@pytest.mark.parametrize("status", [MISSING, ERROR, TIMEOUT, CRASHED])
def test_a_check_is_skipped_if_another_function_caused_the_failure(status):
    result = settled(Trial(check_of(), failure=Failure(status, "layers.conv_forward", "conv_forward broke.")))
    assert (result.points, result.status) == (0.0, SKIPPED)
    assert message_of(result) == "conv_backward could not be run: conv_forward broke."


def test_a_failure_without_a_function_is_not_blamed_on_another_one():
    assert settled(Trial(check_of(), failure=Failure(ERROR, "", "cannot be imported"))).status == ERROR


FED = Failure(ERROR, "layers.conv_forward", "conv_forward raised.")


def test_a_backward_that_does_not_understand_the_documented_cache_is_skipped():
    result = settled(Trial(check_of(), failure=Failure(ERROR, "layers.conv_backward", "raised KeyError"), fed=FED))
    assert (result.points, result.status) == (0.0, SKIPPED)
    assert message_of(result) == (
        "conv_forward raised. With the cache that the docstring describes instead, raised KeyError"
    )


@pytest.mark.parametrize("status", [MISSING, TIMEOUT, CRASHED, FAILED])
def test_a_backward_that_fails_in_any_other_way_on_the_documented_cache_fails_itself(status):
    result = settled(Trial(check_of(), failure=Failure(status, "layers.conv_backward", "broke"), fed=FED))
    assert result.status == status


def test_a_backward_that_is_right_on_the_documented_cache_earns_all_points_with_a_reason():
    result = settled(Trial(check_of(), judgements=judgements(dx=(True, 1.0)), fed=FED))
    assert (result.points, result.status) == (8.0, PASSED)
    assert message_of(result) == (
        "conv_forward raised. The check called conv_backward with the cache that the docstring describes instead."
    )


def test_a_well_known_exception_comes_with_advice():
    failure = Failure(ERROR, "layers.conv_backward", "NameError: name 'xrange' is not defined")
    assert "xrange exists only in Python 2" in say_all(settled(Trial(check_of(), failure=failure)).hints)


def test_a_hint_is_shown_only_if_it_is_the_only_one():
    assert common_hint({}) == ()
    (hint,) = common_hint({"two": "a", "one": "a"})
    assert hint.values == {"misconception": "one", "text": "a"}
    assert common_hint({"one": "a", "two": "b"}) == ()
    wrong = {"judgements": judgements(out=(False, 1.0)), "variants": {"one": "a", "two": "a", "three": "b"}}
    assert say_all(settled(Trial(FORWARD, matched=frozenset({"one", "two"}), **wrong)).hints) == "a"
    assert say_all(settled(Trial(FORWARD, matched=frozenset({"one", "three"}), **wrong)).hints) == ""


def test_a_misconception_must_explain_all_checks_of_the_function():
    wrong = judgements(out=(False, 1.0))
    seen = Trial(FORWARD, judgements=wrong, matched=frozenset({"flip"}), variants={"flip": "Flipped."})
    other = check_of("other", "layers.conv_forward", None, 4.0)
    assert say_all(settled(seen, FORWARD_RIGHT).hints) == "Flipped."  # it returns the same as the reference there
    assert say_all(settled(seen, Trial(other, judgements=wrong)).hints) == ""
    assert say_all(settled(seen, Trial(other, judgements=wrong, variants={"flip": "Flipped."})).hints) == ""
    assert (
        say_all(
            settled(seen, Trial(other, judgements=judgements(out=(True, 1.0)), variants={"flip": "Flipped."})).hints
        )
        == ""
    )
    both = Trial(other, judgements=wrong, matched=frozenset({"flip"}), variants={"flip": "Flipped."})
    assert say_all(settled(seen, both).hints) == "Flipped."


def test_a_gradient_of_a_forward_that_is_right_in_all_of_its_checks_earns_nothing():
    assert settled(backward(agreed=frozenset({"dx", "dw"})), FORWARD_RIGHT).points == pytest.approx(8.0 / 5)


def test_a_visible_check_of_the_forward_may_have_been_memorised():
    visible = replace(FORWARD_RIGHT, check=replace(FORWARD_RIGHT.check, visibility="visible"))
    agreed = backward(agreed=frozenset({"dx", "dw"}))
    assert "count half" in message_of(settled(agreed, FORWARD_WRONG, visible))
    assert "count in full" in message_of(settled(agreed, FORWARD_WRONG, visible, FORWARD_RIGHT))


def test_wrong_values_for_a_documented_cache_are_nobodys_fault():
    result = settled(Trial(check_of(), judgements=judgements(dx=(False, 1.0)), fed=FED))
    assert (result.points, result.status) == (0.0, SKIPPED)
    assert message_of(result).endswith("instead. If your cache holds something else, fix conv_forward first.")


def test_remarks_cost_no_marks_and_are_all_reported():
    judged = Judgement(Comparison("dx", PASSED, None, 0.0, 1e-5), (as_written("dx has dtype float32."),))
    result = settled(Trial(check_of(), judgements=(judged,), remarks=(as_written("x was changed."),), output="hello"))
    assert result.points == 8.0
    assert list(map(say, result.remarks)) == ["x was changed.", "dx has dtype float32."]
    assert result.output == "hello"


def test_results_come_in_the_order_of_the_trials():
    trials = [FORWARD_WRONG, backward(), FORWARD_RIGHT]
    assert [result.id for result in settle(trials)] == [trial.check.id for trial in trials]


def result_of(function, points, max_points, status):
    return CheckResult(f"{function}.x", function, "layers.py", "T", "visible", points, max_points, status)


def test_functions_are_summed_in_the_order_of_their_checks():
    results = [result_of("b", 1.2, 2.0, PARTIAL), result_of("a", 3.0, 3.0, PASSED), result_of("b", 0, 0.5, FAILED)]
    b, a = sum_up(results, {"b": ["a"]}, {"a": (7, "def a(): ..."), "b": (9, "def b(): 1")})
    assert (b.function, b.points, b.max_points, b.status, b.needs) == ("b", 1.2, 2.5, PARTIAL, ("a",))
    assert (a.function, a.points, a.max_points, a.status, a.needs) == ("a", 3.0, 3.0, PASSED, ())
    assert (a.line, b.line) == (7, 9)
    assert (a.code, b.code) == ("", "def b(): 1")  # a right function needs no look at its code


def test_shares_that_do_not_come_out_even_add_up_to_the_points():
    [total] = sum_up([result_of("a", 1.666667, 1.666667, PASSED)] * 3, {}, {})
    assert (total.points, total.max_points) == (5.0, 5.0)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([], NOT_APPLICABLE),
        ([NOT_APPLICABLE, NOT_APPLICABLE], NOT_APPLICABLE),
        ([PASSED, NOT_APPLICABLE], PASSED),
        ([PASSED, PASSED], PASSED),
        ([FAILED, ERROR, MISSING], ERROR),
        ([MISSING, TIMEOUT, FAILED], TIMEOUT),
        ([FAILED, CRASHED], CRASHED),
        ([MISSING, SKIPPED], MISSING),
        ([FAILED, MISSING], FAILED),
    ],
)
def test_without_points_the_worst_status_stands_for_the_function(statuses, expected):
    assert status_of([result_of("a", 0.0, 1.0, status) for status in statuses]) == expected


def test_a_function_with_some_points_is_partial():
    assert status_of([result_of("a", 1.0, 1.0, PASSED), result_of("a", 0.0, 1.0, CRASHED)]) == PARTIAL


def test_the_same_check_samples_the_same_coordinates_and_each_argument_its_own():
    first, again, other = reach_rng(check_of(), 0), reach_rng(check_of(), 0), reach_rng(check_of(), 1)
    numbers = first.rand(4)
    assert np.array_equal(numbers, again.rand(4))
    assert not np.array_equal(numbers, other.rand(4))


@pytest.mark.parametrize(
    ("weights_right", "weights_wrong", "points"), [((1,), (1,), 8.0), ((1,), (2,), 4.8), ((), (1,), 4.8)]
)
def test_a_forward_vouches_for_its_gradient_if_it_is_right_in_half_of_its_other_checks(
    weights_right, weights_wrong, points
):
    """A forward that is right only in test mode does not earn full points for an easy gradient in train mode."""
    trials = [
        Trial(
            replace(check_of(f"right{w}{i}", "layers.conv_forward", None), weight=w),
            judgements=judgements(out=(True, 1.0)),
        )
        for i, w in enumerate(weights_right)
    ] + [
        Trial(
            replace(check_of(f"wrong{w}{i}", "layers.conv_forward", None), weight=w),
            judgements=judgements(out=(False, 1.0)),
        )
        for i, w in enumerate(weights_wrong)
    ]
    assert settled(backward(agreed=frozenset({"dx", "dw"})), *trials).points == pytest.approx(points)


# A backward whose check stops in its forward.

STOPPED = Failure(ERROR, "layers.conv_forward", "conv_forward raised ValueError: not so many values.")
BLOCKED = Trial(check_of("images"), STOPPED)
OTHER_RIGHT = Trial(check_of("rows"), judgements=judgements(dx=(True, 1.0)))
OTHER_HALF = Trial(check_of("columns"), judgements=judgements(dx=(True, 1.0), dw=(False, 1.0)))


@pytest.mark.parametrize(
    ("others", "points", "status"),
    [
        ([FORWARD_RIGHT, OTHER_RIGHT], 8.0, PASSED),
        ([FORWARD_RIGHT, OTHER_RIGHT, OTHER_HALF], 6.0, PARTIAL),
        ([FORWARD_WRONG, OTHER_RIGHT], 4.0, PARTIAL),  # a forward that passes none of its checks
        ([FORWARD_RIGHT], 0.0, SKIPPED),  # no check of this function returned values
        ([FORWARD_RIGHT, replace(BLOCKED, check=check_of("rows"))], 0.0, SKIPPED),
    ],
)
def test_a_check_stopped_in_its_forward_earns_what_the_functions_other_checks_earn(others, points, status):
    result = settled(BLOCKED, *others)
    assert (result.points, result.status, result.follow_through) == (points, status, points > 0)
    assert message_of(result).startswith("conv_backward could not be run: conv_forward raised ValueError")


def test_a_check_whose_documented_cache_does_not_fit_earns_what_the_others_earn():
    fed = Trial(check_of("images"), judgements=judgements(dx=(False, 1.0)), fed=STOPPED)
    assert settled(fed, FORWARD_RIGHT, OTHER_RIGHT).points == 8.0
    assert settled(fed, FORWARD_RIGHT, Trial(check_of("rows"), judgements=judgements(dx=(False, 1.0)))).points == 0.0


def test_a_backward_of_an_unwritten_forward_earns_nothing():
    missing = Trial(check_of("images"), Failure(MISSING, "layers.conv_forward", "conv_forward is not written yet."))
    assert settled(missing, FORWARD_RIGHT, OTHER_RIGHT).points == 0.0


def test_a_backward_that_fails_by_itself_earns_nothing_by_its_other_checks():
    own = Trial(check_of("images"), Failure(ERROR, "layers.conv_backward", "conv_backward raised KeyError: 1"))
    assert settled(own, FORWARD_RIGHT, OTHER_RIGHT).points == 0.0
