"""Layers and losses in NumPy: affine, ReLU, SVM and softmax loss, naive convolution, naive max-pooling.

A layer is a pair of functions. The forward returns (out, cache); the backward takes the gradient `dout` of the loss
with respect to `out`, and that cache, and returns the gradients with respect to the forward's inputs. A loss returns
its value and its gradient at once. No function changes its arguments.

Letters: N examples, C channels (or classes), H x W image, F filters, HH x WW filter or pooling window.
"""

import numpy as np


def affine_forward(x, w, b):
    """Map each example through one affine layer: out = x.reshape(N, D) @ w + b, D = d_1 * ... * d_k.

    x: (N, d_1, ..., d_k), w: (D, M), b: (M,); float arrays, not modified.
    Returns out (N, M), and cache = (x, w, b) for affine_backward.
    Raises ValueError if an example of x does not hold D values, or b not M.
    Source: CS231n notes, linear classification.
    """
    _expect_affine("affine_forward", x, w, b)
    ###########################################################################
    # TODO: your code goes here.                                              #
    ###########################################################################
    raise NotImplementedError


def affine_backward(dout, cache):
    """Carry dout back through an affine layer.

    dout: (N, M), cache: (x, w, b) from affine_forward; not modified.
    Returns dx (N, d_1, ..., d_k), dw (D, M) and db (M,): each has the shape of what it is the gradient of.
    Raises ValueError if dout is not (N, M).
    Source: CS231n notes, backpropagation (gradients for vectorized operations).
    """
    ###########################################################################
    # TODO: your code goes here.                                              #
    ###########################################################################
    raise NotImplementedError


def relu_forward(x):
    """Replace what is negative by zero: out = max(0, x), element by element.

    x: any shape, not modified.
    Returns out (the shape of x), and cache = x for relu_backward.
    Source: CS231n notes, neural networks part 1 (commonly used activation functions).
    """
    ###########################################################################
    # TODO: your code goes here.                                              #
    ###########################################################################
    raise NotImplementedError


def relu_backward(dout, cache):
    """Carry dout back through a ReLU: it passes where the input was positive, and nowhere else.

    dout: any shape, cache: the x of relu_forward, of that same shape; not modified.
    Returns dx (the shape of x). At x = 0, where there is no derivative, dx is 0.
    Raises ValueError if dout has not the shape of x.
    Source: CS231n notes, backpropagation (patterns in backward flow).
    """
    ###########################################################################
    # TODO: your code goes here.                                              #
    ###########################################################################
    raise NotImplementedError


def svm_loss(x, y):
    """Average the multiclass SVM loss over N examples: sum over j != y_i of max(0, x_ij - x_iy_i + 1).

    x: (N, C) scores, y: (N,) whole numbers, the right class of each example, 0 <= y_i < C; not modified.
    Returns the loss, a number, and dx (N, C), its gradient with respect to x.
    Raises ValueError if N is 0, or if y is of another length, not of whole numbers, or out of range.
    Source: CS231n notes, linear classification (multiclass support vector machine loss), with margin 1.
    """
    _expect_labels("svm_loss", x, y)
    ###########################################################################
    # TODO: your code goes here.                                              #
    ###########################################################################
    raise NotImplementedError


def softmax_loss(x, y):
    """Average the softmax (cross-entropy) loss over N examples: -log(exp(x_iy_i) / sum over j of exp(x_ij)).

    x: (N, C) scores of any size, y: (N,) whole numbers, the right class of each example, 0 <= y_i < C; not modified.
    Returns the loss, a number, and dx (N, C), its gradient with respect to x. Scores of 1000 must not overflow.
    Raises ValueError if N is 0, or if y is of another length, not of whole numbers, or out of range.
    Source: CS231n notes, linear classification (softmax classifier, numeric stability).
    """
    _expect_labels("softmax_loss", x, y)
    ###########################################################################
    # TODO: your code goes here.                                              #
    ###########################################################################
    raise NotImplementedError


def conv_forward_naive(x, w, b, conv_param):
    """Slide F filters over N padded images: out[n, f, i, j] is window (i, j) of image n times w[f], summed, plus b[f].

    Window (i, j) starts at row i * stride and column j * stride of the image padded with zeros, and spans all channels.
    The filter is not flipped. Windows that would reach over the border are left out:

        H' = 1 + (H + 2 * pad - HH) // stride        W' = 1 + (W + 2 * pad - WW) // stride

    x: (N, C, H, W), w: (F, C, HH, WW), b: (F,); not modified.
    conv_param: {'stride': pixels from window to window, 'pad': zeros added on each of the four sides}.
    Returns out (N, F, H', W'), and cache = (x, w, b, conv_param) for conv_backward_naive.
    Raises ValueError if stride < 1, pad < 0, the filter is larger than the padded image, w has not C channels, or b not
    F values.
    Source: CS231n notes, convolutional networks (convolutional layer).
    """
    _expect_conv("conv_forward_naive", x, w, b, conv_param)
    ###########################################################################
    # TODO: your code goes here.                                              #
    ###########################################################################
    raise NotImplementedError


