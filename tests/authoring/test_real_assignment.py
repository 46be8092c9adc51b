"""The real assignment: the reference passes every check, and every known mistake clearly fails at least one."""

import inspect
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from grader.assignment.fixtures import load_fixtures
from grader.assignment.load import load_assignment
from grader.assignment.reference import load_reference
from grader.authoring.local_run import namespace_of
from grader.authoring.make_fixtures import drift, make_fixtures, same
from grader.calls import CallFailed, local_call
from grader.definitions import Gradients
from grader.judging.follow import reach_patterns, same_patterns
from grader.judging.student_proxy import Student

ROOT = Path(__file__).resolve().parents[2]
ASSIGNMENT = load_assignment(ROOT / "assignment")
FIXTURES = load_fixtures(ASSIGNMENT)
FUNCTIONS = load_reference(ASSIGNMENT)
CHECKS = pytest.mark.parametrize("check", ASSIGNMENT.checks, ids=lambda check: check.id)
# Nets are left out: they are objects with their own dtype, and the fixtures measure their errors in float32.
FUNCTION_CHECKS = pytest.mark.parametrize(
    "check",
    [check for check in ASSIGNMENT.checks if check.function not in ASSIGNMENT.classes],
    ids=lambda check: check.id,
)
FAR = 100  # tolerances
UNSEEN, SEEN = 0.1, 3  # tolerances; in between, rounding on another machine could decide


def returned(check, functions=FUNCTIONS):
    np.random.seed(check.seed)
    names, classes = frozenset(functions), ASSIGNMENT.classes
    student = Student(local_call(functions, None, classes), names, classes)
    reference = Student(local_call(FUNCTIONS, None, classes), names, classes)
    measures = len(inspect.signature(check.run).parameters) > 2
    rng = np.random.RandomState(check.seed)
    return check.run(student, rng, reference) if measures else check.run(student, rng)


def values_of(answer):
    if isinstance(answer, Gradients):
        return {**answer.values, **{name: claim for name, (claim, _) in answer.claims.items()}}
    return answer


def distance(expected, value, tolerance):
    """The error as a multiple of the tolerance; infinite if shapes differ or a number is not finite."""
    value = np.asarray(value, dtype=float)
    if value.shape != expected.shape or not np.isfinite(value).all():
        return np.inf
    largest = np.max(np.abs(expected), initial=0.0) or 1.0
    return np.max(np.abs(expected.astype(float) - value), initial=0.0) / largest / tolerance


@CHECKS
def test_the_reference_passes_every_check(check):
    values = values_of(returned(check))
    expected = FIXTURES.checks[check.id].expected
    assert values.keys() == expected.keys()
    for name, value in values.items():
        assert distance(expected[name], value, check.tolerance) < 1e-3


def converted(value, to):
    """Convert float arrays to another float dtype, also those in a dict, which stays the same object."""
    if isinstance(value, dict):
        value.update({key: converted(item, to) for key, item in value.items()})
    is_float = isinstance(value, np.ndarray) and value.dtype.kind == "f"
    return value.astype(to) if is_float else value


def in_float32(function):
    """The function of a student who computes in float32 and returns float64."""

    def call(*args):
        returned = function(*(converted(arg, np.float32) for arg in args))
        for arg in args:
            converted(arg, np.float64)  # the caller sees changes in its dict
        if isinstance(returned, tuple):
            return tuple(converted(part, np.float64) for part in returned)
        return converted(returned, np.float64)

    return call


@FUNCTION_CHECKS
def test_a_layer_that_computes_in_float32_passes_with_a_margin(check):
    values = values_of(returned(check, {name: in_float32(function) for name, function in FUNCTIONS.items()}))
    for name, expected in FIXTURES.checks[check.id].expected.items():
        assert distance(expected, values[name], check.tolerance) < 1 / 3, name


@FUNCTION_CHECKS
def test_every_check_tests_something(check):
    assert any(np.ptp(array) > 0 or array.size == 1 for array in FIXTURES.checks[check.id].expected.values())
    for name, array in FIXTURES.checks[check.id].expected.items():
        assert np.abs(array).max() > 1e-6, name


@pytest.mark.slow
@pytest.mark.parametrize("item", ASSIGNMENT.misconceptions, ids=lambda item: f"{item.function}.{item.name}")
def test_every_known_mistake_is_far_from_right_in_some_check(item):
    reference = namespace_of(FUNCTIONS)
    wrong = {**FUNCTIONS, item.function: lambda *args, **kwargs: item.run(reference, *args, **kwargs)}
    distances = [0.0]
    for check in ASSIGNMENT.checks:
        if check.function == item.function:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    values = values_of(returned(check, wrong))
                except (ArithmeticError, LookupError, TypeError, ValueError, CallFailed):
                    distances.append(np.inf)
                    continue
            expected = FIXTURES.checks[check.id].expected
            distances.append(max(distance(expected[name], value, check.tolerance) for name, value in values.items()))
    assert max(distances) >= FAR
    assert not [tolerances for tolerances in distances if UNSEEN < tolerances < SEEN], distances


@pytest.mark.parametrize("item", ASSIGNMENT.misconceptions, ids=lambda item: f"{item.function}.{item.name}")
def test_every_known_mistake_can_be_recognised_by_its_values_or_where_it_says_so_by_what_it_raises(item):
    fixtures = [FIXTURES.checks[check.id] for check in ASSIGNMENT.checks if check.function == item.function]
    raises = item.by_outcome and any(item.name in fixture.raises for fixture in fixtures)
    assert raises or any(item.name in fixture.variants for fixture in fixtures)


