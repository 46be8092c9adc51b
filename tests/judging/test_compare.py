"""judge_array decides by type, shape, dtype, finiteness and value, and no value of a student makes it raise."""

import json
import math
import struct

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grader.errors import FixtureError
from grader.judging.compare import Judgement, fit, is_specific, judge_array, judge_values
from grader.messages.say import said, say
from grader.records import FAILED, PASSED, Check, Comparison
from grader.sandbox.inside.protocol import Handle

TOLERANCE = 1e-5
GRID = np.array([[1.0, -2.0, 3.0], [4.0, 0.5, -6.0]])
LAST_BIT_OF_MAX = (1 << 1024) - 1  # the largest integer that the wire carries; above every float64


def check(**more):
    return Check(
        "m.f.c", "m.f", "m.py", "T", "hidden", 1, 1.0, 1.0, TOLERANCE, None, more.pop("parts", {}), len, **more
    )


def matches(variant, judgements, **more):
    """Whether all values equal those of the misconception."""
    expected = {name: np.zeros(9) for name in variant}
    return fit(check(**more), expected, variant, judgements).matches_all


def judged(expected, actual, **more):
    return judge_array("dx", np.asarray(expected), actual, tolerance=TOLERANCE, **more)


def status(expected, actual):
    return judged(expected, actual).comparison.status


def reason(expected, actual, **more):
    return said(judged(expected, actual, **more).comparison.reason)


@pytest.mark.parametrize(
    ("actual", "words"),
    [
        (
            None,
            "dx is None, expected an array of shape (2, 3). Perhaps it is not written yet, never assigned, or not "
            "returned.",
        ),
        ([[1.0, -2.0, 3.0], [4.0, 0.5, -6.0]], "dx is of type list, expected an array of shape (2, 3)."),
        ((GRID,), "dx is of type tuple, expected an array of shape (2, 3)."),
        ({"dx": GRID}, "dx is of type dict, expected an array of shape (2, 3)."),
        ("1.0", "dx is of type str, expected an array of shape (2, 3)."),
        (b"", "dx is of type bytes, expected an array of shape (2, 3)."),
        (1j, "dx is of type complex, expected an array of shape (2, 3)."),
        (Handle(3, "Tensor"), "dx is of type Tensor, expected an array of shape (2, 3)."),
    ],
)
def test_a_value_that_is_not_an_array_is_named_by_its_type(actual, words):
    judgement = judged(GRID, actual)
    assert judgement.comparison == Comparison("dx", FAILED, judgement.comparison.reason, None, TOLERANCE)
    assert said(judgement.comparison.reason) == words
    assert judgement.actual is None


def test_none_for_a_number_reports_that_a_number_was_expected():
    assert reason(2.5, None) == (
        "dx is None, expected a number. Perhaps it is not written yet, never assigned, or not returned."
    )


@pytest.mark.parametrize("actual", [1.0, 1, True, np.float64(1.0), np.array(1.0)])
def test_a_number_for_an_array_fails_by_shape(actual):
    assert reason(GRID, actual) == "dx has shape (), expected (2, 3). It is a single number."


@pytest.mark.parametrize(
    "actual", [2.5, np.float64(2.5), np.float32(2.5), np.array(2.5), np.array([2.5]), np.array([[2.5]])]
)
def test_a_number_may_have_any_form(actual):
    assert status(2.5, actual) == PASSED


@pytest.mark.parametrize("actual", [3, True, np.int8(3), np.uint64(3), 10**30])
def test_whole_numbers_are_compared_as_numbers(actual):
    assert status(float(actual), actual) == PASSED
    assert status(1.1 * float(actual), actual) == FAILED


def test_an_integer_beyond_all_floats_fails_and_does_not_raise():
    for huge in (LAST_BIT_OF_MAX, -LAST_BIT_OF_MAX, 10**399):
        assert status(1.0, huge) == FAILED


def test_complex_without_imaginary_part_is_read_as_real():
    assert status(GRID, GRID.astype(np.complex128)) == PASSED


@pytest.mark.parametrize("imaginary", [1e-30, math.nan, math.inf])
def test_complex_with_imaginary_part_fails(imaginary):
    actual = GRID.astype(np.complex128)
    actual.imag[1, 2] = imaginary
    assert reason(GRID, actual) == "dx is complex, expected real numbers."