def conv_backward_naive(dout, cache):
    """Carry dout back through a convolution.

    dout: (N, F, H', W'), cache: (x, w, b, conv_param) from conv_forward_naive; not modified.
    Returns dx (N, C, H, W), without the padding, dw (F, C, HH, WW) and db (F,).
    Raises ValueError if dout has not the shape of the forward's out.
    Source: CS231n notes, convolutional networks; each product of the forward sends dout to both of its factors.
    """
    ###########################################################################
    # TODO: your code goes here.                                              #
    ###########################################################################
    raise NotImplementedError


def max_pool_forward_naive(x, pool_param):
    """Keep the largest value of each window, channel by channel.

    Window (i, j) starts at row i * stride and column j * stride. Windows overlap where the stride is smaller than they
    are; those that would reach over the border are left out:

        H' = 1 + (H - pool_height) // stride        W' = 1 + (W - pool_width) // stride

    x: (N, C, H, W), not modified. pool_param: {'pool_height', 'pool_width', 'stride'}.
    Returns out (N, C, H', W'), and cache = (x, pool_param) for max_pool_backward_naive.
    Raises ValueError if a value of pool_param is < 1, or the window is larger than the image.
    Source: CS231n notes, convolutional networks (pooling layer).
    """
    _expect_pool("max_pool_forward_naive", x, pool_param)
    ###########################################################################
    # TODO: your code goes here.                                              #
    ###########################################################################
    raise NotImplementedError


def max_pool_backward_naive(dout, cache):
    """Carry dout back through max-pooling: each window hands its gradient to where its largest value was.

    Of several largest values the first in reading order takes all of it; an element that several windows chose gets
    the sum.

    dout: (N, C, H', W'), cache: (x, pool_param) from max_pool_forward_naive; not modified.
    Returns dx (N, C, H, W).
    Raises ValueError if dout has not the shape of the forward's out.
    Source: CS231n notes, convolutional networks (pooling layer, backpropagation).
    """
    ###########################################################################
    # TODO: your code goes here.                                              #
    ###########################################################################
    raise NotImplementedError


# What follows is given: it tells apart wrong arguments from a wrong layer. Each raises ValueError.


def _expect_affine(place, x, w, b):
    _expect_axes(place, "w", w, "(D, M)")
    D, M = w.shape
    if x.ndim == 0 or np.prod(x.shape[1:], dtype=int) != D:
        raise ValueError(
            f"{place}: x has shape {x.shape}, expected (N, d_1, ..., d_k) with d_1 * ... * d_k = {D}, the rows of w. "
            "Give w one row for each value of an example."
        )
    _expect_shape(place, "b", b, (M,))


def _expect_labels(place, x, y):
    _expect_axes(place, "x", x, "(N, C)")
    N, C = x.shape
    if N == 0 or C == 0:
        raise ValueError(f"{place}: x has shape {x.shape}, expected at least one example and one class. Pass some.")
    _expect_shape(place, "y", y, (N,))
    if not np.issubdtype(y.dtype, np.integer):
        raise ValueError(f"{place}: y has dtype {y.dtype}, expected whole numbers. Convert it with y.astype(int).")
    if y.min() < 0 or y.max() >= C:
        raise ValueError(
            f"{place}: y runs from {y.min()} to {y.max()}, expected classes from 0 to {C - 1}. "
            "Give x one column for each class."
        )


def _expect_conv(place, x, w, b, conv_param):
    _expect_axes(place, "x", x, "(N, C, H, W)")
    _expect_axes(place, "w", w, "(F, C, HH, WW)")
    _expect_whole_number(place, "conv_param", conv_param, "stride", 1)
    _expect_whole_number(place, "conv_param", conv_param, "pad", 0)
    (_, C, H, W), (F, channels, HH, WW) = x.shape, w.shape
    if channels != C:
        raise ValueError(f"{place}: w has {channels} channels, expected {C} as x has. Compare axis 1 of both.")
    _expect_shape(place, "b", b, (F,))
    pad = conv_param["pad"]
    _expect_fit(place, "the filter", (HH, WW), "the padded image", (H + 2 * pad, W + 2 * pad))


def _expect_pool(place, x, pool_param):
    _expect_axes(place, "x", x, "(N, C, H, W)")
    for key in ("pool_height", "pool_width", "stride"):
        _expect_whole_number(place, "pool_param", pool_param, key, 1)
    _expect_fit(place, "the window", (pool_param["pool_height"], pool_param["pool_width"]), "the image", x.shape[2:])


def _expect_axes(place, name, array, axes):
    if array.ndim != len(axes.split(",")):
        raise ValueError(f"{place}: {name} has shape {array.shape}, expected {axes}. Reshape {name} before the call.")


def _expect_shape(place, name, array, shape):
    if array.shape != shape:
        raise ValueError(f"{place}: {name} has shape {array.shape}, expected {shape}. Look where {name} is made.")


def _expect_whole_number(place, name, param, key, least):
    value = param.get(key)
    if not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(
            f"{place}: {name}['{key}'] is {value!r}, expected a whole number from {least} up. "
            f"Look where {name} is made."
        )


def _expect_fit(place, inner_name, inner, outer_name, outer):
    if inner[0] > outer[0] or inner[1] > outer[1]:
        raise ValueError(
            f"{place}: {inner_name} is {inner[0]} x {inner[1]}, expected at most {outer[0]} x {outer[1]}, the size of "
            f"{outer_name}. Take a smaller one."
        )
