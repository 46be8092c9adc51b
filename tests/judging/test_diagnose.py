"""Descriptions of wrong arrays: what they look like, and never a digit of the right values."""

import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grader.judging import diagnose
from grader.judging.compare import judge_array
from grader.judging.diagnose import advice_on
from grader.judging.patterns import Input, sizes_of
from grader.messages.advice import ADVICE
from grader.messages.say import said, say

RNG = np.random.RandomState(5)
IMAGES = RNG.randn(2, 3, 6, 7)
SQUARE = RNG.randn(4, 4)


def describe_difference(*arrays, **more):
    return say(diagnose.describe_difference(*arrays, **more))


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (2.0, "out is 2 times what it should be, everywhere."),
        (-1.0, "out has the wrong sign everywhere."),
        (1 / 50, "out is 1/50 times what it should be, everywhere."),
        (-1 / 8, "out is -1/8 times what it should be, everywhere."),
        (128.0, "out is 128 times what it should be, everywhere."),
        (-3.0, "out is -3 times what it should be, everywhere."),
    ],
)
def test_a_factor_is_named(factor, words):
    assert describe_difference("out", IMAGES, factor * IMAGES) == words


def test_a_factor_of_one_number_is_named_only_if_it_means_something():
    assert describe_difference("loss", np.array(2.3025), np.array(23.025)) == "loss is 10 times what it should be."
    assert describe_difference("loss", np.array(2.3025), np.array(-2.3025)) == "loss has the wrong sign."
    assert "times" not in describe_difference("loss", np.array(2.3025), np.array(3.1))


def test_a_number_too_small_to_divide_by_is_off_like_any_other():
    assert describe_difference("loss", np.array(2.3025), np.array(-1e-310)) == "loss is off by 100%."


def test_a_factor_that_does_not_hold_everywhere_is_not_named():
    actual = 2 * IMAGES
    actual[0, 0, 0, 0] += 0.1
    assert "times" not in describe_difference("out", IMAGES, actual)


def test_an_offset_is_named_without_its_size():
    assert describe_difference("out", IMAGES, IMAGES + 0.625) == "out is off by the same amount everywhere."


@pytest.mark.parametrize("axis", range(4))
def test_a_reversed_axis_is_named(axis):
    actual = np.take(IMAGES, range(IMAGES.shape[axis])[::-1], axis=axis)
    assert describe_difference("w", IMAGES, actual) == f"w has the right values in reverse order along axis {axis}."


def test_swapped_axes_are_named():
    swapped = np.array([[SQUARE[j, i] for j in range(4)] for i in range(4)])
    text = describe_difference("dw", SQUARE, swapped)
    assert text == "dw has the right values with its axes in another order (as if transposed by (1, 0))."


def test_errors_only_at_the_border_are_described_so():
    actual = IMAGES.copy()
    actual[:, :, 0], actual[:, :, -1], actual[:, :, :, 0], actual[:, :, :, -1] = 9, 9, 9, 9
    assert describe_difference("dx", IMAGES, actual).endswith("only in the outermost rows and columns.")


def test_errors_in_one_channel_are_described_so():
    actual = IMAGES.copy()
    actual[:, 1] += RNG.randn(2, 6, 7)
    assert describe_difference("dx", IMAGES, actual).endswith("in 84 of 252 entries, only at index 1 of axis 1.")


@pytest.mark.parametrize("axis", range(4))
def test_a_different_amount_at_each_index_of_an_axis_is_named(axis):
    shape = [IMAGES.shape[axis] if other == axis else 1 for other in range(4)]
    amounts = np.random.RandomState(6).randn(*shape)
    at = f"at each index of axis {axis}."
    assert describe_difference("out", IMAGES, IMAGES + amounts) == f"out is off by a different amount {at}"
    assert describe_difference("out", IMAGES, IMAGES * amounts) == f"out is off by a different factor {at}"
    both = IMAGES * amounts + amounts[::-1] ** 2 + np.arange(shape[axis]).reshape(shape)
    assert describe_difference("out", IMAGES, both) == f"out is off by a different factor and a different amount {at}"


