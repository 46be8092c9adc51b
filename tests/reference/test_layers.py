"""The layers compared with values worked out by hand, SciPy, einsum, plain loops and central differences."""

import math

import numpy as np
import pytest
from arrays import (
    LAYOUTS,
    UnchangedArguments,
    close,
    conv_by_scipy,
    convolutions,
    each,
    in_layout,
    layouts,
    poolings,
    seeds,
    sizes,
    slopes,
    zeros,
)
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view
from scipy.signal import convolve2d

from reference import layers

# --- affine


def test_affine_forward_by_hand():
    x = np.array([[[1.0, 2.0]], [[0.0, -1.0]]])
    w = np.array([[1.0, 0.0, 3.0], [2.0, -1.0, 0.5]])
    out, cache = layers.affine_forward(x, w, b := np.array([10.0, 20.0, 30.0]))
    assert out.tolist() == [[15.0, 18.0, 34.0], [8.0, 21.0, 29.5]]
    assert cache[0] is x and cache[1] is w and cache[2] is b and len(cache) == 3


def test_affine_backward_by_hand():
    x = np.array([[[1.0, 2.0]], [[0.0, -1.0]]])
    w = np.array([[1.0, 0.0, 3.0], [2.0, -1.0, 0.5]])
    dout = np.array([[1.0, 1.0, 0.0], [0.0, 2.0, 4.0]])
    dx, dw, db = layers.affine_backward(dout, (x, w, np.zeros(3)))
    assert dx.tolist() == [[[1.0, 1.0]], [[12.0, 0.0]]]
    assert dw.tolist() == [[1.0, 1.0, 0.0], [2.0, 0.0, -4.0]]
    assert db.tolist() == [1.0, 3.0, 4.0]


@each
@given(seeds, sizes, st.lists(sizes, min_size=1, max_size=3), sizes, layouts)
def test_affine_is_the_einsum_and_leaves_its_inputs(seed, N, axes, M, layout):
    rng = np.random.RandomState(seed)
    D = math.prod(axes)
    x, w = in_layout(rng.randn(N, *axes), layout), in_layout(rng.randn(D, M), layout)
    b, dout = in_layout(rng.randn(M), layout), in_layout(rng.randn(N, M), layout)
    frozen = UnchangedArguments(x, w, b, dout)
    out, cache = layers.affine_forward(x, w, b)
    dx, dw, db = layers.affine_backward(dout, cache)
    wide = w.reshape(*axes, M)
    k = "abc"[: len(axes)]
    close(out, np.einsum(f"n{k},{k}m->nm", x, wide) + b)
    close(dx, np.einsum(f"nm,{k}m->n{k}", dout, wide))
    close(dw, np.einsum(f"n{k},nm->{k}m", x, dout).reshape(D, M))
    close(db, np.einsum("nm->m", dout))
    frozen.assert_unchanged()


# --- ReLU


def test_relu_by_hand():
    x = np.array([[-1.5, 0.0], [2.0, -0.0], [np.inf, -np.inf]])
    out, cache = layers.relu_forward(x)
    assert out.tolist() == [[0.0, 0.0], [2.0, 0.0], [np.inf, 0.0]]
    assert cache is x
    dx = layers.relu_backward(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, np.inf]]), x)
    assert dx.tolist() == [[0.0, 0.0], [3.0, 0.0], [5.0, 0.0]]


@each
@given(seeds, st.lists(sizes, max_size=4), layouts)
def test_relu_has_the_slope_of_its_forward_and_leaves_its_inputs(seed, shape, layout):
    rng = np.random.RandomState(seed)
    x, dout = rng.uniform(0.1, 1, shape) * rng.choice([-1, 1], shape), np.asarray(rng.randn(*shape))
    if shape:
        x, dout = in_layout(x, layout), in_layout(dout, layout)
    x = np.asarray(x)
    frozen = UnchangedArguments(x, dout)
    out, cache = layers.relu_forward(x)
    dx = layers.relu_backward(dout, cache)
    close(np.asarray(out), (np.abs(x) + x) / 2)
    np.testing.assert_allclose(dx, slopes(lambda x: np.sum(layers.relu_forward(x)[0] * dout), x, 0.05), atol=1e-10)
    frozen.assert_unchanged()


# --- losses


def svm_by_loops(x, y):
    total = 0.0
    for row, right in zip(x.tolist(), y.tolist(), strict=True):
        total += sum(max(0.0, s - row[right] + 1.0) for j, s in enumerate(row) if j != right)
    return total / len(y)


