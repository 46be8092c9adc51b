"""Compares expected and actual values. Pure; no returned value of a student makes these functions raise."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from grader.calls import type_of
from grader.errors import FixtureError
from grader.judging.diagnose import OWN_LARGEST, Unit, describe_difference, describe_shape
from grader.judging.patterns import Input, Others, Sizes, sizes_of
from grader.messages.say import fault
from grader.records import FAILED, PASSED, Check, Comparison, Reason, as_written

Arrays = Mapping[str, np.ndarray]
Names = bool | Collection[str]

LARGEST: Final = float(np.finfo(np.float64).max)
NOTHING: Final = np.array(np.nan)  # how fixtures store None
MAX_TIMES: Final = 16  # arrays of a wrong shape with more than 16 times the expected entries are not examined


@dataclass(frozen=True)
class Judgement:
    """A comparison, with data that results do not store: remarks, which cost no marks, and the value as float64.

    is_none: the code returned None where an array was expected. shape: the actual shape, if it is wrong.
    """

    comparison: Comparison
    remarks: tuple[Reason, ...] = ()
    actual: np.ndarray | None = None
    is_none: bool = False
    shape: tuple[int, ...] | None = None


def judge_values(
    check: Check, expected: Arrays, actual: Mapping[str, Any], inputs: Arrays | None = None
) -> list[Judgement]:
    """Compare each expected array with the value of the same name. inputs: named arrays that the check passed in."""
    words = {name: check.words.get(name, (name, "")) for name in expected}
    units = units_of(expected, check.together, {name: shown for name, (shown, _) in words.items()})

    def judge(name: str, others: Others | None = None, sizes: Sizes = ()) -> Judgement:
        array, value, weight = expected[name], actual.get(name), float(check.parts.get(name, 1.0))
        if check.squeeze is True:  # with the same number of axes, do not squeeze: (1, 9) for (9, 1) is a transpose
            squeeze = isinstance(value, np.ndarray) and value.ndim != array.ndim
        else:
            squeeze = name in (check.squeeze or ())
        context: dict[str, Any] = {"others": others, "sizes": sizes, "unit": units.get(name), "words": words[name]}
        return judge_array(name, array, value, tolerance=check.tolerance, weight=weight, squeeze=squeeze, **context)

    judgements = {name: judge(name) for name in expected}
    wrong = [name for name, judgement in judgements.items() if judgement.comparison.status != PASSED]
    if wrong:  # search for patterns only in wrong values, because the search is slow
        given: Others = {Input(name): array for name, array in (inputs or {}).items()}
        sizes = sizes_of(inputs or {words[name][0]: array for name, array in expected.items()})
        for name in wrong:
            others: Others = {words[one][0]: array for one, array in expected.items() if one != name}
            judgements[name] = judge(name, {**given, **others}, sizes)
    return list(judgements.values())


def judge_array(
    name: str,
    expected: np.ndarray,
    actual: Any,
    *,
    tolerance: float,
    weight: float = 1.0,
    others: Others | None = None,
    sizes: Sizes = (),
    unit: Unit | None = None,
    squeeze: bool = False,
    words: tuple[str, str] | None = None,
) -> Judgement:
    """Decide whether one returned value matches its fixture: type, shape, dtype, finite, value, in this order.

    Pure. `actual` may be any decoded object, and never makes this function raise.
    tolerance: the largest allowed |expected - actual|, relative to max |expected| or to `unit` (absolute if that is
    0).
    others: named arrays to which a wrong value is compared. sizes: lengths to which a wrong factor is compared.
    squeeze: ignore axes of length 1; if one number is expected, they are always ignored.
    words: (the value's name in messages, the message if a yes-or-no value is wrong, or "").
    Raises FixtureError if `expected` is not finite, which is our fault and costs no marks.
    """
    if not np.isfinite(expected).all():
        raise fault(Reason.of("not_finite", name=name), FixtureError)

    shown, if_no = words or (name, "")
    remarks: list[Reason] = []

    def judged(reason: Reason | None, error: float | None = None, **of_value: Any) -> Judgement:
        comparison = Comparison(name, FAILED if reason else PASSED, reason, error, tolerance, weight)
        return Judgement(comparison, tuple(remarks), **of_value)

    if not isinstance(actual, np.ndarray | np.generic | int | float):
        if actual is None:
            return judged(Reason.of("is_none", name=shown, expected=expected.shape), is_none=expected.ndim > 0)
        return judged(Reason.of("is_of_type", name=shown, type=type_of(actual), expected=expected.shape))
    array = np.asarray(actual)
    if array.shape != expected.shape:  # before the conversion, because a wrong shape may be huge
        if not (squeeze or expected.ndim == 0) or squeezed(array.shape) != squeezed(expected.shape):
            comparable = array.dtype.kind in "fiub" and array.size <= MAX_TIMES * max(1, expected.size)
            examined = to_float64(array) if comparable else None
            reason = describe_shape(shown, expected.shape, array.shape, others or {}, examined)
            return judged(reason, actual=examined, shape=array.shape)
        remarks.append(Reason.of("axes_of_length_1", name=shown, found=array.shape, expected=expected.shape))
    if array.dtype.kind == "c":
        if np.any(array.imag != 0):
            return judged(Reason.of("is_complex", name=shown))
        array = array.real
    if array.dtype != expected.dtype and isinstance(actual, np.ndarray):
        remarks.append(Reason.of("other_dtype", name=shown, found=str(array.dtype), expected=str(expected.dtype)))
    integers = array.dtype.kind in "iub"
    converted = to_float64(array)
    if converted is None:
        return judged(Reason.of("are_no_numbers", name=shown, expected=expected.shape))
    array = converted.reshape(expected.shape)
    if not np.isfinite(array).all():
        return judged(describe_difference(shown, expected, array), actual=array)
    error = relative_error(expected, array, unit)
    if error <= tolerance:
        return judged(None, error, actual=array)
    if if_no:
        return judged(as_written(if_no), error, actual=array)
    reason = describe_difference(shown, expected, array, others=others, sizes=sizes, unit=unit, integers=integers)
    return judged(reason, error, actual=array)


def units_of(expected: Arrays, together: Names, words: Mapping[str, str] | None = None) -> dict[str, Unit]:
    """Return a Unit for each name in `together`: the largest finite entry of all these arrays.

    words: name → the name in messages.
    """
    names = [name for name, array in expected.items() if array.ndim] if together is True else together or ()
    sizes = {name: largest_entry(expected[name]) for name in names if name in expected}
    if not sizes:
        return {}
    largest = max(sizes, key=lambda name: sizes[name])
    other = Reason.of("largest_of", name=(words or {}).get(largest, largest))
    return {name: Unit(sizes[largest], OWN_LARGEST if name == largest else other) for name in sizes}


def largest_entry(array: np.ndarray) -> float:
    """Return the largest magnitude of the finite entries, or 0 without finite entries."""
    return float(np.max(np.abs(array[np.isfinite(array)]), initial=0.0))


def to_float64(array: np.ndarray) -> np.ndarray | None:
    """Return the array as float64; None for a huge integer, strings, or an empty array with a huge axis."""
    try:
        return array.astype(np.float64)
    except (OverflowError, TypeError, ValueError, MemoryError):
        return None


def relative_error(expected: np.ndarray, actual: np.ndarray, unit: Unit | None = None) -> float:
    """Return max |expected - actual|, relative to max |expected| or to `unit`; absolute if that is 0."""
    if expected.size == 0:
        return 0.0
    with np.errstate(over="ignore"):
        largest = unit.size if unit else float(np.max(np.abs(expected)))
        difference = float(np.max(np.abs(expected - actual)))
        error = difference / largest if largest > 0 else difference
    return min(error, LARGEST)  # JSON has no infinity


@dataclass(frozen=True)
class Fit:
    """How well one misconception explains the student's values in one check.

    explained: names of wrong values that equal the misconception's. explains_arrays: the misconception explains all
    arrays that it changes; a second mistake may explain single numbers. is_contradicted: the misconception changes a
    value that the student has right. is_specific: some explained value can hardly be a coincidence. has_same_shape:
    some wrong shape equals the misconception's. overflows_alike: some value is NaN or inf for the student and for the
    misconception. matches_all: all values equal the misconception's.
    """

    explained: frozenset[str]
    explains_arrays: bool
    is_contradicted: bool
    is_specific: bool
    has_same_shape: bool
    overflows_alike: bool
    matches_all: bool


def fit(check: Check, expected: Arrays, variant: Arrays, judgements: Sequence[Judgement]) -> Fit:
    """Return how well a misconception's values fit the student's. NaN equals NaN."""
    units, variant_units = units_of(expected, check.together), units_of(variant, check.together)
    explained, left, matches_all = set[str](), set[str](), True
    is_contradicted = has_same_shape = overflows_alike = False
    for judgement in judgements:
        name, other = judgement.comparison.name, variant[judgement.comparison.name]
        array = NOTHING if judgement.is_none else judgement.actual
        is_found = array is not None and same(other, array, check.tolerance, variant_units.get(name))
        matches_all &= is_found
        if same(expected[name], other, check.tolerance, units.get(name)):
            continue
        if judgement.comparison.status == PASSED:
            is_contradicted = True
        else:
            (explained if is_found else left).add(name)
        has_same_shape |= judgement.shape == other.shape
        if judgement.actual is not None and not (np.isfinite(other).all() or np.isfinite(judgement.actual).all()):
            overflows_alike = True
    telling = [variant[name] for name in explained if is_specific(variant[name])]
    arrays_left = any(variant[name].ndim for name in left)
    explains_arrays = bool(explained) and (not left or (not arrays_left and any(array.ndim for array in telling)))
    return Fit(
        frozenset(explained),
        explains_arrays,
        is_contradicted,
        bool(telling),
        has_same_shape,
        overflows_alike,
        matches_all,
    )


def is_specific(array: np.ndarray) -> bool:
    """Whether two different mistakes rarely give these same values.

    False if all values are equal, or if all are multiples of 1/1000 (counts, shares).
    """
    if array.size == 0 or not np.isfinite(array).all():
        return False
    thousandths = array.astype(np.float64) * 1000
    return bool(np.any(np.abs(thousandths - np.round(thousandths)) > 1e-6)) and (array.size == 1 or np.ptp(array) > 0)


def same(expected: np.ndarray, actual: np.ndarray, tolerance: float, unit: Unit | None = None) -> bool:
    """Whether two arrays have the same shape and the same values within a tolerance. NaN equals NaN."""
    if expected.shape != actual.shape:
        return False
    a, b = np.asarray(expected, dtype=np.float64), np.asarray(actual, dtype=np.float64)
    scale = (unit.size if unit else largest_entry(a)) or 1.0
    return bool(np.allclose(a, b, rtol=0, atol=tolerance * scale, equal_nan=True))


def squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(length for length in shape if length != 1)