def test_another_dtype_is_a_remark_and_costs_no_marks():
    judgement = judged(GRID, GRID.astype(np.float32))
    assert judgement.comparison.status == PASSED
    assert list(map(say, judgement.remarks)) == ["dx has dtype float32, expected float64."]
    assert judged(GRID, GRID.copy()).remarks == ()
    assert judged(2.5, np.float32(2.5)).remarks == ()


def test_values_cut_down_to_integers_fail():
    assert status(GRID, GRID.astype(np.int64)) == FAILED


@pytest.mark.parametrize("shape", [(2, 3, 1), (1, 2, 3), (2, 1, 3)])
def test_axes_of_length_one_are_a_remark_and_cost_no_marks(shape):
    judgement = judged(GRID, GRID.reshape(shape), squeeze=True)
    assert judgement.comparison.status == PASSED
    (remark,) = judgement.remarks
    assert say(remark) == f"dx has shape {shape}, expected (2, 3); only axes of length 1 differ."
    assert judgement.actual.shape == (2, 3)


def test_axes_of_length_one_are_removed_without_reordering_values():
    assert judged(GRID, GRID.reshape(1, 2, 3)[:, ::-1], squeeze=True).comparison.status == FAILED


@pytest.mark.parametrize(("expected", "found"), [((9, 1), (1, 9)), ((9,), (9, 1)), ((4, 1), (4,)), ((2, 3), (1, 2, 3))])
def test_axes_of_length_one_count_unless_the_check_ignores_them(expected, found):
    values = np.arange(1.0, 1 + np.prod(expected))
    assert status(values.reshape(expected), values.reshape(found)) == FAILED


def test_a_single_number_may_have_any_shape():
    assert status(np.asarray(2.5), np.full((1, 1), 2.5)) == PASSED


@pytest.mark.parametrize(
    ("squeeze", "passed"),
    [(False, []), (True, ["db", "dx"]), (("w",), ["w"]), (("db", "w"), ["db", "w"])],
)
def test_a_check_may_ignore_axes_of_length_one_for_named_arrays(squeeze, passed):
    right = {"db": np.arange(5.0), "w": np.arange(9.0).reshape(9, 1), "dx": np.arange(4.0).reshape(1, 4)}
    found = {"db": right["db"][None], "w": right["w"].T, "dx": right["dx"][None]}
    judgements = judge_values(check(squeeze=squeeze), right, found)
    assert [one.comparison.name for one in judgements if one.comparison.status == PASSED] == passed


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((3, 2), "It is the transpose."),
        ((6,), "It has 1 axis, expected 2."),
        ((4, 5), "dx has the shape of w."),
        ((2, 4), "They differ along axis 1."),
        ((9, 9), "They differ along axes 0 and 1."),
        ((0, 3), "They differ along axis 0."),
    ],
)
def test_a_wrong_shape_is_described_by_what_it_resembles(shape, words):
    text = reason(GRID, np.zeros(shape), others={"w": np.zeros((4, 5))})
    assert text == f"dx has shape {shape}, expected (2, 3). {words}"


def test_axes_in_another_order_are_named():
    assert reason(np.zeros((2, 3, 4)), np.zeros((3, 2, 4))).endswith("The axes are in another order.")


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_one_entry_that_is_not_finite_fails_and_is_counted(bad):
    actual = GRID.copy()
    actual[1, 0] = bad
    judgement = judged(GRID, actual)
    assert judgement.comparison.status == FAILED
    assert judgement.comparison.error is None
    assert f"{'NaN' if math.isnan(bad) else 'inf'} in 1 of 6 entries" in said(judgement.comparison.reason)


def test_zero_expected_is_judged_by_absolute_error():
    assert status(np.zeros(3), np.full(3, 0.9e-5)) == PASSED
    assert status(np.zeros(3), np.array([0, 0, 1.1e-5])) == FAILED


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_the_tolerance_is_relative_to_the_largest_entry(scale):
    expected = scale * np.array([8.0, 1e-9])  # powers of two, so that rounding does not hide the edge
    assert status(expected, expected + scale * np.array([0, 8 * 0.99e-5])) == PASSED
    assert status(expected, expected - scale * np.array([0, 8 * 1.01e-5])) == FAILED


def test_float32_results_of_a_right_layer_pass():
    x, w = np.random.RandomState(0).randn(20, 30), np.random.RandomState(1).randn(30, 10)
    exact = np.array([[math.fsum(a * b for a, b in zip(row, column, strict=True)) for column in w.T] for row in x])
    assert status(exact, x.astype(np.float32) @ w.astype(np.float32)) == PASSED


