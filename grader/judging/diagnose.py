"""Describes how a wrong array differs from the expected one: shape, pattern, place. Never reveals an expected value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from grader.judging import patterns
from grader.judging.patterns import CLOSE, FEW, Others, Sizes
from grader.records import Reason

Shape = tuple[int, ...]

LISTED: Final = 5  # indices that a reason stores; a message shows fewer
SLIGHT: Final = 0.01  # errors of at least this size are shown in percent
HUGE: Final = 1000  # a value this many times too large gets no exact factor, which would reveal the right value

# Parts of error messages of Python and NumPy, and the advice for each (messages/advice.py). The first match counts.
DEBUGGERS: Final = ("BdbQuit", "code.interact", "ipdb.", "pudb.", "debugpy.", "IPython.embed", "IPython.core.debugger")
GONE_TYPES: Final = ("float", "int", "bool", "object", "long", "str")
RECOGNISED: Final = (
    (DEBUGGERS, Reason.of("debugger")),
    (("EOF when reading a line",), Reason.of("input")),
    (("call to 'print'",), Reason.of("print_statement")),
    (("call to 'exec'",), Reason.of("exec_statement")),
    (("multiple exception types must be",), Reason.of("except_comma")),
    (("inconsistent use of tabs and spaces",), Reason.of("tabs_and_spaces")),
    (("null bytes",), Reason.of("null_bytes")),
    (("unindent does not match",), Reason.of("unindent")),
    (("was never closed",), Reason.of("never_closed")),
    (("unterminated",), Reason.of("unterminated")),
    (("'float' object cannot be interpreted as an integer",), Reason.of("float_size")),
    (("slice indices must be integers",), Reason.of("float_index")),
    (("name 'xrange' is not defined",), Reason.of("xrange")),
    (("name 'raw_input' is not defined",), Reason.of("raw_input")),
    (("name 'unicode' is not defined",), Reason.of("unicode")),
    (("has no attribute 'iteritems'",), Reason.of("iteritems")),
    (("has no attribute 'has_key'",), Reason.of("has_key")),
    (("name 'get_ipython' is not defined",), Reason.of("notebook_line")),
    (("is not in the sandbox: NumPy and the standard",), Reason.of("not_in_the_sandbox")),
    (("is not in the sandbox while this file",), Reason.of("withheld")),
    (("which is not in the sandbox)",), Reason.of("not_in_the_sandbox")),
    (("only length-1 arrays can be converted",), Reason.of("array_for_a_number")),
    (("only 0-dimensional arrays can be converted",), Reason.of("item")),
    (("only integer scalar arrays can be converted",), Reason.of("array_for_an_integer")),
    (("not aligned",), Reason.of("inner_axes")),
    (("could not be broadcast together",), Reason.of("broadcast")),
    (("could not broadcast input array",), Reason.of("broadcast_into")),
    (("cannot unpack non-iterable NoneType",), Reason.of("unpacked_none")),
    (tuple(f"module 'numpy' has no attribute '{name}'" for name in GONE_TYPES), Reason.of("old_numpy_types")),
    (("module 'numpy' has no attribute",), Reason.of("old_numpy")),
    (("name 'exit' is not defined",), Reason.of("interactive_only", name="exit")),
    (("name 'quit' is not defined",), Reason.of("interactive_only", name="quit")),
    (("is not defined",), Reason.of("not_defined")),
)
OWN_LARGEST: Final = Reason.of("own_largest")


@dataclass(frozen=True)
class Unit:
    """The magnitude to which an error is relative, and the words for it."""

    size: float
    of: Reason = OWN_LARGEST


def advice_on(error_text: str) -> Reason | None:
    return next((advice for texts, advice in RECOGNISED if any(text in error_text for text in texts)), None)


def describe_shape(
    name: str, expected: Shape, found: Shape, others: Others, actual: np.ndarray | None = None
) -> Reason:
    """Describe a wrong shape, and name a value with this shape. actual: the values, or None if not examined."""
    if actual is not None and np.isfinite(actual).all():
        with np.errstate(all="ignore"):
            other = patterns.find_other(actual, others)
        if other:
            return Reason.of("shape_and_values_of_other", name=name, found=found, expected=expected, other=other)
    if found == expected[::-1]:
        return Reason.of("shape_transposed", name=name, found=found, expected=expected)
    same = [patterns.named(other) for other, array in others.items() if array.shape == found != ()]
    if same:
        return Reason.of("shape_of_other", name=name, found=found, expected=expected, other=same[0])
    if sorted(found) == sorted(expected):
        return Reason.of("shape_in_another_order", name=name, found=found, expected=expected)
    if found == ():
        return Reason.of("shape_of_a_number", name=name, found=found, expected=expected)
    if expected == ():
        return Reason.of("one_number_expected", name=name, found=found)
    axes, due = len(found), len(expected)
    if axes != due:
        return Reason.of("shape_of_other_axes", name=name, found=found, expected=expected, axes=axes, expected_axes=due)
    differing = [axis for axis, (a, b) in enumerate(zip(found, expected, strict=True)) if a != b]
    return Reason.of("shape_along", name=name, found=found, expected=expected, axes=differing)


def describe_difference(
    name: str,
    expected: np.ndarray,
    actual: np.ndarray,
    *,
    others: Others | None = None,
    sizes: Sizes = (),
    unit: Unit | None = None,
    integers: bool = False,
) -> Reason:
    """Describe how values of the right shape differ: NaN, a known pattern, or where they are wrong.

    others: named arrays to which the values are compared. sizes: lengths to which a factor is compared. unit: to which
    errors are relative; by default the largest entry. integers: whether the returned array had an integer dtype.
    """
    wrong, size = ~np.isfinite(actual), actual.size
    if wrong.any():
        kind = "NaN" if np.isnan(actual).any() else "inf"
        if not wrong.all():
            count, where = int(wrong.sum()), place(wrong)
            return Reason.of("holds_what_is_not_finite", name=name, kind=kind, wrong=count, entries=size, where=where)
        throughout = Reason.of("is_not_finite_throughout", name=name, kind=kind)
        return throughout if size > 1 else Reason.of("is_not_finite", name=name, kind=kind)
    unit = unit or Unit(float(np.max(np.abs(expected), initial=0.0)))
    scale = unit.size or 1.0
    if float(np.max(np.abs(actual), initial=0.0)) > HUGE * scale:
        if unit.of == OWN_LARGEST:
            return Reason.of("huge", name=name, times=HUGE)
        return Reason.of("huge_beside", name=name, times=HUGE, unit=unit.of)
    with np.errstate(all="ignore"):
        looks = patterns.describe_constant(name, expected, actual, integers)
        looks = looks or patterns.describe_cut(name, expected, actual, integers)
        if looks is None and (other := patterns.find_other(actual, others or {})):
            looks = Reason.of("values_of_other", name=name, other=other)
        is_plain = patterns.is_plain_number(expected)
        actual, expected = actual / scale, expected / scale  # so that no later operation overflows
        looks = looks or patterns.describe_factor(name, expected, actual, sizes, is_plain=is_plain)
        for describe in (patterns.describe_offset, patterns.describe_order, patterns.describe_slices):
            looks = looks or describe(name, expected, actual)
    return looks or describe_place(name, np.abs(actual - expected), unit)


def describe_place(name: str, difference: np.ndarray, unit: Unit) -> Reason:
    """Describe the error's size, and the number and place of wrong entries. difference: in multiples of the unit."""
    error, wrong = float(np.max(difference)), difference > CLOSE
    if wrong.size == 1 and unit.of == OWN_LARGEST:
        slightly = Reason.of("number_slightly_off", name=name, amount=error)
        return slightly if error < SLIGHT else Reason.of("number_off", name=name, amount=error)
    if wrong.size == 1 or not wrong.any():
        return Reason.of("off", name=name, amount=error, unit=unit.of)
    if wrong.all():
        return Reason.of("off_everywhere", name=name, amount=error, unit=unit.of)
    count, where = int(wrong.sum()), place(wrong)
    return Reason.of("off_in_some", name=name, amount=error, unit=unit.of, wrong=count, entries=wrong.size, where=where)


def place(wrong: np.ndarray) -> Reason:
    """Describe the place of the wrong entries. Some entries are wrong, but not all."""
    if wrong.ndim >= 2 and min(wrong.shape[-2:]) > 2 and not wrong[..., 1:-1, 1:-1].any():
        return Reason.of("only_at_the_border")
    touched = [np.moveaxis(wrong, axis, 0).reshape(length, -1).any(axis=1) for axis, length in enumerate(wrong.shape)]
    for axis, is_wrong in enumerate(touched):
        slices = np.flatnonzero(is_wrong)
        if is_wrong.size > 1 and slices.size <= max(1, FEW * is_wrong.size):
            return Reason.of("only_at", at=slices[:LISTED].tolist(), axis=axis)
    for axis, is_wrong in enumerate(touched):
        slices = np.flatnonzero(~is_wrong)
        if slices.size and wrong.sum() == wrong.size - wrong.size // is_wrong.size * slices.size:
            return Reason.of("only_right_at", at=slices[:LISTED].tolist(), axis=axis)
    return Reason.of("first_at", at=np.argwhere(wrong)[0].tolist())
