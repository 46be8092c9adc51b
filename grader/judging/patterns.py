"""What wrong values look like: right ones times a factor, off by an amount, in another order, shifted, cut, mixed up.

Each function answers with a sentence or with nothing. `expected` and `actual` have one shape and are finite. From
describe_factor on they are given in units of what errors are relative to, so that closeness means the same in all.
A sentence may tell a factor, an axis and the name of an array, never a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from typing import Final

import numpy as np

CLOSE: Final = 1e-5  # as equal as the judge's default tolerance has it
FEW: Final = 0.5  # "only some": at most half of the slices along an axis
LARGEST_FACTOR: Final = 1000  # a larger one would tell digits of the right value
SPARE: Final = 3  # a pattern with as many free amounts as entries fits everything; one that fits this many more is none
FEW_NUMBERS: Final = 2  # different ones, which may be others rounded by chance
LITERALS: Final = 2  # a 2 in a formula is rather a 2 than an axis that happens to be as long


def sizes_of(arrays: Mapping[str, np.ndarray]) -> dict[str, int]:
    """What a factor may turn out to be: lengths of axes and their usual products, by what they are called.

    A size that an earlier array has already is not named after a later one: axis 0 of x rather than of dout. Of images
    neither height nor width alone: nothing is averaged over one of them, and many a factor is as large.
    """
    sizes: dict[str, int] = {}
    for name, array in arrays.items():
        own = {f"the length of axis {axis} of {name}": length for axis, length in enumerate(named_axes(array))}
        if array.ndim > 1:
            own[f"the number of entries of {name}"] = array.size
        if array.ndim > 2:
            rows, columns = array.shape[-2:]
            own[f"axes {array.ndim - 2} and {array.ndim - 1} of {name} multiplied"] = rows * columns
            own[f"all axes of {name} but axis 0 multiplied"] = int(np.prod(array.shape[1:]))
            own[f"all axes of {name} but axis 1 multiplied"] = array.shape[0] * int(np.prod(array.shape[2:]))
        known = set(sizes.values())
        sizes.update({words: length for words, length in own.items() if length not in known})
    return sizes


def named_axes(array: np.ndarray) -> tuple[int, ...]:
    return array.shape if array.ndim < 4 else array.shape[:2]


def describe_constant(name: str, expected: np.ndarray, actual: np.ndarray, integers: bool) -> str:
    if actual.size < 2 or np.any(actual != actual.flat[0]):
        return ""
    if actual.flat[0] == 0:
        cut = ", in an array of integers: it keeps no fractions" if integers else ""
        return f"{name} is zero everywhere{cut}."
    return f"{name} has one and the same value everywhere." if np.ptp(expected) > 0 else ""


def describe_cut(name: str, expected: np.ndarray, actual: np.ndarray, integers: bool) -> str:
    """Right values that lost their digits: cut or rounded to whole numbers, or to half precision.

    One or two whole numbers, such as scales of 1, are some others rounded, too: it takes an array of integers to tell.
    """
    if expected.size < 2:  # any whole number is some number rounded
        return ""
    for cut, words in ((np.trunc, "cut to"), (np.rint, "rounded to"), (np.floor, "rounded down to")):
        if (integers or np.unique(actual).size > FEW_NUMBERS) and np.array_equal(actual, cut(expected)):
            return f"{name} has the right values {words} whole numbers: an array of integers keeps no fractions."
    if np.array_equal(actual, expected.astype(np.float16).astype(np.float64)):
        return f"{name} has the right values to the three digits that float16 keeps."
    return ""


def describe_other(name: str, actual: np.ndarray, others: Mapping[str, np.ndarray]) -> str:
    """Recognise an input that comes back as it went, or the value of another name."""
    if actual.size < 2 or np.ptp(actual) == 0:
        return ""
    for other, array in others.items():
        if array.shape == actual.shape and array.dtype.kind in "fiub":
            scale = float(np.max(np.abs(array), initial=0.0))
            if close(actual, array, scale):
                return f"{name} has the values of {other}."
    return ""


def describe_factor(
    name: str, expected: np.ndarray, actual: np.ndarray, sizes: Mapping[str, int], *, is_plain: bool = False
) -> str:
    """Name the factor if all of the array is off by one, as a whole number or a fraction where it is one.

    is_plain: it is a single number of few digits, as is_plain_number has it.
    """
    norm, largest = float(np.sum(expected * expected)), float(np.max(np.abs(expected)))
    if norm == 0 or largest < CLOSE:  # nothing but rounding, beside what it is compared with
        return ""
    factor = float(np.sum(actual * expected)) / norm
    if factor == 0 or abs(factor - 1) < 10 * CLOSE or not close(actual, factor * expected, largest * abs(factor)):
        return ""
    if abs(factor + 1) < CLOSE:
        return f"{name} has the wrong sign{' everywhere' if expected.size > 1 else ''}."
    if expected.size == 1:
        return "" if is_plain else describe_number(name, factor, sizes)
    ratio, size = ratio_of(factor, sizes)
    if ratio in ("1", "-1"):  # to four digits, and those are what would be said
        return ""
    return f"{name} is {ratio} times what it should be, everywhere{size}."


def is_plain_number(array: np.ndarray) -> bool:
    """Whether it is one number of few digits, a count or a share: it is a simple fraction of many others."""
    return array.size == 1 and bool(abs(array * 1000 - np.round(array * 1000)).max() < 1e-6)


def describe_number(name: str, factor: float, sizes: Mapping[str, int]) -> str:
    """One number times any factor is any other number: a factor is said only where chance can hardly have made it.

    A number has no axes: what its factor is the size of is another array, or that array's first axis, as in a mean.
    """
    whole = round(factor) if abs(factor) > 1 else round(1 / factor)
    if not 2 <= abs(whole) < LARGEST_FACTOR or not same_number(factor, whole if abs(factor) > 1 else 1 / whole):
        return ""
    names = [words for words, size in sizes.items() if size == abs(whole) > LITERALS and is_counted(words, name)]
    size = f"; {abs(whole)} is also {names[0]}" if len(names) == 1 else ""
    ratio = str(whole) if abs(factor) > 1 else f"{'-' if whole < 0 else ''}1/{abs(whole)}"
    return f"{name} is {ratio} times what it should be{size}."


def is_counted(words: str, name: str) -> bool:
    """Whether a mean may be over that many: the examples, or all entries; of another array than the number itself."""
    counted = words.startswith(("the length of axis 0 of ", "the number of entries of "))
    return counted and not words.endswith(f" of {name}")


def ratio_of(factor: float, sizes: Mapping[str, int]) -> tuple[str, str]:
    """The factor in digits; and what it is the size of, if that is one thing only.

    A fraction such as 4/3 is one only where 4 is such a size: a sum divided by one less than the count.
    """
    for length in sorted({length for length in sizes.values() if length > LITERALS}):
        named = [name for name, other in sizes.items() if other == length]
        words = f"; {length} is also {named[0]}" if len(named) == 1 else ""
        for sign, minus in ((1, ""), (-1, "-")):
            for top, bottom in ((length, length - 1), (length - 1, length)):
                if words and same_number(factor, sign * top / bottom):
                    return f"{minus}{top}/{bottom}", words
            if same_number(factor, sign * length):
                return f"{minus}{length}", words
            if same_number(factor, sign / length):
                return f"{minus}1/{length}", words
    for denominator in range(1, LARGEST_FACTOR):
        numerator = round(factor * denominator)
        if numerator in (1, -1) and same_number(factor * denominator, numerator):
            return f"{numerator}/{denominator}" if denominator > 1 else str(numerator), ""
    return (f"{factor:.0f}" if same_number(factor, round(factor)) else f"{factor:.4g}"), ""


def describe_offset(name: str, expected: np.ndarray, actual: np.ndarray) -> str:
    if expected.size < 2:
        return ""
    offset = actual - expected
    if float(np.max(np.abs(offset))) > CLOSE and float(np.ptp(offset)) < CLOSE:
        return f"{name} is off by the same amount everywhere."
    return ""


def describe_order(name: str, expected: np.ndarray, actual: np.ndarray) -> str:
    """Recognise swapped, reversed or shifted axes, for up to five axes."""
    if not 1 <= expected.ndim <= 5 or np.ptp(expected) < CLOSE:
        return ""
    for axes in permutations(range(expected.ndim)):
        turned = expected.transpose(axes)
        if axes != tuple(range(expected.ndim)) and turned.shape == actual.shape and close(actual, turned, 1.0):
            return f"{name} has the right values with its axes in another order (as if transposed by {axes})."
    for axis in range(expected.ndim):
        if expected.shape[axis] > 1 and close(actual, np.flip(expected, axis), 1.0):
            return f"{name} has the right values in reverse along axis {axis}."
    return describe_shift(name, expected, actual)


def describe_shift(name: str, expected: np.ndarray, actual: np.ndarray) -> str:
    """Recognise right values one place too far along an axis or along the last two, whatever fills the gap."""
    last = expected.ndim - 1
    for axes in [(axis,) for axis in range(expected.ndim)] + ([(last - 1, last)] if last > 0 else []):
        for step, way in ((1, "up"), (-1, "down")):
            late, early = [slice(None)] * expected.ndim, [slice(None)] * expected.ndim
            for axis in axes:
                late[axis], early[axis] = slice(1, None), slice(None, -1)
            to, origin = (late, early) if step == 1 else (early, late)
            kept, moved = expected[tuple(origin)], actual[tuple(to)]
            if kept.size > SPARE and np.ptp(kept) > CLOSE and close(moved, kept, 1.0):
                along = f"axis {axes[0]}" if len(axes) == 1 else f"axes {axes[0]} and {axes[1]}"
                return f"{name} has the right values shifted by one along {along}, {way} the index."
    return ""


def describe_slices(name: str, expected: np.ndarray, actual: np.ndarray) -> str:
    """Recognise an amount, a factor or both of its own at each index of one axis: of each channel, of each example."""
    for axis in range(expected.ndim):
        count = expected.shape[axis]
        if count < 2 or expected.size < 2 * count or expected.size - count < SPARE:
            continue
        right, found = (np.moveaxis(array, axis, 0).reshape(count, -1) for array in (expected, actual))
        wrong = np.max(np.abs(found - right), axis=1) > CLOSE
        if np.mean(wrong) <= FEW or np.median(np.ptp(right, axis=1)) < CLOSE:
            continue
        unit, where = max(1.0, float(np.max(np.abs(found)))), f"of its own at each index of axis {axis}"
        if close(found, right + np.mean(found - right, axis=1, keepdims=True), unit):
            return f"{name} is off by an amount {where}."
        factors = slopes(right, found)
        if np.all(factors != 0) and not is_one_pattern(right) and close(found, factors * right, unit):
            return f"{name} is off by a factor {where}."
        centred, moved = (array - array.mean(axis=1, keepdims=True) for array in (right, found))
        factors = slopes(centred, moved)
        if expected.size - 2 * count < SPARE * count or is_one_pattern(centred):
            continue
        if np.all(factors != 0) and close(moved, factors * centred, unit):
            return f"{name} is off by a factor and an amount {where}."
    return ""


def slopes(right: np.ndarray, found: np.ndarray) -> np.ndarray:
    """The best factor from right to found, row by row; 1 for rows of zeros."""
    norms = np.sum(right * right, axis=1, keepdims=True)
    return np.where(norms > 0, np.sum(found * right, axis=1, keepdims=True) / np.where(norms > 0, norms, 1.0), 1.0)


def is_one_pattern(rows: np.ndarray) -> bool:
    """Whether all rows are multiples of one, as those of a grid are: factors then fit what is no such mistake."""
    longest = rows[int(np.argmax(np.sum(rows * rows, axis=1)))]
    length = float(np.sum(longest * longest)) or 1.0
    return close(rows, np.outer(rows @ longest / length, longest), 1.0)


def same_number(a: float, b: float) -> bool:
    return abs(a - b) < 1e-6 * abs(a)


def close(a: np.ndarray, b: np.ndarray, scale: float) -> bool:
    return bool(np.max(np.abs(a - b), initial=0.0) <= CLOSE * scale)