def test_a_different_amount_for_every_entry_is_not_a_pattern():
    small = np.array([[1.0, 2.0], [3.0, 5.0]])
    for wrong in (small + np.array([[1, 1], [2, 2]]), small * [[2, 2], [3, 3]], small + np.array([[1, 0], [0, 2]])):
        assert "different" not in describe_difference("out", small, wrong)
    grid = np.linspace(-0.4, 0.6, num=20).reshape(4, 5)  # all rows are alike, so a factor and an amount fit any values
    for wrong in (-1.3 * grid + 0.2 * np.outer([1, 5, 2, 0], range(5)), grid - 0.3 * grid[::-1]):
        assert "different" not in describe_difference("out", grid, wrong + np.outer([1, 0, 3, 0], np.ones(5)))
    rows = np.outer([1.0, 2.0, 3.0], [1.0, -2.0, 5.0, 1.0])
    assert "different" not in describe_difference("out", rows, np.outer([5.0, 1.0, 7.0], [1.0, -2.0, 5.0, 1.0]))
    rows = np.outer([1.0, 2.0, 3.0], np.ones(4))
    assert "different" not in describe_difference("out", rows, np.outer([5.0, 1.0, 7.0], np.ones(4)))


def test_an_amount_at_few_indices_is_described_by_its_place():
    actual = IMAGES + np.array([0, 2.0, 0]).reshape(1, 3, 1, 1)
    assert describe_difference("out", IMAGES, actual).endswith("only at index 1 of axis 1.")


@pytest.mark.parametrize(("step", "way"), [(1, "higher"), (-1, "lower")])
@pytest.mark.parametrize("fill", [0.0, None])
def test_values_shifted_by_one_are_named_with_any_values_in_the_gap(step, way, fill):
    for axis in (2, 3):
        actual = np.roll(IMAGES, step, axis=axis)
        if fill is not None:
            actual[(slice(None),) * axis + (0 if step == 1 else -1,)] = fill
        words = f"dx has the right values shifted by one along axis {axis}, towards {way} indices."
        assert describe_difference("dx", IMAGES, actual) == words
    words = f"dx has the right values shifted by one along axes 2 and 3, towards {way} indices."
    assert describe_difference("dx", IMAGES, np.roll(IMAGES, (step, step), axis=(2, 3))) == words


@pytest.mark.parametrize(
    ("cut", "words"), [(np.trunc, "cut to"), (np.rint, "rounded to"), (np.floor, "rounded down to")]
)
def test_values_that_lost_their_fractions_are_named(cut, words):
    expected = 10 * IMAGES
    message = f"out has the right values {words} whole numbers: an array of integers cannot hold fractions."
    assert describe_difference("out", expected, cut(expected)) == message
    assert "whole numbers" not in describe_difference("out", expected, cut(expected) + np.arange(7))


def test_values_of_half_precision_are_named():
    message = "out has the right values only to the three digits that float16 holds."
    assert describe_difference("out", IMAGES, IMAGES.astype(np.float16).astype(float)) == message


def test_a_single_number_is_not_called_cut():
    assert describe_difference("loss", np.array(2.3025), np.array(2.0)) == "loss is off by 13%."


def test_the_value_of_another_array_is_named():
    x, gamma = RNG.randn(4, 4), np.ones((4, 4))
    others = {"the input gamma": gamma, "the input x": x}
    assert describe_difference("dx", SQUARE, x.copy(), others=others) == "dx has the values of the input x."
    assert describe_difference("dx", SQUARE, gamma.copy(), others=others) == "dx has the same value everywhere."


WHOLE = "times what it should be, everywhere"


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (1 / 6, "out is 1/6 times what it should be, everywhere; 6 is also the length of axis 0 of x."),
        (6.0, "out is 6 times what it should be, everywhere; 6 is also the length of axis 0 of x."),
        (-6.0, "out is -6 times what it should be, everywhere; 6 is also the length of axis 0 of x."),
        (6 / 5, "out is 6/5 times what it should be, everywhere; 6 is also the length of axis 0 of x."),
        (5 / 6, "out is 5/6 times what it should be, everywhere; 6 is also the length of axis 0 of x."),
        (1 / 35, f"out is 1/35 {WHOLE}; 35 is also the product of the lengths of axes 2 and 3 of x."),
        (1 / 210, f"out is 1/210 {WHOLE}; 210 is also the product of the lengths of all axes of x except axis 1."),
        (2.0, "out is 2 times what it should be, everywhere."),  # more likely a literal 2 than axis 1
        (1 / 11, "out is 1/11 times what it should be, everywhere."),
        (1 / 4, "out is 1/4 times what it should be, everywhere; 4 is also the length of axis 1 of w."),
    ],
)
def test_a_factor_is_named_after_a_size(factor, words):
    sizes = sizes_of({"x": np.zeros((6, 2, 5, 7)), "w": np.zeros((6, 4))})
    assert describe_difference("out", IMAGES, factor * IMAGES, sizes=sizes) == words


