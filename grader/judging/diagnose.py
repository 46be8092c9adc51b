"""What is wrong with an array, without telling what is right: shapes, factors, places. Never a value."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from typing import Final

import numpy as np

CLOSE: Final = 1e-5  # as equal as the judge's default tolerance has it
HUGE: Final = 1000  # times too large: any mistake may do that, and the exact factor would tell the right value
FEW: Final = 0.5  # "only some": at most half of the slices along an axis

# What a newer environment has done away with. Students read it as well as those who choose the environment.
PYTHON_3: Final = "Submissions run under Python 3; --python says which one."
OLD_NUMPY: Final = (
    "are gone since NumPy 1.24: write float, int, bool, object. --python can name one with an older NumPy."
)

ADVICE: Final = {
    "call to 'print'": f"print without brackets is Python 2's: write print(...). {PYTHON_3}",
    "call to 'exec'": f"exec without brackets is Python 2's: write exec(...). {PYTHON_3}",
    "multiple exception types must be": f"`except Error, name` is Python 2's: write `except Error as name`. {PYTHON_3}",
    "inconsistent use of tabs and spaces": (
        f"Tabs and spaces indent the same block, which Python 2 took: indent with four spaces everywhere. {PYTHON_3}"
    ),
    "'float' object cannot be interpreted as an integer": "In Python 3 `/` gives a float; use `//` for a size.",
    "slice indices must be integers": "In Python 3 `/` gives a float; use `//` for an index.",
    "name 'xrange' is not defined": f"xrange is Python 2's: write range. {PYTHON_3}",
    "name 'raw_input' is not defined": f"raw_input is Python 2's: write input. {PYTHON_3}",
    "name 'unicode' is not defined": f"unicode is Python 2's: write str. {PYTHON_3}",
    "has no attribute 'iteritems'": f"iteritems is Python 2's: write items. {PYTHON_3}",
    "has no attribute 'has_key'": f"has_key is Python 2's: write `key in dict`. {PYTHON_3}",
    "only length-1 arrays can be converted": "A whole array stands where one number is needed.",
    "only 0-dimensional arrays can be converted": "Newer NumPy wants `.item()` to make a number of an array.",
    "only integer scalar arrays can be converted": "A whole array stands where one integer is needed.",
    "not aligned": "The inner axes of the two matrices differ; print both shapes just above the line.",
    "could not be broadcast together": "Print the shapes of both sides just above the line.",
    "could not broadcast input array": "The slice and what is written into it differ in shape; print both.",
    "cannot unpack non-iterable NoneType": "A function that this one calls returned None.",
    **{
        f"module 'numpy' has no attribute '{name}'": f"np.float, np.int, np.bool and np.object {OLD_NUMPY}"
        for name in ("float", "int", "bool", "object", "long", "str")
    },
    "module 'numpy' has no attribute": (
        "Either the name is misspelt, or this NumPy is newer than the code and has another name for it (np.product is "
        "np.prod); --python can name a Python with an older NumPy."
    ),
    "is not defined": "The name is misspelt or assigned on another path through the function.",
}


def advice_on(error_text: str) -> str:
    """One sentence on a well-known exception text, or nothing."""
    return next((advice for known, advice in ADVICE.items() if known in error_text), "")


def describe_shape(
    name: str, expected: tuple[int, ...], found: tuple[int, ...], others: Mapping[str, np.ndarray]
) -> str:
    """Say that a shape is wrong and what it looks like instead."""
    text = f"{name} has shape {found}, expected {expected}."
    if found == expected[::-1]:
        return f"{text} It is the transpose."
    same = [other for other, array in others.items() if array.shape == found]
    if same:
        return f"{text} {name} has the shape of {same[0]}."
    if sorted(found) == sorted(expected):
        return f"{text} The axes are in another order."
    if len(found) != len(expected):
        if expected == () and found:
            return f"{name} is an array of shape {found}, expected one number. Is the sum or mean over it missing?"
        return f"{text} It has {len(found)} {'axis' if len(found) == 1 else 'axes'}, expected {len(expected)}."
    axes = [str(axis) for axis, (a, b) in enumerate(zip(found, expected, strict=True)) if a != b]
    return f"{text} They differ along {'axis' if len(axes) == 1 else 'axes'} {' and '.join(axes)}."


def describe_difference(name: str, expected: np.ndarray, actual: np.ndarray) -> str:
    """Say how values of the right shape differ: NaN, a factor, an offset, an order, or where."""
    wrong = ~np.isfinite(actual)
    if wrong.any():
        kinds = "NaN" if np.isnan(actual).any() else "inf"
        where = place(wrong)
        if wrong.all():
            return f"{name} is {kinds}{' in every entry' if actual.size > 1 else ''}."
        return f"{name} holds {kinds} in {int(wrong.sum())} of {actual.size} entries, {where}."
    scale = float(np.max(np.abs(expected), initial=0.0)) or 1.0
    if float(np.max(np.abs(actual), initial=0.0)) > HUGE * scale:
        return f"{name} is more than {HUGE} times as large as it should be."
    actual, expected, scale = actual / scale, expected / scale, 1.0  # nothing overflows from here on
    difference = np.abs(actual - expected)
    relative = float(np.max(difference)) / scale
    wrong = difference > CLOSE * scale
    amount = f"{relative:.0%}" if relative >= 0.01 else f"{relative:.2g}"
    size = f"{name} is off by up to {amount} of its largest entry"
    if expected.size == 1:
        size = f"{name} is off by {amount}{'' if relative >= 0.01 else ' of its size'}"
    explained = (
        describe_constant(name, actual, scale)
        or describe_factor(name, expected, actual, scale)
        or describe_offset(name, expected, actual, scale)
        or describe_order(name, expected, actual, scale)
    )
    if explained:
        return explained
    if wrong.all() and wrong.size > 1:
        return f"{size} and wrong in every entry."
    share = f"in {int(wrong.sum())} of {wrong.size} entries" if wrong.size > 1 and wrong.any() else ""
    return f"{', '.join(filter(None, [f'{size} {share}'.strip(), place(wrong)]))}."


def describe_constant(name: str, actual: np.ndarray, scale: float) -> str:
    if actual.size > 1 and np.all(actual == actual.flat[0]):
        return (
            f"{name} is zero everywhere." if actual.flat[0] == 0 else f"{name} has one and the same value everywhere."
        )
    return ""


def describe_factor(name: str, expected: np.ndarray, actual: np.ndarray, scale: float) -> str:
    """Name the factor if all of the array is off by one, as a whole number or a fraction where it is one."""
    norm = float(np.sum(expected * expected))
    if norm == 0:
        return ""
    factor = float(np.sum(actual * expected)) / norm
    if factor == 0 or abs(factor - 1) < 10 * CLOSE or not close(actual, factor * expected, scale * abs(factor)):
        return ""
    if abs(factor + 1) < CLOSE:
        return f"{name} has the wrong sign{' everywhere' if expected.size > 1 else ''}."
    ratio = as_ratio(factor)
    if expected.size == 1:  # one number times any factor is any other: only a factor that means something is said
        return f"{name} is {ratio} times what it should be." if "." not in ratio else ""
    return f"{name} is {ratio} times what it should be, everywhere."


def as_ratio(factor: float) -> str:
    for denominator in range(1, 1000):
        numerator = factor * denominator
        if abs(numerator - round(numerator)) < 1e-6 * abs(numerator) and round(numerator) in (1, -1):
            return f"{round(numerator)}/{denominator}" if denominator > 1 else str(round(numerator))
    return f"{factor:.0f}" if abs(factor - round(factor)) < 1e-6 * abs(factor) else f"{factor:.4g}"


def describe_offset(name: str, expected: np.ndarray, actual: np.ndarray, scale: float) -> str:
    if expected.size < 2:
        return ""
    offset = actual - expected
    if float(np.max(np.abs(offset))) > CLOSE * scale and float(np.ptp(offset)) < CLOSE * scale:
        return f"{name} is off by the same amount everywhere."
    return ""


def describe_order(name: str, expected: np.ndarray, actual: np.ndarray, scale: float) -> str:
    """Recognise swapped or reversed axes, for up to five axes."""
    if not 1 <= expected.ndim <= 5:
        return ""
    for axes in permutations(range(expected.ndim)):
        turned = expected.transpose(axes)
        if axes != tuple(range(expected.ndim)) and turned.shape == actual.shape and close(actual, turned, scale):
            return f"{name} has the right values with its axes in another order (as if transposed by {axes})."
    for axis in range(expected.ndim):
        if expected.shape[axis] > 1 and close(actual, np.flip(expected, axis), scale):
            return f"{name} has the right values in reverse along axis {axis}."
    return ""


def place(wrong: np.ndarray) -> str:
    """Where the wrong entries lie, if that can be said in a few words."""
    if wrong.ndim == 0 or wrong.all() or not wrong.any():
        return ""
    if wrong.ndim >= 2 and min(wrong.shape[-2:]) > 2:
        inner = wrong[..., 1:-1, 1:-1]
        if not inner.any():
            return "only in the outermost rows and columns"
    for axis in range(wrong.ndim):
        others = tuple(other for other in range(wrong.ndim) if other != axis)
        slices = np.flatnonzero(wrong.any(axis=others))
        if wrong.shape[axis] > 1 and len(slices) <= max(1, FEW * wrong.shape[axis]):
            return f"only at {indices(slices)} of axis {axis}"
    first = tuple(int(i) for i in np.argwhere(wrong)[0])
    return f"first at {first if len(first) > 1 else first[0]}"


def indices(positions: np.ndarray) -> str:
    listed = ", ".join(map(str, positions[:4]))
    return f"index {listed}" if len(positions) == 1 else f"indices {listed}{' …' if len(positions) > 4 else ''}"


def plural_shape(shape: tuple[int, ...]) -> str:
    return "a number" if shape == () else f"an array of shape {shape}"


def close(a: np.ndarray, b: np.ndarray, scale: float) -> bool:
    return bool(np.max(np.abs(a - b), initial=0.0) <= CLOSE * scale)