def test_empty_arrays_pass_only_with_their_own_shape():
    assert status(np.zeros((0, 3)), np.zeros((0, 3))) == PASSED
    assert status(np.zeros((0, 3)), np.zeros((0, 4))) == FAILED
    assert status(np.zeros((0, 3)), np.zeros(3)) == FAILED
    assert status(GRID, np.zeros((0, 3))) == FAILED


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (GRID, np.full((2, 3), 1e308)),
        (np.array([1e-300, 2e-300]), np.array([1e308, -1e308])),
        (np.array([1e308, -1e308]), np.array([-1.7e308, 1.7e308])),
        (np.array([5e-324]), np.array([1e308])),
        (np.array([10.0, 20.0]), np.array([1e308, 2e307])),
        (np.array(10.0), 1.7e308),
    ],
)
def test_huge_values_fail_with_an_error_that_json_can_hold(expected, actual):
    judgement = judged(expected, actual)
    assert judgement.comparison.status == FAILED
    assert math.isfinite(judgement.comparison.error)
    json.dumps(judgement.comparison.error, allow_nan=False)
    assert "inf" not in said(judgement.comparison.reason)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_fixture_that_is_not_finite_is_our_fault(bad):
    with pytest.raises(FixtureError, match="Run grader fixtures"):
        judged([1.0, bad], np.array([1.0, 2.0]))


def test_a_missing_value_is_judged_as_none_and_parts_have_weights():
    expected = {"dx": GRID, "db": np.ones(3)}
    first, second = judge_values(check(parts={"db": 0.5}), expected, {"dx": GRID, "more": 1})
    assert (first.comparison.name, first.comparison.status, first.comparison.weight) == ("dx", PASSED, 1.0)
    assert said(second.comparison.reason).startswith("db is None, expected an array of shape (3,).")
    assert second.comparison.weight == 0.5


def test_a_gradient_in_the_shape_of_an_input_is_described_so():
    [judgement] = judge_values(check(), {"dx": np.zeros((4, 2))}, {"dx": np.zeros((7, 5))}, {"w": np.ones((7, 5))})
    assert said(judgement.comparison.reason).endswith("dx has the shape of the input w.")


RIGHT = {"W1": np.array([[4.0, -8.0]]), "b1": np.array([3e-17, -1e-17]), "loss": np.array(100.0)}
ROUNDED = {**RIGHT, "b1": np.array([-7e-16, 2e-16])}


def statuses(actual, together):
    judgements = judge_values(check(together=together), RIGHT, actual)
    return {j.comparison.name: j.comparison.status for j in judgements}


@pytest.mark.parametrize("together", [True, ("W1", "b1")])
def test_a_gradient_of_rounding_errors_is_compared_relative_to_the_largest_one(together):
    assert statuses(ROUNDED, False)["b1"] == FAILED
    assert statuses(ROUNDED, together) == {"W1": PASSED, "b1": PASSED, "loss": PASSED}


@pytest.mark.parametrize("together", [True, ("W1", "b1")])
def test_values_compared_together_are_relative_to_their_largest_entry_only(together):
    for error, verdict in (
        (0.9 * 8e-5, PASSED),
        (1.1 * 8e-5, FAILED),
    ):  # a loss of 100 is not their unit
        assert statuses({**RIGHT, "b1": np.array([error, 0.0])}, together)["b1"] == verdict
        assert statuses({**RIGHT, "W1": RIGHT["W1"] + error}, together)["W1"] == verdict
    assert statuses({**RIGHT, "loss": 100.0011}, together)["loss"] == FAILED


def test_an_error_in_values_compared_together_is_reported_relative_to_the_largest():
    wrong = {**RIGHT, "b1": np.array([2.0, 0.0])}
    second = judge_values(check(together=True), RIGHT, wrong)[1]
    assert second.comparison.error == pytest.approx(0.25)
    assert said(second.comparison.reason).startswith(
        "b1 is off by up to 25% of the largest entry of W1 in 1 of 2 entries"
    )
    wrong["b1"] = 1e16 * RIGHT["b1"]  # a factor of rounding errors means nothing
    second = judge_values(check(together=True), RIGHT, wrong)[1]
    assert (
        said(second.comparison.reason) == "b1 is off by up to 4% of the largest entry of W1 and wrong in every entry."
    )
    wrong["b1"] = np.array([2e5, 0.0])
    second = judge_values(check(together=True), RIGHT, wrong)[1]
    assert said(second.comparison.reason) == "b1 is more than 1000 times as large as the largest entry of W1."


