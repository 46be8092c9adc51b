"""What is wrong with an array, without telling what is right: shapes, likenesses, places. Never a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from grader.judging.patterns import (
    CLOSE,
    FEW,
    describe_constant,
    describe_cut,
    describe_factor,
    describe_offset,
    describe_order,
    describe_other,
    describe_slices,
    is_plain_number,
)

HUGE: Final = 1000  # times too large: any mistake may do that, and the exact factor would tell the right value

# What a newer environment has done away with. Students read it: they choose no environment.
PYTHON_3: Final = "Submissions run under Python 3."
OLD_NUMPY: Final = "are gone since NumPy 1.24: write float, int, bool, object."

DEBUGGER: Final = "The line starts a debugger or a console, which waits for somebody to type: delete it."

ADVICE: Final = {
    **dict.fromkeys(
        ("BdbQuit", "code.interact", "ipdb.", "pudb.", "debugpy.", "IPython.embed", "IPython.core.debugger"),
        DEBUGGER,
    ),
    "EOF when reading a line": "input() waits for somebody to type, and nobody is there: delete the line.",
    "call to 'print'": f"print without brackets is Python 2's: write print(...). {PYTHON_3}",
    "call to 'exec'": f"exec without brackets is Python 2's: write exec(...). {PYTHON_3}",
    "multiple exception types must be": f"`except Error, name` is Python 2's: write `except Error as name`. {PYTHON_3}",
    "inconsistent use of tabs and spaces": (
        f"Tabs and spaces indent the same block, which Python 2 took: indent with four spaces everywhere. {PYTHON_3}"
    ),
    "null bytes": "The file was damaged, by a full disk perhaps: write the line anew and save the file.",
    "unindent does not match": "The line is indented by another number of spaces than any above it, or by tabs.",
    "was never closed": "A bracket is opened in this line and never closed.",
    "unterminated": "A quotation mark that is opened here is never closed.",
    "'float' object cannot be interpreted as an integer": "In Python 3 `/` gives a float; use `//` for a size.",
    "slice indices must be integers": "In Python 3 `/` gives a float; use `//` for an index.",
    "name 'xrange' is not defined": f"xrange is Python 2's: write range. {PYTHON_3}",
    "name 'raw_input' is not defined": f"raw_input is Python 2's: write input. {PYTHON_3}",
    "name 'unicode' is not defined": f"unicode is Python 2's: write str. {PYTHON_3}",
    "has no attribute 'iteritems'": f"iteritems is Python 2's: write items. {PYTHON_3}",
    "has no attribute 'has_key'": f"has_key is Python 2's: write `key in dict`. {PYTHON_3}",
    "name 'get_ipython' is not defined": "It is a line of a notebook and means nothing in a file: delete it.",
    "is not in the sandbox: NumPy and the standard": "Do without it; a file of your own has to be handed in, too.",
    "is not in the sandbox while this file": "Hand in your own files, too; of those handed out some are withheld.",
    "which is not in the sandbox)": "Do without it; a file of your own has to be handed in, too.",
    "only length-1 arrays can be converted": "A whole array stands where one number is needed.",
    "only 0-dimensional arrays can be converted": "Newer NumPy wants `.item()` to make a number of an array.",
    "only integer scalar arrays can be converted": "A whole array stands where one integer is needed.",
    "not aligned": "The inner axes of the two matrices differ; print both shapes just above the line.",
    "could not be broadcast together": "Print the shapes of both sides just above the line.",
    "could not broadcast input array": "The slice and what is written into it differ in shape; print both.",
    "cannot unpack non-iterable NoneType": (
        "What stands to the right of = is None: a cache that no forward returned, or a function without a return."
    ),
    **{
        f"module 'numpy' has no attribute '{name}'": f"np.float, np.int, np.bool and np.object {OLD_NUMPY}"
        for name in ("float", "int", "bool", "object", "long", "str")
    },
    "module 'numpy' has no attribute": (
        "Either the name is misspelt, or this NumPy is newer than the code and has another name for it (np.product is "
        "np.prod)."
    ),
    "is not defined": "The name is misspelt or assigned on another path through the function.",
}


@dataclass(frozen=True)
class Unit:
    """What an error is relative to: a magnitude, and whose it is."""

    size: float
    of: str = "its largest entry"


def advice_on(error_text: str) -> str:
    """One sentence on a well-known exception text, or nothing."""
    return next((advice for known, advice in ADVICE.items() if known in error_text), "")


def describe_shape(
    name: str,
    expected: tuple[int, ...],
    found: tuple[int, ...],
    others: Mapping[str, np.ndarray],
    actual: np.ndarray | None = None,
) -> str:
    """Say that a shape is wrong and what it looks like instead. actual: the values, where they can be looked at."""
    text = f"{name} has shape {found}, expected {expected}."
    if actual is not None and np.isfinite(actual).all():
        with np.errstate(all="ignore"):
            other = describe_other(name, actual, others)
        if other:
            return f"{text} {other}"
    if found == expected[::-1]:
        return f"{text} It is the transpose."
    same = [other for other, array in others.items() if array.shape == found != ()]
    if same:
        return f"{text} {name} has the shape of {same[0]}."
    if sorted(found) == sorted(expected):
        return f"{text} The axes are in another order."
    if found == ():
        return f"{text} It is a single number."
    if len(found) != len(expected):
        if expected == ():
            return f"{name} is an array of shape {found}, expected one number. Is the sum or mean over it missing?"
        return f"{text} It has {len(found)} {'axis' if len(found) == 1 else 'axes'}, expected {len(expected)}."
    axes = [str(axis) for axis, (a, b) in enumerate(zip(found, expected, strict=True)) if a != b]
    return f"{text} They differ along {'axis' if len(axes) == 1 else 'axes'} {' and '.join(axes)}."


def describe_difference(
    name: str,
    expected: np.ndarray,
    actual: np.ndarray,
    *,
    others: Mapping[str, np.ndarray] | None = None,
    sizes: Mapping[str, int] | None = None,
    unit: Unit | None = None,
    integers: bool = False,
) -> str:
    """Say how values of the right shape differ: NaN, what they look like instead, or where they are wrong.

    others: named arrays that they may turn out to be. sizes: what a factor may turn out to be, by its name.
    unit: what errors are relative to; by default the largest entry. integers: the array came with whole numbers only.
    """
    wrong = ~np.isfinite(actual)
    if wrong.any():
        kinds = "NaN" if np.isnan(actual).any() else "inf"
        if wrong.all():
            return f"{name} is {kinds}{' in every entry' if actual.size > 1 else ''}."
        return f"{name} holds {kinds} in {int(wrong.sum())} of {actual.size} entries, {place(wrong)}."
    unit = unit or Unit(float(np.max(np.abs(expected), initial=0.0)))
    scale = unit.size or 1.0
    if float(np.max(np.abs(actual), initial=0.0)) > HUGE * scale:
        return f"{name} is more than {HUGE} times as large as {'it should be' if unit.of == Unit.of else unit.of}."
    with np.errstate(all="ignore"):
        looks = describe_constant(name, expected, actual, integers) or describe_cut(name, expected, actual, integers)
        looks = looks or describe_other(name, actual, others or {})
        is_plain = is_plain_number(expected)
        actual, expected = actual / scale, expected / scale  # nothing overflows from here on
        looks = (
            looks
            or describe_factor(name, expected, actual, sizes or {}, is_plain=is_plain)
            or describe_offset(name, expected, actual)
            or describe_order(name, expected, actual)
            or describe_slices(name, expected, actual)
        )
    return looks or describe_place(name, np.abs(actual - expected), unit)


def describe_place(name: str, difference: np.ndarray, unit: Unit) -> str:
    """How large the error is, how many entries are wrong, and where. difference: in units."""
    relative, wrong = float(np.max(difference)), difference > CLOSE
    amount = f"{relative:.0%}" if relative >= 0.01 else f"{relative:.2g}"
    size = f"{name} is off by up to {amount} of {unit.of}"
    if difference.size == 1 and unit.of == Unit.of:
        size = f"{name} is off by {amount}{'' if relative >= 0.01 else ' of its size'}"
    if wrong.all() and wrong.size > 1:
        return f"{size} and wrong in every entry."
    share = f"in {int(wrong.sum())} of {wrong.size} entries" if wrong.size > 1 and wrong.any() else ""
    return f"{', '.join(filter(None, [f'{size} {share}'.strip(), place(wrong)]))}."


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
    for axis in range(wrong.ndim):
        others = tuple(other for other in range(wrong.ndim) if other != axis)
        slices = np.flatnonzero(~wrong.any(axis=others))
        if len(slices) and wrong.sum() == wrong.size - wrong.size // wrong.shape[axis] * len(slices):
            verb = "is" if len(slices) == 1 else "are"
            return f"only {indices(slices)} of axis {axis} {verb} right throughout"
    first = tuple(int(i) for i in np.argwhere(wrong)[0])
    return f"first at {first if len(first) > 1 else first[0]}"


def indices(positions: np.ndarray) -> str:
    listed = ", ".join(map(str, positions[:4]))
    return f"index {listed}" if len(positions) == 1 else f"indices {listed}{' …' if len(positions) > 4 else ''}"


def plural_shape(shape: tuple[int, ...]) -> str:
    return "a number" if shape == () else f"an array of shape {shape}"