def softmax_by_loops(x, y):
    total = 0.0
    for row, right in zip(x.tolist(), y.tolist(), strict=True):
        total += math.log(math.fsum(math.exp(s) for s in row)) - row[right]
    return total / len(y)


def test_svm_loss_by_hand():
    # Row 0: max(0, 5.1 - 3.2 + 1) + max(0, -1.7 - 3.2 + 1) = 2.9. Row 1: 0. Row 2: (2.2 + 3.1 + 1) + (2.5 + 3.1 + 1).
    x = np.array([[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]])
    loss, dx = layers.svm_loss(x, np.array([0, 1, 2]))
    assert loss == pytest.approx((2.9 + 0 + 12.9) / 3, rel=1e-14)
    close(dx * 3, np.array([[-1.0, 1.0, 0.0], [0.0, 0.0, 0.0], [1.0, 1.0, -2.0]]))


def test_softmax_loss_by_hand():
    # Odds 1 : 2 : 5 and 3 : 3 : 2 out of 8.
    x = np.log(np.array([[1.0, 2.0, 5.0], [3.0, 3.0, 2.0]]))
    loss, dx = layers.softmax_loss(x, np.array([2, 0]))
    assert loss == pytest.approx((math.log(8 / 5) + math.log(8 / 3)) / 2, rel=1e-14)
    close(dx * 16, np.array([[1.0, 2.0, -3.0], [-5.0, 3.0, 2.0]]))


@pytest.mark.parametrize("shift", [1000.0, -1000.0, 1e8])
def test_softmax_loss_neither_overflows_nor_underflows(shift):
    x = np.array([[shift, shift], [shift, shift - 800.0]])
    loss, dx = layers.softmax_loss(x, np.array([0, 1]))
    assert loss == pytest.approx((math.log(2) + 800) / 2, rel=1e-14)
    close(dx * 2, np.array([[-0.5, 0.5], [1.0, -1.0]]))


@each
@given(seeds, st.integers(1, 6), st.integers(1, 6), layouts, st.sampled_from([np.int64, np.uint8]))
def test_losses_are_the_loops_with_their_slopes_and_leave_their_inputs(seed, N, C, layout, dtype):
    rng = np.random.RandomState(seed)
    # Scores are 0.3 apart: the SVM loss has its kinks where two scores are 1 apart, so none is closer than 0.1.
    x, y = in_layout(0.3 * rng.randint(-9, 10, (N, C)), layout), rng.randint(C, size=N).astype(dtype)
    frozen = UnchangedArguments(x, y)
    for loss_of, by_loops in ((layers.svm_loss, svm_by_loops), (layers.softmax_loss, softmax_by_loops)):
        loss, dx = loss_of(x, y)
        assert loss == pytest.approx(by_loops(x, y), rel=1e-12, abs=1e-12)
        assert dx.shape == (N, C)
        np.testing.assert_allclose(dx, slopes(lambda x, f=by_loops: f(x, y), x), atol=1e-7)
    frozen.assert_unchanged()


# --- convolution


def dx_by_scipy(dout, w, stride, pad, H, W):
    """Return dx by SciPy: put stride - 1 zeros between the values of dout, convolve in full, and place it in the padded
    image.
    """
    N, F, H_out, W_out = dout.shape
    C = w.shape[1]
    dilated = np.zeros((N, F, (H_out - 1) * stride + 1, (W_out - 1) * stride + 1))
    dilated[:, :, ::stride, ::stride] = dout
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    for n in range(N):
        for c in range(C):
            full = sum(convolve2d(dilated[n, f], w[f, c], "full") for f in range(F))
            padded[n, c, : full.shape[0], : full.shape[1]] = full
    return padded[:, :, pad : H + pad, pad : W + pad]


def test_conv_forward_by_hand():
    # Padded: rows 0000 / 0120 / 0340 / 0000. With stride 2, the windows are at the four corners.
    x = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    w = np.array([[[[1.0, 10.0], [100.0, 1000.0]]]])
    out, cache = layers.conv_forward_naive(x, w, b := np.array([0.5]), param := {"stride": 2, "pad": 1})
    assert out.tolist() == [[[[1000.5, 200.5], [30.5, 4.5]]]]
    assert len(cache) == 4 and all(a is b for a, b in zip(cache, (x, w, b, param), strict=True))


def test_conv_backward_by_hand():
    x = np.array([[[[1.0, 2.0, 3.0]]]])
    w = np.array([[[[10.0, 1.0]]]])
    dx, dw, db = layers.conv_backward_naive(np.array([[[[1.0, 5.0]]]]), (x, w, np.zeros(1), {"stride": 1, "pad": 0}))
    assert dx.tolist() == [[[[10.0, 51.0, 5.0]]]]
    assert dw.tolist() == [[[[11.0, 17.0]]]]
    assert db.tolist() == [6.0]