def test_misconceptions_are_also_matched_on_values_compared_together():
    assert not matches(RIGHT, seen(**ROUNDED))
    assert matches(RIGHT, seen(**ROUNDED), together=True)
    assert matches(RIGHT, seen(**ROUNDED), together=("W1", "b1"))
    assert not matches(RIGHT, seen(**{**ROUNDED, "b1": np.array([1e-3, 0.0])}), together=True)
    holed = {**RIGHT, "W1": np.array([[4.0, math.nan]])}
    assert matches(holed, seen(**{**holed, "b1": ROUNDED["b1"]}), together=True)


def test_an_input_that_comes_back_is_named():
    x, dx = GRID + 0.1, GRID * GRID
    [judgement] = judge_values(check(), {"dx": dx}, {"dx": x.copy()}, {"x": x})
    assert said(judgement.comparison.reason) == "dx has the values of the input x."


def test_two_results_that_changed_places_are_named_whatever_their_shapes():
    right = {"dgamma": np.array([1.0, 2.0, 4.0]), "dbeta": np.array([3.0, 0.5, 1.5]), "dw": GRID}
    swapped = {"dgamma": right["dbeta"], "dbeta": right["dgamma"], "dw": right["dbeta"]}
    reasons = [said(j.comparison.reason) for j in judge_values(check(), right, swapped)]
    assert reasons[:2] == ["dgamma has the values of dbeta.", "dbeta has the values of dgamma."]
    assert reasons[2] == "dw has shape (3,), expected (2, 3). dw has the values of dbeta."


def test_a_factor_is_named_after_an_axis_of_an_input():
    inputs = {"x": np.zeros((6, 5)), "w": np.zeros((5, 3)), "dout": np.zeros((6, 3))}
    [judgement] = judge_values(check(), {"dw": GRID}, {"dw": GRID / 6}, inputs)
    assert said(judgement.comparison.reason).endswith(
        "1/6 times what it should be, everywhere; 6 is also the length of axis 0 of x."
    )


@pytest.mark.parametrize("dtype", [np.int64, np.uint8])
def test_zeros_in_an_integer_array_are_explained_by_lost_fractions(dtype):
    assert reason(GRID / 10, np.zeros((2, 3), dtype=dtype)).endswith(
        "It is an array of integers, which cannot hold fractions."
    )
    assert reason(GRID / 10, np.zeros((2, 3))) == "dx is zero everywhere."


def seen(**arrays):
    return [Judgement(Comparison(name, FAILED, None, 1.0, 1e-5), (), array) for name, array in arrays.items()]


def test_a_misconception_matches_nan_for_nan_and_inf_for_inf():
    loss, dx = np.array(math.inf), np.array([math.nan, 1.0])
    assert matches({"loss": loss, "dx": dx}, seen(loss=loss.copy(), dx=dx.copy()))
    assert not matches({"loss": -loss, "dx": dx}, seen(loss=loss, dx=dx))
    assert not matches({"loss": loss, "dx": dx[::-1]}, seen(loss=loss, dx=dx))


def test_a_misconception_matches_only_if_every_value_does():
    a, b = np.arange(3.0), np.ones((2, 2))
    assert matches({"a": a, "b": b}, seen(a=a + 1e-6, b=b))
    assert not matches({"a": a, "b": b}, seen(a=a, b=b + 1e-3))
    assert not matches({"a": a, "b": b}, seen(a=a, b=None))
    assert not matches({"a": a, "b": b}, seen(a=a, b=np.ones(4)))
    assert not matches({"a": a}, seen(a=np.zeros(3)))


