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
SPARE: Final = 3  # a pattern with as many free amounts as entries fits everything; one that fits this many more is none
LITERALS: Final = 2  # a 2 in a formula is rather a 2 than an axis that happens to be as long


def sizes_of(arrays: Mapping[str, np.ndarray]) -> dict[str, int]:
    """What a factor may turn out to be: lengths of axes and their usual products, by what they are called.

    A size that an earlier array has already is not named after a later one: axis 0 of x rather than of dout.
    """
    sizes: dict[str, int] = {}
    for name, array in arrays.items():
        own = {f"the length of axis {axis} of {name}": length for axis, length in enumerate(array.shape)}
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


def describe_constant(name: str, expected: np.ndarray, actual: np.ndarray, integers: bool) -> str:
    if actual.size < 2 or np.any(actual != actual.flat[0]):
        return ""
    if actual.flat[0] == 0:
        cut = ", in an array of integers: it keeps no fractions" if integers else ""
        return f"{name} is zero everywhere{cut}."
    return f"{name} has one and the same value everywhere." if np.ptp(expected) > 0 else ""


def describe_cut(name: str, expected: np.ndarray, actual: np.ndarray) -> str:
    """Right values that lost their digits: cut or rounded to whole numbers, or to half precision."""
    if expected.size < 2:  # any whole number is some number rounded
        return ""
    for cut, words in ((np.trunc, "cut to"), (np.rint, "rounded to"), (np.floor, "rounded down to")):
        if np.array_equal(actual, cut(expected)):
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


def describe_factor(name: str, expected: np.ndarray, actual: np.ndarray, sizes: Mapping[str, int]) -> str:
    """Name the factor if all of the array is off by one, as a whole number or a fraction where it is one."""
    norm, largest = float(np.sum(expected * expected)), float(np.max(np.abs(expected)))
    if norm == 0 or largest < CLOSE:  # nothing but rounding, beside what it is compared with
        return ""
    factor = float(np.sum(actual * expected)) / norm
    if factor == 0 or abs(factor - 1) < 10 * CLOSE or not close(actual, factor * expected, largest * abs(factor)):
        return ""
    if abs(factor + 1) < CLOSE:
        return f"{name} has the wrong sign{' everywhere' if expected.size > 1 else ''}."
    ratio, size = ratio_of(factor, sizes)
    if expected.size == 1:  # one number times any factor is any other: only a factor that means something is said
        return f"{name} is {ratio} times what it should be{size}." if "." not in ratio else ""
    return f"{name} is {ratio} times what it should be, everywhere{size}."


def ratio_of(factor: float, sizes: Mapping[str, int]) -> tuple[str, str]:
    """The factor in digits; and what it is the size of, if that is one thing only."""
    for length in sorted({length for length in sizes.values() if length > LITERALS}):
        named = [name for name, other in sizes.items() if other == length]
        words = f"; {length} is {named[0]}" if len(named) == 1 else ""
        for sign, minus in ((1, ""), (-1, "-")):
            for top, bottom in ((length, length - 1), (length - 1, length)):
                if same_number(factor, sign * top / bottom):
                    return f"{minus}{top}/{bottom}", words
            if same_number(factor, sign * length):
                return f"{minus}{length}", words
            if same_number(factor, sign / length):
                return f"{minus}1/{length}", words
    for denominator in range(1, 1000):
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
        if np.all(factors != 0) and close(found, factors * right, unit):
            return f"{name} is off by a factor {where}."
        centred, moved = (array - array.mean(axis=1, keepdims=True) for array in (right, found))
        factors = slopes(centred, moved)
        if (
            expected.size - 2 * count >= SPARE * count
            and np.all(factors != 0)
            and close(moved, factors * centred, unit)
        ):
            return f"{name} is off by a factor and an amount {where}."
    return ""


def slopes(right: np.ndarray, found: np.ndarray) -> np.ndarray:
    """The best factor from right to found, row by row; 1 for rows of zeros."""
    norms = np.sum(right * right, axis=1, keepdims=True)
    return np.where(norms > 0, np.sum(found * right, axis=1, keepdims=True) / np.where(norms > 0, norms, 1.0), 1.0)


def same_number(a: float, b: float) -> bool:
    return abs(a - b) < 1e-6 * abs(a)


def close(a: np.ndarray, b: np.ndarray, scale: float) -> bool:
    return bool(np.max(np.abs(a - b), initial=0.0) <= CLOSE * scale)