def test_a_factor_that_equals_two_sizes_is_named_after_neither():
    sizes = sizes_of({"x": np.zeros((7, 7))})
    assert describe_difference("out", IMAGES, 7 * IMAGES, sizes=sizes).endswith(
        "7 times what it should be, everywhere."
    )


def test_a_constant_that_should_be_another_is_a_factor():
    assert (
        describe_difference("db", np.full(3, 8.0), np.full(3, 2.0)) == "db is 1/4 times what it should be, everywhere."
    )


@pytest.mark.parametrize(("kept", "words"), [([0], "index 0 of axis 0 is"), ([0, 3], "indices 0, 3 of axis 0 are")])
def test_the_only_right_rows_are_named(kept, words):
    expected = np.random.RandomState(8).randn(7, 3)
    actual = expected + np.random.RandomState(9).randn(7, 3)
    actual[kept] = expected[kept]
    assert describe_difference("out", expected, actual).endswith(f"only {words} completely right.")


def test_one_wrong_entry_in_each_row_does_not_name_a_right_column():
    actual = RNG.randn(6, 4)
    expected = actual.copy()
    actual[range(6), [0, 1, 0, 3, 3, 1]] += 1
    assert describe_difference("dx", expected, actual).endswith("in 6 of 24 entries, first at (0, 0).")


def test_the_first_of_scattered_errors_is_placed():
    actual = SQUARE.copy()
    for i, j in ((0, 3), (1, 0), (2, 2), (3, 1)):
        actual[i, j] += 1 + i
    assert describe_difference("dx", SQUARE, actual).endswith("in 4 of 16 entries, first at (0, 3).")


def test_nan_is_counted_and_placed():
    actual = IMAGES.copy()
    actual[1, :, :, :] = np.nan
    assert (
        describe_difference("out", IMAGES, actual) == "out holds NaN in 126 of 252 entries, only at index 1 of axis 0."
    )
    assert "inf" in describe_difference("loss", np.array(1.0), np.array(np.inf))


@pytest.mark.parametrize(
    ("value", "words"), [(0.0, "dx is zero everywhere."), (1.0, "dx has the same value everywhere.")]
)
def test_a_constant_is_named(value, words):
    assert describe_difference("dx", SQUARE, np.full((4, 4), value)) == words


def test_the_size_of_an_error_is_relative_to_the_largest_entry():
    expected = np.array([0.0, 4.0, 1.0, 2.0, 3.0])
    actual = np.array([0.0, 4.0, 1.0, 2.0, 4.0])
    assert describe_difference("x", expected, actual).startswith("x is off by up to 25% of its largest entry in 1 of 5")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("'float' object cannot be interpreted as an integer", "Use `//`"),
        ("shapes (2,3) and (2,3) not aligned", "inner axes"),
        ("name 'exit' is not defined", "only in interactive Python"),
        ("name 'foo' is not defined", "misspelt"),
        ("name 'xrange' is not defined", "Python 2"),
        ("Missing parentheses in call to 'print'. Did you mean print(...)?", "Write print(...)"),
        ("Missing parentheses in call to 'exec'", "Python 2"),
        ("multiple exception types must be parenthesized", "as name"),
        ("inconsistent use of tabs and spaces in indentation", "four spaces"),
        ("'dict' object has no attribute 'has_key'", "Python 2"),
        ("module 'numpy' has no attribute 'float'.\n`np.float` was a deprecated alias", "NumPy 1.24 removed"),
        ("module 'numpy' has no attribute 'int'", "Write float, int"),
        ("cannot unpack non-iterable NoneType object", "Perhaps a forward returned no cache"),
        ("module 'numpy' has no attribute 'product'", "np.prod"),
        ("module 'numpy' has no attribute 'maximun'", "misspelt"),
        ("something nobody has seen before", ""),
    ],
)
def test_well_known_exceptions_get_a_sentence(text, words):
    assert words in said(advice_on(text))
    assert bool(words) == bool(advice_on(text))


def significant(text):
    """The digits of a number as written, without sign, point, exponent and leading zeros."""
    return re.sub(r"\D", "", re.split("[eE]", text)[0]).lstrip("0")


