"""Recognises patterns in wrong values: a factor, an offset, another order, a shift, lost digits, another array.

Each function returns a reason, or None if the pattern does not fit. `expected` and `actual` have the same shape and are
finite. For describe_factor and the functions below it, the caller has divided both by the error's unit, so that all
can use the limit CLOSE. A reason may reveal a factor, an axis and the name of an array, never a value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations, product
from typing import Final

import numpy as np

from grader.records import Reason

CLOSE: Final = 1e-5  # the default tolerance of a check
FEW: Final = 0.5  # "only some": at most half of the slices along an axis
LARGEST_FACTOR: Final = 1000  # larger factors are not shown, because they would reveal digits of the right value
SPARE: Final = 3  # a pattern must fit 3 entries more than it has free numbers, or it would fit any values
FEW_NUMBERS: Final = 2  # an array with only so many different whole numbers may equal rounded values by chance
DIGITS: Final = 4  # digits of a factor in a message
LITERALS: Final = 2  # a factor of at most 2 is more likely a number in a formula than the length of an axis


@dataclass(frozen=True)
class Input:
    """The name of an argument. A type of its own, because a result may have the same name."""

    name: str


Others = Mapping[str | Input, np.ndarray]


@dataclass(frozen=True)
class Size:
    """A length, and the words for what has this length."""

    length: int
    of: str
    reason: Reason
    is_count: bool = False  # a mean may divide by this: the number of examples, or of all entries


Sizes = tuple[Size, ...]


def sizes_of(arrays: Mapping[str, np.ndarray]) -> Sizes:
    """Return the lengths to which a wrong factor is compared: lengths of axes, and their usual products.

    If two arrays have an axis of the same length, the message names the earlier array: axis 0 of x rather than of
    dout. The height or the width of images alone is left out, because no layer averages over only one of them, and
    they often equal other factors by chance.
    """
    sizes: list[Size] = []
    for name, array in arrays.items():
        shape, axes = array.shape, array.ndim
        own = [
            Size(length, name, Reason.of("axis_length", axis=axis, name=name), axis == 0)
            for axis, length in enumerate(shape if axes < 4 else shape[:2])
        ]
        if axes > 1:
            own.append(Size(array.size, name, Reason.of("entries", name=name), is_count=True))
        if axes > 2:
            images = Reason.of("axes_multiplied", axes=(axes - 2, axes - 1), name=name)
            own.append(Size(shape[-2] * shape[-1], name, images))
            for axis in (0, 1):
                length = math.prod(shape[:axis] + shape[axis + 1 :])
                own.append(Size(length, name, Reason.of("axes_but_one", axis=axis, name=name)))
        known = {size.length for size in sizes}
        sizes += [size for size in own if size.length not in known]
    return tuple(sizes)


def describe_constant(name: str, expected: np.ndarray, actual: np.ndarray, integers: bool) -> Reason | None:
    if actual.size < 2 or np.any(actual != actual.flat[0]):
        return None
    if actual.flat[0] == 0:
        return Reason.of("zero_integers", name=name) if integers else Reason.of("zero", name=name)
    return Reason.of("constant", name=name) if np.ptp(expected) > 0 else None


def describe_cut(name: str, expected: np.ndarray, actual: np.ndarray, integers: bool) -> Reason | None:
    """Recognise right values that lost digits: cut or rounded to whole numbers, or to half precision.

    An array with only one or two different whole numbers, such as scales of 1, may equal rounded values by chance. So
    such an array counts only if it has an integer dtype.
    """
    if expected.size < 2:  # a single whole number always equals some rounded number
        return None
    if integers or np.unique(actual).size > FEW_NUMBERS:
        if np.array_equal(actual, np.trunc(expected)):
            return Reason.of("cut", name=name)
        if np.array_equal(actual, np.rint(expected)):
            return Reason.of("rounded", name=name)
        if np.array_equal(actual, np.floor(expected)):
            return Reason.of("rounded_down", name=name)
    if np.array_equal(actual, expected.astype(np.float16).astype(np.float64)):
        return Reason.of("float16", name=name)
    return None


def find_other(actual: np.ndarray, others: Others) -> str | Reason | None:
    """Recognise an input that was returned unchanged, or the value of another result."""
    if actual.size < 2 or np.ptp(actual) == 0:
        return None
    for other, array in others.items():
        if array.shape == actual.shape and array.dtype.kind in "fiub" and close(actual, array, np.max(np.abs(array))):
            return named(other)
    return None


def named(other: str | Input) -> str | Reason:
    return Reason.of("the_input", name=other.name) if isinstance(other, Input) else other


def describe_factor(
    name: str, expected: np.ndarray, actual: np.ndarray, sizes: Sizes, *, is_plain: bool = False
) -> Reason | None:
    """Name the factor, as a whole number or fraction if possible, if one factor explains the whole array."""
    norm, largest = float(np.sum(expected * expected)), float(np.max(np.abs(expected)))
    if norm == 0 or largest < CLOSE:  # the expected values are only rounding errors
        return None
    factor = float(np.sum(actual * expected)) / norm
    if factor == 0 or abs(factor - 1) < 10 * CLOSE or not close(actual, factor * expected, largest * abs(factor)):
        return None
    if abs(factor + 1) < CLOSE:
        everywhere = Reason.of("wrong_sign_everywhere", name=name)
        return everywhere if expected.size > 1 else Reason.of("wrong_sign", name=name)
    if expected.size == 1:
        return None if is_plain else describe_number(name, factor, sizes)
    ratio, length, size = ratio_of(factor, sizes)
    if ratio in (1, -1):  # the message would show a factor of 1
        return None
    if size:
        return Reason.of("factor_of_size", name=name, ratio=ratio, length=length, size=size)
    return Reason.of("factor", name=name, ratio=ratio)


def is_plain_number(array: np.ndarray) -> bool:
    """Whether this is one number with few digits, such as a count, of which many wrong values are simple fractions."""
    return array.size == 1 and bool(abs(array * 1000 - np.round(array * 1000)).max() < 1e-6)


def describe_number(name: str, factor: float, sizes: Sizes) -> Reason | None:
    """Return the message that names the factor by which a single number is wrong, or None if it may be a coincidence.

    Some factor fits any two numbers.

    A number has no axes, so its factor is compared with the number of entries or the first axis of other arrays, by
    which a mean divides.
    """
    if abs(factor) < 1 / LARGEST_FACTOR:  # 1 / factor may overflow, and round(inf) raises
        return None
    whole = round(factor) if abs(factor) > 1 else round(1 / factor)
    if not 2 <= abs(whole) < LARGEST_FACTOR or not same_number(factor, whole if abs(factor) > 1 else 1 / whole):
        return None
    ratio: Ratio = whole if abs(factor) > 1 else [-1 if whole < 0 else 1, abs(whole)]
    counts = [size.reason for size in sizes if size.is_count and size.of != name and size.length == abs(whole)]
    if len(counts) == 1 and abs(whole) > LITERALS:
        return Reason.of("number_times_size", name=name, ratio=ratio, length=abs(whole), size=counts[0])
    return Reason.of("number_times", name=name, ratio=ratio)


Ratio = int | float | list[int]  # a fraction is a list: [top, bottom]


def ratio_of(factor: float, sizes: Sizes) -> tuple[Ratio, int, Reason | None]:
    """Return the factor, the length that it contains, and the words for the length if only one size has it.

    A fraction such as 4/3 counts only if 4 is a known size, because code may divide a sum by the count minus one.
    """
    for length in sorted({size.length for size in sizes if size.length > LITERALS}):
        of = [size.reason for size in sizes if size.length == length]
        size = of[0] if len(of) == 1 else None
        fractions = [(length, length - 1), (length - 1, length)] if size else []
        for sign, (top, bottom) in product((1, -1), [*fractions, (length, 1), (1, length)]):
            if same_number(factor, sign * top / bottom):
                return sign * top if bottom == 1 else [sign * top, bottom], length, size
    for denominator in range(1, LARGEST_FACTOR):
        numerator = round(factor * denominator)
        if numerator in (1, -1) and same_number(factor * denominator, numerator):
            return [numerator, denominator] if denominator > 1 else numerator, 0, None
    return round(factor) if same_number(factor, round(factor)) else float(f"{factor:.{DIGITS}g}"), 0, None


def describe_offset(name: str, expected: np.ndarray, actual: np.ndarray) -> Reason | None:
    if expected.size < 2:
        return None
    offset = actual - expected
    is_same = np.max(np.abs(offset)) > CLOSE and np.ptp(offset) < CLOSE
    return Reason.of("same_amount_off", name=name) if is_same else None


def describe_order(name: str, expected: np.ndarray, actual: np.ndarray) -> Reason | None:
    """Recognise swapped, reversed or shifted axes, for up to five axes."""
    if not 1 <= expected.ndim <= 5 or np.ptp(expected) < CLOSE:
        return None
    for axes in permutations(range(expected.ndim)):
        turned = expected.transpose(axes)
        if axes != tuple(range(expected.ndim)) and turned.shape == actual.shape and close(actual, turned, 1.0):
            return Reason.of("in_another_order", name=name, axes=axes)
    for axis in range(expected.ndim):
        if expected.shape[axis] > 1 and close(actual, np.flip(expected, axis), 1.0):
            return Reason.of("reversed", name=name, axis=axis)
    return describe_shift(name, expected, actual)


def describe_shift(name: str, expected: np.ndarray, actual: np.ndarray) -> Reason | None:
    """Recognise right values that are shifted by one place along one axis or the last two, with any values in the
    gap."""
    last = expected.ndim - 1
    for axes in [(axis,) for axis in range(expected.ndim)] + ([(last - 1, last)] if last > 0 else []):
        late = tuple(slice(1, None) if axis in axes else slice(None) for axis in range(expected.ndim))
        early = tuple(slice(None, -1) if axis in axes else slice(None) for axis in range(expected.ndim))
        for is_up, kept, moved in ((True, expected[early], actual[late]), (False, expected[late], actual[early])):
            if kept.size > SPARE and np.ptp(kept) > CLOSE and close(moved, kept, 1.0):
                up = Reason.of("shifted_up", name=name, axes=axes)
                return up if is_up else Reason.of("shifted_down", name=name, axes=axes)
    return None


def describe_slices(name: str, expected: np.ndarray, actual: np.ndarray) -> Reason | None:
    """Recognise a separate factor, amount or both for each index of one axis, for example for each channel."""
    for axis in range(expected.ndim):
        count = expected.shape[axis]
        if count < 2 or expected.size < 2 * count or expected.size - count < SPARE:
            continue
        right, found = (np.moveaxis(array, axis, 0).reshape(count, -1) for array in (expected, actual))
        wrong = np.max(np.abs(found - right), axis=1) > CLOSE
        if np.mean(wrong) <= FEW or np.median(np.ptp(right, axis=1)) < CLOSE:
            continue
        unit = max(1.0, float(np.max(np.abs(found))))
        if close(found, right + np.mean(found - right, axis=1, keepdims=True), unit):
            return Reason.of("own_amounts", name=name, axis=axis)
        factors = slopes(right, found)
        if np.all(factors != 0) and not is_one_pattern(right) and close(found, factors * right, unit):
            return Reason.of("own_factors", name=name, axis=axis)
        centred, moved = (array - array.mean(axis=1, keepdims=True) for array in (right, found))
        factors = slopes(centred, moved)
        if expected.size - 2 * count < SPARE * count or is_one_pattern(centred):
            continue
        if np.all(factors != 0) and close(moved, factors * centred, unit):
            return Reason.of("own_factors_and_amounts", name=name, axis=axis)
    return None


def slopes(right: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Return for each row the factor that best maps right to found; 1 for a row of zeros."""
    norms = np.sum(right * right, axis=1, keepdims=True)
    return np.where(norms > 0, np.sum(found * right, axis=1, keepdims=True) / np.where(norms > 0, norms, 1.0), 1.0)


def is_one_pattern(rows: np.ndarray) -> bool:
    """Whether all rows are multiples of one row, as in a grid. Then factors per row also fit unrelated mistakes."""
    longest = rows[int(np.argmax(np.sum(rows * rows, axis=1)))]
    length = float(np.sum(longest * longest)) or 1.0
    return close(rows, np.outer(rows @ longest / length, longest), 1.0)


def same_number(a: float, b: float) -> bool:
    return abs(a - b) < 1e-6 * abs(a)


def close(a: np.ndarray, b: np.ndarray, scale: float) -> bool:
    return bool(np.max(np.abs(a - b), initial=0.0) <= CLOSE * scale)
