"""The figures printed in the course documents (seeds 001 to 004), from the inputs of the cells that print them.

Each test is one row of FIGURES.md. A figure held "to 5 digits" is the distance of the exact result to an array printed
with eight decimals, so it hardly moves; rounding noise only has to stay below the document's own bound.
"""

import numpy as np
import pytest

from reference.gradient_check import eval_numerical_gradient, eval_numerical_gradient_array, rel_error
from reference.layers import (
    affine_backward,
    affine_forward,
    conv_backward_naive,
    conv_forward_naive,
    max_pool_backward_naive,
    max_pool_forward_naive,
    relu_backward,
    relu_forward,
    softmax_loss,
    svm_loss,
)


def spaced(first, last, *shape):
    return np.linspace(first, last, num=int(np.prod(shape))).reshape(shape)


def drawn(*shapes):
    """The documents' inputs: the global generator's stream from seed 231, in the order of the shapes."""
    rng = np.random.RandomState(231)
    return [rng.randn(*shape) for shape in shapes]


def to_5_digits(figure):
    return pytest.approx(figure, rel=5e-6)


def test_random_state_is_the_stream_of_the_documents():
    # The documents call np.random.seed(231); here the global generator stays as it is.
    before = np.random.get_state()
    try:
        np.random.seed(231)
        np.testing.assert_array_equal(np.random.randn(7), drawn((7,))[0])
    finally:
        np.random.set_state(before)


def test_affine_forward():
    x, w, b = spaced(-0.1, 0.5, 2, 4, 5, 6), spaced(-0.2, 0.3, 120, 3), spaced(-0.3, 0.1, 3)
    printed = np.array([[1.49834967, 1.70660132, 1.91485297], [3.25553199, 3.5141327, 3.77273342]])
    assert rel_error(affine_forward(x, w, b)[0], printed) == to_5_digits(9.7698477e-10)


def test_affine_backward():
    x, w, b, dout = drawn((10, 2, 3), (6, 5), (5,), (10, 5))
    dx, dw, db = affine_backward(dout, affine_forward(x, w, b)[1])
    assert rel_error(eval_numerical_gradient_array(lambda x: affine_forward(x, w, b)[0], x, dout), dx) < 1e-9
    assert rel_error(eval_numerical_gradient_array(lambda w: affine_forward(x, w, b)[0], w, dout), dw) < 1e-9
    assert rel_error(eval_numerical_gradient_array(lambda b: affine_forward(x, w, b)[0], b, dout), db) < 1e-9


def test_relu_forward():
    printed = np.array(
        [[0, 0, 0, 0], [0, 0, 0.04545455, 0.13636364], [0.22727273, 0.31818182, 0.40909091, 0.5]],
    )
    assert rel_error(relu_forward(spaced(-0.5, 0.5, 3, 4))[0], printed) == to_5_digits(4.9999998e-08)


def test_relu_backward():
    x, dout = drawn((10, 10), (10, 10))
    numerical = eval_numerical_gradient_array(lambda x: relu_forward(x)[0], x, dout)
    assert rel_error(numerical, relu_backward(dout, relu_forward(x)[1])) < 1e-11


@pytest.mark.parametrize(("loss_of", "printed"), [(svm_loss, 8.999602749096233), (softmax_loss, 2.302545844500738)])
def test_losses(loss_of, printed):
    rng = np.random.RandomState(231)
    x = 0.001 * rng.randn(50, 10)
    y = rng.randint(10, size=50)
    loss, dx = loss_of(x, y)
    # Sixteen digits are printed; the order of a sum may move the last one.
    assert loss == pytest.approx(printed, rel=1e-15)
    assert rel_error(eval_numerical_gradient(lambda x: loss_of(x, y)[0], x, verbose=False), dx) < 1e-7


def test_affine_relu():
    x, w, b, dout = drawn((2, 3, 4), (12, 10), (10,), (2, 10))

    def forward(x, w, b):
        return relu_forward(affine_forward(x, w, b)[0])[0]

    a, cache = affine_forward(x, w, b)
    dx, dw, db = affine_backward(relu_backward(dout, a), cache)
    assert rel_error(eval_numerical_gradient_array(lambda x: forward(x, w, b), x, dout), dx) < 1e-9
    assert rel_error(eval_numerical_gradient_array(lambda w: forward(x, w, b), w, dout), dw) < 1e-9
    assert rel_error(eval_numerical_gradient_array(lambda b: forward(x, w, b), b, dout), db) < 1e-9


def test_conv_forward_naive():
    x, w, b = spaced(-0.1, 0.5, 2, 3, 4, 4), spaced(-0.2, 0.3, 3, 3, 4, 4), spaced(-0.1, 0.2, 3)
    out, _ = conv_forward_naive(x, w, b, {"stride": 2, "pad": 1})
    printed = np.array(
        [
            [
                [[-0.08759809, -0.10987781], [-0.18387192, -0.2109216]],
                [[0.21027089, 0.21661097], [0.22847626, 0.23004637]],
                [[0.50813986, 0.54309974], [0.64082444, 0.67101435]],
            ],
            [
                [[-0.98053589, -1.03143541], [-1.19128892, -1.24695841]],
                [[0.69108355, 0.66880383], [0.59480972, 0.56776003]],
                [[2.36270298, 2.36904306], [2.38090835, 2.38247847]],
            ],
        ]
    )
    assert rel_error(out, printed) == to_5_digits(2.2121476e-08)


def test_conv_backward_naive():
    x, w, b, dout = drawn((4, 3, 5, 5), (2, 3, 3, 3), (2,), (4, 2, 5, 5))
    param = {"stride": 1, "pad": 1}
    dx, dw, db = conv_backward_naive(dout, conv_forward_naive(x, w, b, param)[1])
    assert rel_error(dx, eval_numerical_gradient_array(lambda x: conv_forward_naive(x, w, b, param)[0], x, dout)) < 1e-7
    assert rel_error(dw, eval_numerical_gradient_array(lambda w: conv_forward_naive(x, w, b, param)[0], w, dout)) < 1e-7
    assert rel_error(db, eval_numerical_gradient_array(lambda b: conv_forward_naive(x, w, b, param)[0], b, dout)) < 1e-7


def test_max_pool_forward_naive():
    out, _ = max_pool_forward_naive(spaced(-0.3, 0.4, 2, 3, 4, 4), {"pool_width": 2, "pool_height": 2, "stride": 2})
    printed = np.array(
        [
            [
                [[-0.26315789, -0.24842105], [-0.20421053, -0.18947368]],
                [[-0.14526316, -0.13052632], [-0.08631579, -0.07157895]],
                [[-0.02736842, -0.01263158], [0.03157895, 0.04631579]],
            ],
            [
                [[0.09052632, 0.10526316], [0.14947368, 0.16421053]],
                [[0.20842105, 0.22315789], [0.26736842, 0.28210526]],
                [[0.32631579, 0.34105263], [0.38526316, 0.4]],
            ],
        ]
    )
    assert rel_error(out, printed) == to_5_digits(4.1666665e-08)


def test_max_pool_backward_naive():
    x, dout = drawn((3, 2, 8, 8), (3, 2, 4, 4))
    param = {"pool_height": 2, "pool_width": 2, "stride": 2}
    dx = max_pool_backward_naive(dout, max_pool_forward_naive(x, param)[1])
    numerical = eval_numerical_gradient_array(lambda x: max_pool_forward_naive(x, param)[0], x, dout)
    assert rel_error(dx, numerical) < 1e-11