@pytest.mark.parametrize("function", ASSIGNMENT.functions)
def test_two_known_mistakes_of_different_hints_never_return_the_same_in_all_checks(function):
    items = ASSIGNMENT.misconceptions_of(function)
    checks = [check for check in ASSIGNMENT.checks if check.function == function]
    for index, first in enumerate(items):
        for second in items[:index]:
            if first.hint == second.hint:
                continue
            told_apart = False
            for check in checks:
                a, b = (FIXTURES.checks[check.id].variants.get(item.name) for item in (first, second))
                told_apart |= (a is None) != (b is None)
                raised = FIXTURES.checks[check.id].raises
                told_apart |= raised.get(first.name) != raised.get(second.name)
                for name in a or () if b else ():
                    told_apart |= not same(a[name], b[name], 2 * check.tolerance)
            assert told_apart, (first.name, second.name)


CENTRED = [check for check in ASSIGNMENT.checks if isinstance(returned(check), Gradients)]


@pytest.mark.parametrize("check", CENTRED, ids=lambda check: check.id)
def test_every_gradient_of_the_reference_is_the_slope_of_its_forward(check):
    """Centred differences, coordinate by coordinate, on a sample of each array."""
    answer = returned(check)
    points = [np.asarray(point, dtype=float) for _, point in answer.claims.values()]
    for index, (claim, _) in enumerate(answer.claims.values()):
        scale = float(np.max(np.abs(claim)))
        size = float(np.std(points[index])) or 1.0
        for coordinate in np.random.RandomState(index).permutation(points[index].size)[:12]:
            ends = []
            for sign in (1, -1):
                moved = [point.copy() for point in points]
                moved[index].flat[coordinate] += sign * 1e-5 * size
                ends.append(float(np.sum(answer.at(*moved) * answer.dout)))
            assert (ends[0] - ends[1]) / (2e-5 * size) == pytest.approx(claim.flat[coordinate], abs=1e-5 * scale)


def constant(x, y):
    return 2.3, np.zeros_like(x)


def total(x, y):
    return float(np.sum(x)), np.ones_like(x)


def weighted(x, y):
    weights = np.arange(1.0, 1 + x.size).reshape(x.shape)
    return float(np.sum(weights * x)), weights


def right_scores(x, y):
    dx = np.zeros_like(x)
    dx[np.arange(len(y)), y] = -1
    return -float(np.sum(x[np.arange(len(y)), y])), dx


def row_sums(x, y):
    sums = x.sum(axis=1, keepdims=True)
    return float((sums**2).sum()), 2 * sums * np.ones_like(x)


LOSSES = [check for check in ASSIGNMENT.checks if check.function in ("layers.svm_loss", "layers.softmax_loss")]


@pytest.mark.parametrize("check", LOSSES, ids=lambda check: check.id)
@pytest.mark.parametrize("loss", [constant, total, weighted, right_scores, row_sums], ids=lambda loss: loss.__name__)
def test_a_wrong_loss_differs_in_reach_from_the_reference(check, loss):
    answer = returned(check, {**FUNCTIONS, check.function: loss})
    assert not same_patterns(FIXTURES.checks[check.id].reach, reach_patterns(answer, check))


@pytest.mark.parametrize("check", LOSSES, ids=lambda check: check.id)
@pytest.mark.parametrize("factor", [-1.0, 0.5, 50.0])
def test_a_scaled_loss_has_the_reach_of_the_reference(check, factor):
    right = FUNCTIONS[check.function]
    answer = returned(check, {**FUNCTIONS, check.function: lambda x, y: tuple(factor * part for part in right(x, y))})
    assert same_patterns(FIXTURES.checks[check.id].reach, reach_patterns(answer, check))


@pytest.fixture(scope="module")
def made():
    """Newly made fixtures."""
    return make_fixtures(ASSIGNMENT)


@pytest.mark.slow
def test_the_fixtures_on_disk_are_those_that_a_fresh_run_makes(made):
    assert drift(ASSIGNMENT, made) == []


@pytest.mark.slow
def test_making_fixtures_twice_gives_the_same_arrays_to_the_bit(made):
    second = make_fixtures(ASSIGNMENT)
    assert made.manifest == second.manifest
    for file, arrays in made.arrays.items():
        assert {name: (a.shape, a.tobytes()) for name, a in arrays.items()} == {
            name: (a.shape, a.tobytes()) for name, a in second.arrays[file].items()
        }


def test_misconceptions_take_the_arguments_of_their_functions():
    for item in ASSIGNMENT.misconceptions:
        if item.function in ASSIGNMENT.classes:
            continue
        names = list(inspect.signature(item.run).parameters)
        assert names == ["reference", *FIXTURES.arguments[item.function]], item.name


# Names from the course's docstrings and notebooks; a letter and digits, where the digits count layers.
KNOWN_NAMES = re.compile(
    r"(out|loss|scores|d?x|d?w|d?b|dgamma|dbeta|W\d|b\d|gamma\d|beta\d|next_w|velocity|cache|m|v|t|running_(mean|var))"
)


def test_every_name_of_a_compared_value_is_the_course_s_or_has_words():
    names = {name for check in ASSIGNMENT.checks for name in FIXTURES.checks[check.id].expected}
    words = ASSIGNMENT.checks[0].words
    assert {name for name in names if not KNOWN_NAMES.fullmatch(name)} == set(words)
    assert not [both for both in words.values() if any(name in " ".join(both) for name in names if "_" in name)]
    assert all(no.endswith(".") or not no for _, no in words.values())