@each
@given(convolutions())
def test_conv_forward_is_scipys_correlation(case):
    x, w, b, conv_param, _ = case
    frozen, before = UnchangedArguments(x, w, b), dict(conv_param)
    out, _ = layers.conv_forward_naive(x, w, b, conv_param)
    close(out, conv_by_scipy(x, w, b, **conv_param))
    frozen.assert_unchanged()
    assert conv_param == before


@each
@given(convolutions())
def test_conv_backward_is_scipys_convolution_and_einsum(case):
    x, w, b, conv_param, dout = case
    frozen, before = UnchangedArguments(x, w, b, dout), dict(conv_param)
    dx, dw, db = layers.conv_backward_naive(dout, (x, w, b, conv_param))
    stride, pad = conv_param["stride"], conv_param["pad"]
    windows = sliding_window_view(np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)]), w.shape[2:], (2, 3))
    close(dw, np.einsum("nfij,ncijpq->fcpq", dout, windows[:, :, ::stride, ::stride]))
    close(dx, dx_by_scipy(dout, w, stride, pad, *x.shape[2:]))
    close(db, np.einsum("nfij->f", dout))
    frozen.assert_unchanged()
    assert conv_param == before


def test_conv_backward_has_the_slopes_of_the_forward():
    rng = np.random.RandomState(0)
    x, w, b, dout = rng.randn(2, 2, 5, 4), rng.randn(3, 2, 3, 2), rng.randn(3), rng.randn(2, 3, 3, 3)
    param = {"stride": 2, "pad": 1}
    dx, dw, db = layers.conv_backward_naive(dout, layers.conv_forward_naive(x, w, b, param)[1])

    def weighted_sum(x, w, b):
        return np.sum(layers.conv_forward_naive(x, w, b, param)[0] * dout)

    # The layer is linear in each argument, so any step is exact.
    close(dx, slopes(lambda x: weighted_sum(x, w, b), x, 0.5))
    close(dw, slopes(lambda w: weighted_sum(x, w, b), w, 0.5))
    close(db, slopes(lambda b: weighted_sum(x, w, b), b, 0.5))


# --- max-pooling