def attempts(expected, probe):
    """Values that a student might return to make a message reveal the right ones."""
    spike = np.zeros_like(expected)
    spike.flat[int(np.argmax(np.abs(expected)))] = probe
    others = np.random.RandomState(int(abs(probe)) % 1000)
    yield from (np.full_like(expected, probe), spike, probe * others.randn(*expected.shape), np.zeros_like(expected))
    yield from (expected * 3, expected + probe, -expected, expected[::-1] if expected.ndim else expected * 2)
    by_column = np.arange(1, 8)[: expected.shape[-1]] if expected.ndim else 3
    yield from (np.trunc(expected), expected * 7 / 6, expected * by_column, expected + by_column)


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(
    shape=st.sampled_from([(), (1,), (2,), (3, 4), (2, 2, 3)]),
    seed=st.integers(0, 10**6),
    probe=st.sampled_from([1.0, 1e3, 1e6, 1e7, 1e9, 1e12, 1e15, -1e12, 1e-9, 1e200]),
    sparse=st.booleans(),
)
@example(shape=(), seed=1, probe=1e12, sparse=False)
@example(shape=(3, 4), seed=1, probe=1e12, sparse=True)
def test_no_message_holds_a_digit_string_from_which_an_expected_value_follows(shape, seed, probe, sparse):
    expected = np.asarray(np.random.RandomState(seed).uniform(0.1, 10, shape))
    if sparse and expected.size > 1:
        expected = np.where(np.arange(expected.size).reshape(shape) == 1, expected, 0)
    secrets = set()
    for value in expected[expected != 0].flat:
        for telling in (value, probe / value, value / probe, value - probe, np.max(np.abs(expected)) / value):
            digits = significant(f"{abs(telling):.12e}")[:6]
            if len(digits.rstrip("0")) == 6:  # not a round number, which any message may contain
                secrets.add(digits)
    others = np.random.RandomState(seed + 1).randn(7, *shape[1:])
    for actual in attempts(expected, probe):
        beside = {"others": {Input("w"): others}, "sizes": sizes_of({"w": others, "z": expected})}
        text = said(judge_array("x", expected, np.asarray(actual), tolerance=1e-5, **beside).comparison.reason)
        for written in re.findall(r"\d[\d.]*(?:e[-+]?\d+)?", text):
            assert significant(written)[:6] not in secrets, (text, expected)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [(6.0, 5.0), (3.0, 4.0), (0.7, 0.35), (60.0, 20.0), (1.25, 2.5)],
)
def test_a_count_or_a_share_is_never_a_factor_of_what_it_should_be(expected, actual):
    sizes = sizes_of({"x": np.zeros((5, 3, 4, 6))})
    assert "times" not in describe_difference("t", np.array(expected), np.array(actual), sizes=sizes)


@pytest.mark.parametrize("factor", [4 / 3, 5 / 6, 1.0003, -1.0004, 0.9997, 1.3579])
def test_a_number_is_not_named_a_simple_fraction_of_the_right_one(factor):
    sizes = sizes_of({"x": np.zeros((5, 3, 4, 6))})
    assert "times" not in describe_difference("loss", np.array(2.34567), factor * np.array(2.34567), sizes=sizes)


def test_a_loss_without_a_mean_is_named_as_the_number_of_examples_times_too_large():
    sizes = sizes_of({"x": np.zeros((50, 10))})
    message = describe_difference("loss", np.array(2.34567), np.array(50 * 2.34567), sizes=sizes)
    assert message == "loss is 50 times what it should be; 50 is also the length of axis 0 of x."


@pytest.mark.parametrize("factor", [1.0003, -1.0004])
def test_a_factor_of_one_is_never_named(factor):
    assert "times" not in describe_difference("out", IMAGES, factor * IMAGES)


def test_a_factor_equal_to_the_width_of_an_image_does_not_name_the_image():
    sizes = sizes_of({"x": np.zeros((2, 3, 7, 5))})
    assert (
        describe_difference("out", IMAGES, IMAGES / 5, sizes=sizes) == "out is 1/5 times what it should be, everywhere."
    )


@pytest.mark.parametrize("right", [[10 / 7, 10 / 7], [1.43, 2.5, 2.5], [1.7, 2.2]])
def test_one_or_two_different_whole_numbers_are_not_called_cut_values(right):
    right = np.array(right)
    assert "whole numbers" not in describe_difference("scale", right, np.trunc(right))


def test_no_advice_names_an_option_that_students_do_not_have():
    assert [id for id, text in ADVICE.items() if "--" in text] == []
