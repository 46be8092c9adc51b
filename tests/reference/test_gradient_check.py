"""The numerical gradients compared with derivatives computed on paper."""

from types import SimpleNamespace

import numpy as np
import pytest

from reference.gradient_check import (
    eval_numerical_gradient,
    eval_numerical_gradient_array,
    rel_error,
    show_gradient_errors,
    show_net_errors,
)


def test_gradient_of_a_cubic_is_exact_except_for_h_squared():
    x = np.array([[1.0, -2.0], [0.5, 3.0]])
    grad = eval_numerical_gradient(lambda x: np.sum(x**3), x, verbose=False, h=1e-3)
    # ((x + h)^3 - (x - h)^3) / 2h = 3 x^2 + h^2: a one-sided difference would be off by 3 x h.
    np.testing.assert_allclose(grad, 3 * x**2 + 1e-6, rtol=1e-10)


def test_default_step_is_1e_5():
    seen = []
    eval_numerical_gradient(lambda x: seen.append(x.item()) or 0.0, np.zeros(1), False)
    eval_numerical_gradient_array(lambda x: seen.append(x.item()) or x, np.zeros(1), np.ones(1))
    assert seen == [1e-5, -1e-5, 1e-5, -1e-5]


def test_array_gradient_is_the_transposed_jacobian_times_df():
    # f(x) = (x0 x1, x0^2, sin x1): rows of the Jacobian are (x1, x0), (2 x0, 0), (0, cos x1).
    x, df = np.array([2.0, 0.3]), np.array([1.0, -2.0, 5.0])
    grad = eval_numerical_gradient_array(lambda x: np.array([x[0] * x[1], x[0] ** 2, np.sin(x[1])]), x, df)
    np.testing.assert_allclose(grad, [0.3 - 2 * 4.0, 2.0 + 5 * np.cos(0.3)], rtol=1e-9)


def test_a_function_that_returns_its_argument_or_a_view_of_it():
    x, df = np.arange(6.0).reshape(2, 3), np.arange(6.0).reshape(3, 2)
    np.testing.assert_allclose(eval_numerical_gradient_array(lambda x: x.T, x, df), df.T, rtol=1e-9)


@pytest.mark.parametrize(
    "x",
    [
        np.array(3.0),
        np.asfortranarray(np.arange(12.0).reshape(3, 4)),
        np.arange(12.0).reshape(3, 4)[::-1, ::2],
        np.zeros((0, 3)),
    ],
    ids=["scalar", "fortran", "strided", "empty"],
)
def test_any_layout_in_and_nothing_changed(x):
    before = x.copy()
    np.testing.assert_allclose(eval_numerical_gradient(lambda x: np.sum(x * x), x, False), 2 * before, atol=1e-9)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("value", [1e-6, 1e-7, 1e-300])
def test_x_is_restored_to_the_bit(value):
    # In floating point, (value - h) + h is a different number.
    x = np.full(3, value)
    eval_numerical_gradient_array(lambda x: x, x, np.ones(3))
    assert x.tolist() == [value] * 3


def test_x_is_restored_when_f_raises():
    def fails(x):
        raise RuntimeError("no")

    x = np.array([1.0, 2.0])
    with pytest.raises(RuntimeError, match="no"):
        eval_numerical_gradient(fails, x, verbose=False)
    assert x.tolist() == [1.0, 2.0]


def test_verbose_prints_each_element_and_false_prints_nothing(capsys):
    x = np.array([[1.0, 2.0]])
    eval_numerical_gradient(lambda x: 0.0, x)
    assert capsys.readouterr().out == "(0, 0) 0.0\n(0, 1) 0.0\n"
    eval_numerical_gradient(lambda x: 0.0, x, verbose=False)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("check", [eval_numerical_gradient, lambda f, x: eval_numerical_gradient_array(f, x, 1.0)])
def test_whole_numbers_are_refused(check):
    with pytest.raises(ValueError) as caught:
        check(lambda x: x.sum(), np.array([1, 2]))
    assert str(caught.value) == (
        "gradient check: x has dtype int64, expected floats, because only floats can take a step of 1e-05. "
        "Pass x.astype(float)."
    )


def test_rel_error_by_hand():
    assert rel_error(np.array([1.0, 2.0]), np.array([1.0, 2.0])) == 0
    assert rel_error(np.array([1.0, 3.0]), np.array([1.0, 1.0])) == 0.5
    assert rel_error(np.array([-1.0]), np.array([1.0])) == 1
    # Below 1e-8, the difference is divided by 1e-8.
    assert rel_error(np.array([0.0]), np.array([1e-9])) == pytest.approx(0.1)
    assert rel_error(0.0, 0.0) == 0


def test_rel_error_of_two_shapes_is_refused_rather_than_broadcast():
    with pytest.raises(ValueError, match=r"rel_error: x has shape \(3,\) and y has shape \(3, 1\), expected one shape"):
        rel_error(np.ones(3), np.ones((3, 1)))


def test_gradient_errors_are_shown_for_each_input(capsys):
    x, w, dout = np.array([1.0, 2.0]), np.array([3.0, 5.0]), np.array([1.0, -1.0])
    show_gradient_errors(np.multiply, {"x": x, "w": w}, [w * dout, 2 * x * dout], dout, bound=1e-9)
    first, second = capsys.readouterr().out.splitlines()
    name, _, error = first.partition("   (expected: below 1e-09)")[0].partition(" error: ")
    assert name == "dx" and float(error) < 1e-9
    assert second == "dw error: 3.33e-01   (expected: below 1e-09)"  # |2 - 1| / (2 + 1)


def test_net_errors_are_shown_for_each_parameter_by_name(capsys):
    params = {"b": np.array([2.0]), "W": np.array([3.0])}
    net = SimpleNamespace(params=params)
    net.loss = lambda X, y: (float(params["W"][0] * X + params["b"][0]), {"b": np.array([1.0]), "W": np.array([-X])})
    show_net_errors(net, 4.0, None, bound=1e-6)
    first, second = capsys.readouterr().out.splitlines()
    assert first == "W relative error: 1.00e+00   (expected: below 1e-06)"
    assert float(second.removeprefix("b relative error: ").partition(" ")[0]) < 1e-6
