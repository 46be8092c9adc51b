"""An invalid definition of a check raises an error at once that says what is wrong."""

import numpy as np
import pytest

from grader.checks import check, gradients, misconception
from grader.definitions import Gradients
from grader.errors import AssignmentError
from grader.judging.run_check_function import named_values


def documented(student, rng):
    """Two
    lines."""
    return {}


def undocumented(student, rng):
    return {}


def test_a_docstring_becomes_the_title_on_one_line():
    definition = check("layers.f", weight=3, seed=4, tolerance=1e-3, needs="layers.g", parts={"dx": 2})(documented)
    assert (definition.function, definition.name, definition.title) == ("layers.f", "documented", "Two lines.")
    assert (definition.weight, definition.seed, definition.tolerance) == (3, 4, 1e-3)
    assert (definition.needs, definition.parts) == ("layers.g", {"dx": 2})
    assert definition.run is documented
    assert check("layers.f", name="other")(documented).name == "other"


def test_a_check_without_docstring_is_rejected():
    with pytest.raises(AssignmentError, match=r"check layers\.f\.undocumented: no docstring"):
        check("layers.f")(undocumented)
    blank = lambda student, rng: {}  # noqa: E731
    blank.__doc__ = " \n "
    with pytest.raises(AssignmentError, match="no docstring"):
        check("layers.f")(blank)


@pytest.mark.parametrize("weight", [0, -1, -0.5, float("nan")])
def test_a_weight_of_zero_or_less_is_rejected(weight):
    with pytest.raises(AssignmentError, match="weight"):
        check("layers.f", weight=weight)(documented)


@pytest.mark.parametrize("tolerance", [-1e-5, float("nan")])
def test_a_tolerance_that_nothing_can_meet_is_rejected(tolerance):
    with pytest.raises(AssignmentError, match="tolerance"):
        check("layers.f", tolerance=tolerance)(documented)


def test_a_hint_is_put_on_one_line():
    made = misconception("layers.f", "Look \n  closer.")(undocumented)
    assert (made.function, made.name, made.hint, made.run) == ("layers.f", "undocumented", "Look closer.", undocumented)


def test_gradients_keep_the_order_of_the_arguments():
    x, w = np.ones(2), np.ones(3)
    made = gradients(len, dout=2.0, values={"loss": 1.0}, dx=("gx", x), dw=("gw", w))
    assert list(made.claims) == ["dx", "dw"]
    answer = named_values(made)
    assert answer.gradients is made
    assert answer.values == {"loss": 1.0, "dx": "gx", "dw": "gw"}


def test_named_arrays_are_an_answer():
    assert named_values({"out": 1}).values == {"out": 1}
    assert named_values({"out": 1}).gradients is None


@pytest.mark.parametrize("returned", [None, 1.0, np.ones(3), (1, 2), [1], {}, {1: np.ones(2)}, "out", {"a": 1, 2: 2}])
def test_returning_anything_but_named_arrays_is_a_fault_of_ours(returned):
    with pytest.raises(AssignmentError, match="expected named arrays"):
        named_values(returned)


def test_gradients_without_arrays_are_a_fault_of_ours():
    with pytest.raises(AssignmentError, match="expected named arrays"):
        named_values(Gradients(len, 1.0, {}))


def test_together_with_a_single_name_is_rejected():
    with pytest.raises(AssignmentError, match=r"together is 'dx', expected \('dx',\)"):
        check("layers.square", together="dx")(documented)