FLOATS = st.floats(width=64) | st.floats(width=32) | st.sampled_from([1e308, -1e308, 5e-324, math.nan, math.inf, -0.0])
ARRAYS = st.builds(
    lambda shape, dtype, seed, scale: np.asarray(np.random.RandomState(seed).randn(*shape) * scale).astype(dtype),
    st.lists(st.integers(0, 4), max_size=3),
    st.sampled_from(["bool", "int8", "int64", "uint8", "float16", "float32", "float64", "complex64", "complex128"]),
    st.integers(0, 999),
    st.sampled_from([0.0, 1.0, 100.0]),
)
RAW = st.builds(  # any bit pattern that a reply may contain
    lambda raw: np.frombuffer(raw[: len(raw) // 8 * 8], dtype="<f8").copy(), st.binary(min_size=0, max_size=48)
)
PLAIN = st.none() | st.booleans() | FLOATS | st.text(max_size=5) | st.binary(max_size=5) | ARRAYS | RAW
PLAIN |= st.integers(-(10**399), 10**399) | st.builds(Handle, st.integers(0, 9), st.text(max_size=5))
DECODABLE = (
    PLAIN | st.lists(PLAIN, max_size=3) | st.tuples(PLAIN) | st.dictionaries(st.text(max_size=2), PLAIN, max_size=2)
)
EXPECTED = st.sampled_from(
    [np.array(2.5), np.array(0.0), np.zeros(3), GRID, np.arange(6.0) / 7, np.zeros((0, 2)), np.full(4, 1e-300),
     np.array([1e300, -3e299]), np.ones((1, 1), dtype=np.float32), np.arange(4)]
)  # fmt: skip


@pytest.mark.slow
@settings(deadline=None, max_examples=400)
@given(EXPECTED, DECODABLE)
@example(np.array(2.5), LAST_BIT_OF_MAX)
@example(np.array([10.0, 20.0]), np.array([1e308, 2e307]))
@example(np.array([1e308, -1e308]), np.array([-1e308, 1e308]))
def test_nothing_that_can_be_decoded_makes_the_judge_raise(expected, actual):
    comparison = judge_array("dx", expected, actual, tolerance=TOLERANCE).comparison
    assert comparison.status in (PASSED, FAILED)
    assert (said(comparison.reason) == "") == (comparison.status == PASSED)
    json.dumps(comparison.error, allow_nan=False)


@settings(deadline=None, max_examples=300)
@given(EXPECTED, DECODABLE, EXPECTED, st.sampled_from([True, False, ("dx", "dw"), ("dw",)]))
@example(np.array([1e300, -3e299]), np.array([1e308, -1e308]), np.full(4, 1e-300), True)
def test_nothing_makes_the_judge_raise_with_other_arrays_beside(expected, actual, other, together):
    values = {"dx": actual, "dw": actual}
    odd = {"x": np.array([math.nan, math.inf, 1e308]), "w": other}
    judgements = judge_values(check(together=together), {"dx": expected, "dw": other}, values, odd)
    for judgement in judgements:
        comparison = judgement.comparison
        assert (said(comparison.reason) == "") == (comparison.status == PASSED)
        json.dumps(comparison.error, allow_nan=False)
    matches({"dx": other, "dw": other}, judgements, together=together)


@settings(deadline=None)
@given(
    shape=st.lists(st.integers(1, 5), max_size=4),
    seed=st.integers(0, 10**6),
    scale=st.sampled_from([1e-200, 1e-6, 1.0, 1e6, 1e200]),
    tolerance=st.sampled_from([1e-9, 1e-5, 1e-2]),
    sign=st.sampled_from([-1.0, 1.0]),
    where=st.floats(0, 1, exclude_max=True),
)
def test_two_tolerances_off_at_any_one_entry_fail_and_half_a_tolerance_passes(
    shape, seed, scale, tolerance, sign, where
):
    expected = np.asarray(np.random.RandomState(seed).randn(*shape) * scale)
    largest = max(abs(float(value)) for value in expected.flat)
    for tolerances, verdict in ((2.0, FAILED), (0.5, PASSED)):
        actual = expected.copy()
        actual.flat[int(where * actual.size)] += sign * tolerances * tolerance * largest
        assert judge_array("out", expected, actual, tolerance=tolerance).comparison.status == verdict


@pytest.mark.parametrize("tolerance", [0.0, 1e-12, 1e-7])
def test_a_very_small_error_still_fails_with_a_message(tolerance):
    actual = GRID.copy()
    actual[0, 1] += 3e-6
    comparison = judge_array("dx", GRID, actual, tolerance=tolerance).comparison
    assert comparison.status == FAILED
    assert comparison.error == pytest.approx(5e-7, rel=1e-3)
    assert said(comparison.reason).startswith("dx is off by up to 5e-07 of its largest entry")


def test_a_value_is_never_compared_after_a_silent_cast_of_its_bits():
    bits = struct.pack("<d", 1.0)
    assert status(np.array([1.0]), np.frombuffer(bits, dtype=np.int64)) == FAILED


def test_an_empty_array_with_a_giant_axis_is_a_wrong_shape():
    giant = np.zeros((0, 2**60), dtype=bool)
    assert judge_array("dx", GRID, giant, tolerance=TOLERANCE).comparison.status == FAILED


def test_an_array_many_times_too_large_is_not_even_converted():
    judged = judge_array("dx", GRID, np.zeros(17 * GRID.size, dtype=bool), tolerance=TOLERANCE)
    assert (judged.comparison.status, judged.actual) == (FAILED, None)
    assert judge_array("dx", GRID, np.zeros(GRID.size + 1), tolerance=TOLERANCE).actual is not None


WORDS = {"kept_fraction": ("the share that is kept", ""), "same_mask": ("mask", "Another mask is used.")}


def reasons(expected, actual):
    judged = judge_values(check(words=WORDS), expected, actual)
    return [said(one.comparison.reason) for one in judged]


def test_a_message_shows_words_instead_of_an_internal_name():
    expected = {"kept_fraction": np.array([0.31, 0.64, 0.77])}
    for wrong in (None, "no", np.zeros(3), np.ones(5), np.full(3, np.nan), np.array([0.5, 0.1, 0.2]), np.ones(3) * 1j):
        [reason] = reasons(expected, {"kept_fraction": wrong})
        assert "the share that is kept" in reason
        assert "kept_fraction" not in reason


def test_a_wrong_yes_or_no_value_has_its_own_message():
    assert reasons({"same_mask": np.array(1.0)}, {"same_mask": 0.0}) == ["Another mask is used."]


def test_words_also_replace_the_name_of_another_value_in_a_message():
    expected = {"kept_fraction": np.array([0.31, 0.64, 0.77]), "out": np.array([1.5, 2.25, 3.75])}
    [reason] = filter(None, reasons(expected, {**expected, "out": expected["kept_fraction"]}))
    assert reason == "out has the values of the share that is kept."


def fitted(expected, variant, actual):
    return fit(check(), expected, variant, judge_values(check(), expected, actual))


DX, DB = np.array([0.1234, 0.5678]), np.array([1.2345, 2.3456])
BACKWARD = {"dx": DX, "db": DB, "loss": np.array(2.34567)}


def test_a_misconception_explains_the_values_that_match_its_changes():
    found = fitted(BACKWARD, {**BACKWARD, "db": DB / 7}, {**BACKWARD, "db": DB / 7, "dx": DX[::-1]})
    assert (found.explained, found.explains_arrays, found.is_contradicted, found.is_specific) == (
        {"db"},
        True,
        False,
        True,
    )


def test_a_right_value_contradicts_a_misconception_that_changes_it():
    assert fitted(BACKWARD, {**BACKWARD, "db": DB / 7, "dx": DX / 7}, {**BACKWARD, "db": DB / 7}).is_contradicted


def test_a_second_mistake_may_change_a_number_but_not_an_array():
    variant = {"dx": DX / 7, "db": DB / 7, "loss": np.array(3.45678)}
    assert fitted(BACKWARD, variant, {**variant, "loss": 9.87654}).explains_arrays
    assert not fitted(BACKWARD, variant, {**variant, "db": DB * 3}).explains_arrays


@pytest.mark.parametrize("array", [np.zeros(4), np.full(3, 1.2345), np.array([0.3, 0.6]), np.array([np.nan, 1.2345])])
def test_values_that_many_mistakes_give_are_not_specific(array):
    assert not is_specific(array)


def test_none_fits_a_misconception_that_returns_none():
    variant = {**BACKWARD, "db": np.array(np.nan)}  # fixtures store None this way
    assert fitted(BACKWARD, variant, {**BACKWARD, "db": None}).explained == {"db"}
    assert fitted(BACKWARD, variant, {**BACKWARD, "db": "none"}).explained == frozenset()


def test_a_wrong_shape_is_compared_even_if_the_array_is_too_large_to_examine():
    variant = {**BACKWARD, "db": np.zeros(50)}
    assert fitted(BACKWARD, variant, {**BACKWARD, "db": np.ones(50)}).has_same_shape
    assert not fitted(BACKWARD, variant, {**BACKWARD, "db": np.ones(51)}).has_same_shape