def test_max_pool_by_hand_with_overlapping_windows_that_do_not_tile():
    x = np.array([[[[1.0, 9.0, 2.0, 0.0, 99.0], [3.0, 4.0, 5.0, 7.0, 99.0]]]])
    param = {"pool_height": 1, "pool_width": 2, "stride": 1}
    assert layers.max_pool_forward_naive(x, param)[0].tolist() == [[[[9.0, 9.0, 2.0, 99.0], [4.0, 5.0, 7.0, 99.0]]]]
    param = {"pool_height": 2, "pool_width": 3, "stride": 1}
    out, cache = layers.max_pool_forward_naive(x[..., :4], param)
    assert out.tolist() == [[[[9.0, 9.0]]]]
    assert cache[1] is param and len(cache) == 2
    dx = layers.max_pool_backward_naive(np.array([[[[10.0, 1.0]]]]), cache)
    assert dx.tolist() == [[[[0.0, 11.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]]]
    # Stride 2 leaves the fifth column out.
    param = {"pool_height": 2, "pool_width": 2, "stride": 2}
    assert layers.max_pool_forward_naive(x, param)[0].tolist() == [[[[9.0, 7.0]]]]


def test_max_pool_forward_of_negative_values_is_negative():
    x = np.full((1, 1, 2, 2), -3.0)
    assert layers.max_pool_forward_naive(x, {"pool_height": 2, "pool_width": 2, "stride": 1})[0].item() == -3.0


@pytest.mark.parametrize("layout", LAYOUTS)
def test_max_pool_backward_gives_the_first_of_equals_everything(layout):
    x = in_layout(np.array([[[[0.0, 8.0], [8.0, 8.0]]]]), layout)
    dx = layers.max_pool_backward_naive(
        np.full((1, 1, 1, 1), 6.0), (x, {"pool_height": 2, "pool_width": 2, "stride": 2})
    )
    assert dx.tolist() == [[[[0.0, 6.0], [0.0, 0.0]]]]


@each
@given(poolings())
def test_max_pool_is_the_largest_of_each_window_with_its_slopes(case):
    x, param, dout = case
    frozen, before = UnchangedArguments(x, dout), dict(param)
    out, cache = layers.max_pool_forward_naive(x, param)
    dx = layers.max_pool_backward_naive(dout, cache)

    def largest(x):
        windows = sliding_window_view(x, (param["pool_height"], param["pool_width"]), (2, 3))
        return windows[:, :, :: param["stride"], :: param["stride"]].max(axis=(4, 5))

    close(out, largest(x))
    # Values are 1 apart: a step of 1/4 changes no window's choice.
    close(dx, slopes(lambda x: np.sum(largest(x) * dout), x, 0.25))
    frozen.assert_unchanged()
    assert param == before


# --- dtypes


def test_float32_stays_float32():
    rng = np.random.RandomState(0)
    f = [rng.randn(*shape).astype(np.float32) for shape in ((2, 3, 4, 4), (2, 3, 3, 3), (2,), (2, 2, 4, 4))]
    out, cache = layers.conv_forward_naive(*f[:3], {"stride": 1, "pad": 1})
    given_back = [out, *layers.conv_backward_naive(f[3], cache)]
    out, cache = layers.max_pool_forward_naive(f[0], {"pool_height": 2, "pool_width": 2, "stride": 2})
    given_back += [out, layers.max_pool_backward_naive(out, cache)]
    out, cache = layers.affine_forward(f[0], f[0].reshape(2, 48).T, f[2])
    given_back += [out, *layers.affine_backward(out, cache)]
    given_back += [layers.relu_forward(f[0])[0], layers.relu_backward(f[0], f[0])]
    given_back += [layers.svm_loss(out, np.array([0, 1]))[1], layers.softmax_loss(out, np.array([0, 1]))[1]]
    assert {array.dtype for array in given_back} == {np.dtype(np.float32)}


# --- wrong arguments


def conv(x=(2, 3, 5, 4), w=(2, 3, 3, 3), b=(2,), **param):
    return lambda: layers.conv_forward_naive(zeros(*x), zeros(*w), zeros(*b), {"stride": 1, "pad": 0, **param})


def pool(x=(2, 3, 5, 4), **param):
    return lambda: layers.max_pool_forward_naive(zeros(*x), {"pool_height": 2, "pool_width": 2, "stride": 2, **param})


def conv_back(*dout):
    cache = zeros(2, 3, 5, 4), zeros(2, 3, 3, 3), zeros(2), {"stride": 1, "pad": 0}
    return lambda: layers.conv_backward_naive(zeros(*dout), cache)


def pool_back(*dout):
    cache = zeros(2, 3, 5, 4), {"pool_height": 2, "pool_width": 2, "stride": 2}
    return lambda: layers.max_pool_backward_naive(zeros(*dout), cache)


WRONG = [
    (
        lambda: layers.affine_forward(zeros(2, 3, 4), zeros(10, 5), zeros(5)),
        "affine_forward: x has shape (2, 3, 4), expected (N, d_1, ..., d_k) with d_1 * ... * d_k = 10, the rows of w. "
        "Give w one row for each value of an example.",
    ),
    (
        lambda: layers.affine_forward(np.array(1.0), zeros(1, 5), zeros(5)),
        "affine_forward: x has shape (), expected (N, d_1, ..., d_k) with d_1 * ... * d_k = 1, the rows of w. "
        "Give w one row for each value of an example.",
    ),
    (
        lambda: layers.affine_forward(zeros(2, 3), zeros(3), zeros(3)),
        "affine_forward: w has shape (3,), expected (D, M). Reshape w before the call.",
    ),
    (
        lambda: layers.affine_forward(zeros(2, 3), zeros(3, 5), zeros(1)),
        "affine_forward: b has shape (1,), expected (5,). Look where b is made.",
    ),
    (
        lambda: layers.affine_backward(zeros(2, 4), (zeros(2, 3), zeros(3, 5), zeros(5))),
        "affine_backward: dout has shape (2, 4), expected (2, 5). Look where dout is made.",
    ),
    (
        lambda: layers.relu_backward(zeros(4), zeros(2, 4)),
        "relu_backward: dout has shape (4,), expected (2, 4). Look where dout is made.",
    ),
    (conv(x=(3, 5, 4)), "conv_forward_naive: x has shape (3, 5, 4), expected (N, C, H, W). Reshape x before the call."),
    (
        conv(w=(3, 3, 3)),
        "conv_forward_naive: w has shape (3, 3, 3), expected (F, C, HH, WW). Reshape w before the call.",
    ),
    (conv(w=(2, 4, 3, 3)), "conv_forward_naive: w has 4 channels, expected 3 as x has. Compare axis 1 of both."),
    (conv(b=(3,)), "conv_forward_naive: b has shape (3,), expected (2,). Look where b is made."),
    (
        conv(stride=0),
        "conv_forward_naive: conv_param['stride'] is 0, expected a whole number from 1 up. "
        "Look where conv_param is made.",
    ),
    (
        conv(stride=1.0),
        "conv_forward_naive: conv_param['stride'] is 1.0, expected a whole number from 1 up. "
        "Look where conv_param is made.",
    ),
    (
        conv(pad=-1),
        "conv_forward_naive: conv_param['pad'] is -1, expected a whole number from 0 up. "
        "Look where conv_param is made.",
    ),
    (
        conv(pad=None),
        "conv_forward_naive: conv_param['pad'] is None, expected a whole number from 0 up. "
        "Look where conv_param is made.",
    ),
    (
        conv(w=(2, 3, 3, 7), pad=1),
        "conv_forward_naive: the filter is 3 x 7, expected at most 7 x 6, the size of the padded image. "
        "Take a smaller one.",
    ),
    (
        conv(w=(2, 3, 8, 3), pad=1),
        "conv_forward_naive: the filter is 8 x 3, expected at most 7 x 6, the size of the padded image. "
        "Take a smaller one.",
    ),
    (
        conv_back(2, 2, 3, 3),
        "conv_backward_naive: dout has shape (2, 2, 3, 3), expected (2, 2, 3, 2). Look where dout is made.",
    ),
    (pool(x=(5, 4)), "max_pool_forward_naive: x has shape (5, 4), expected (N, C, H, W). Reshape x before the call."),
    *(
        (
            pool(**{key: 0}),
            f"max_pool_forward_naive: pool_param['{key}'] is 0, expected a whole number from 1 up. "
            "Look where pool_param is made.",
        )
        for key in ("pool_height", "pool_width", "stride")
    ),
    (
        pool(pool_width=5),
        "max_pool_forward_naive: the window is 2 x 5, expected at most 5 x 4, the size of the image. "
        "Take a smaller one.",
    ),
    (
        pool_back(2, 3, 3, 2),
        "max_pool_backward_naive: dout has shape (2, 3, 3, 2), expected (2, 3, 2, 2). Look where dout is made.",
    ),
]


@pytest.mark.parametrize(("call", "message"), WRONG)
def test_a_wrong_argument_is_named(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message


@pytest.mark.parametrize("loss_of", [layers.svm_loss, layers.softmax_loss])
@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (zeros(3), np.array([0, 1, 2]), "x has shape (3,), expected (N, C). Reshape x before the call."),
        (
            zeros(0, 3),
            np.array([], dtype=int),
            "x has shape (0, 3), expected at least one example and one class. Pass some.",
        ),
        (zeros(2, 3), np.array([0, 1, 2]), "y has shape (3,), expected (2,). Look where y is made."),
        (zeros(2, 3), np.array([[0], [1]]), "y has shape (2, 1), expected (2,). Look where y is made."),
        (
            zeros(2, 3),
            np.array([0.0, 1.0]),
            "y has dtype float64, expected whole numbers. Convert it with y.astype(int).",
        ),
        (
            zeros(2, 3),
            np.array([0, 3]),
            "y runs from 0 to 3, expected classes from 0 to 2. Give x one column for each class.",
        ),
        (
            zeros(2, 3),
            np.array([-1, 2]),
            "y runs from -1 to 2, expected classes from 0 to 2. Give x one column for each class.",
        ),
    ],
)
def test_a_loss_names_a_wrong_argument(loss_of, x, y, message):
    with pytest.raises(ValueError) as caught:
        loss_of(x, y)
    assert str(caught.value) == f"{loss_of.__name__}: {message}"


def test_labels_in_a_list_a_filter_without_size_and_a_bool_as_a_number_are_refused():
    with pytest.raises(
        ValueError, match=r"softmax_loss: y is of type list, expected an array. Convert it with np.array"
    ):
        layers.softmax_loss(np.ones((2, 3)), [0, 1])
    x, b, param = np.ones((1, 1, 4, 4)), np.ones(1), {"stride": 1, "pad": 0}
    with pytest.raises(ValueError, match="conv_forward_naive: the filter is 0 x 1, expected at least 1 x 1"):
        layers.conv_forward_naive(x, np.ones((1, 1, 0, 1)), b, param)
    with pytest.raises(
        ValueError, match=r"conv_forward_naive: conv_param\['stride'\] is True, expected a whole number"
    ):
        layers.conv_forward_naive(x, np.ones((1, 1, 2, 2)), b, param | {"stride": True})
