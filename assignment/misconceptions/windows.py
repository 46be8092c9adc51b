"""Mistakes in convolution and max-pooling, as wrong variants of the reference, each with its hint.

Each variant receives the reference before its own arguments. A hint says what the mistake is and where to look, not
the solution.
"""

import numpy as np

from grader.checks import misconception


@misconception(
    "layers.conv_forward_naive",
    "The filters are rotated by 180 degrees before they are applied. The course's convolution does not flip them: "
    "multiply each window entry by the filter entry at the same position.",
)
def flipped_kernel(reference, x, w, b, conv_param):
    out, _ = reference.layers.conv_forward_naive(x, w[:, :, ::-1, ::-1], b, conv_param)
    return out, (x, w, b, conv_param)


@misconception(
    "layers.conv_forward_naive",
    "Every map differs by its own constant: the bias of the filter is missing. Each filter has one number in b.",
)
def conv_no_bias(reference, x, w, b, conv_param):
    out, _ = reference.layers.conv_forward_naive(x, w, np.zeros_like(b), conv_param)
    return out, (x, w, b, conv_param)


@misconception(
    "layers.conv_forward_naive",
    "The output matches windows that all start one pixel apart. Where does window (i, j) start if the stride is not 1?",
)
def stride_ignored(reference, x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    out, _ = reference.layers.conv_forward_naive(x, w, b, {"stride": 1, "pad": pad})
    rows, columns = (out.shape[2] - 1) // stride + 1, (out.shape[3] - 1) // stride + 1
    return out[:, :, :rows, :columns].copy(), (x, w, b, conv_param)


@misconception(
    "layers.conv_backward_naive",
    "dx matches padded_dx[:, :, pad:H, pad:W]. Those ends are indices into the padded array: where does the image end "
    "in it?",
)
def crops_to_height(reference, dout, cache):
    dx, dw, db = reference.layers.conv_backward_naive(dout, cache)
    pad = cache_of(cache)[3]["pad"]
    return (dx[:, :, : max(0, dx.shape[2] - pad), : max(0, dx.shape[3] - pad)] if pad else dx), dw, db


@misconception(
    "layers.conv_backward_naive",
    "db looks like a mean. b is added at every position of every image, so the gradients of all these positions reach "
    "it.",
    beside=True,
)
def conv_mean_for_db(reference, dout, cache):
    dx, dw, db = reference.layers.conv_backward_naive(dout, cache)
    return dx, dw, db * dout.shape[1] / dout.size


@misconception(
    "layers.conv_backward_naive",
    "dx contains only the gradient of the last window that covers each pixel. A pixel lies in several windows: add "
    "the gradients of all of them.",
    beside=True,
)
def dx_not_accumulated(reference, dout, cache):
    x, w, _, conv_param = cache_of(cache)
    _, dw, db = reference.layers.conv_backward_naive(dout, cache)
    stride, pad = conv_param["stride"], conv_param["pad"]
    HH, WW = w.shape[2:]
    padded = np.pad(np.zeros_like(x), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            share = np.tensordot(dout[:, :, i, j], w, axes=1)
            padded[:, :, i * stride : i * stride + HH, j * stride : j * stride + WW] = share
    return padded[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]], dw, db


@misconception(
    "layers.conv_backward_naive",
    "dw contains only the gradient of the last window. Every window of every image adds its part to the gradient of "
    "the filter.",
    beside=True,
)
def dw_not_accumulated(reference, dout, cache):
    dx, _, db = reference.layers.conv_backward_naive(dout, cache)
    last = np.zeros_like(dout)
    last[-1, :, -1, -1] = dout[-1, :, -1, -1]
    return dx, reference.layers.conv_backward_naive(last, cache)[1], db


@misconception(
    "layers.max_pool_forward_naive",
    "The output is the smallest number of each window. Max-pooling returns the largest.",
)
def min_pooling(reference, x, pool_param):
    out, _ = reference.layers.max_pool_forward_naive(-x, pool_param)
    return -out, (x, pool_param)


@misconception(
    "layers.max_pool_forward_naive",
    "The output is the mean of each window. Max-pooling returns the largest number.",
)
def mean_pooling(reference, x, pool_param):
    HH, WW = pool_param["pool_height"], pool_param["pool_width"]
    C = x.shape[1]
    w = np.zeros((C, C, HH, WW))
    for c in range(C):
        w[c, c] = 1 / (HH * WW)
    out, _ = reference.layers.conv_forward_naive(x, w, np.zeros(C), {"stride": pool_param["stride"], "pad": 0})
    return out, (x, pool_param)


@misconception(
    "layers.max_pool_forward_naive",
    "The maximum is never below zero. Which value does your maximum start from if all numbers of a window are "
    "negative?",
)
def starts_from_zero(reference, x, pool_param):
    out, _ = reference.layers.max_pool_forward_naive(np.maximum(x, 0), pool_param)
    return out, (x, pool_param)


@misconception(
    "layers.max_pool_forward_naive",
    "The windows are as wide as they are high, but pool_height and pool_width may differ.",
)
def square_windows(reference, x, pool_param):
    square = {**pool_param, "pool_width": pool_param["pool_height"]}
    out, _ = reference.layers.max_pool_forward_naive(x, square)
    return out, (x, pool_param)


LAST_WINDOW_ALONE = (
    "Where windows overlap, dx contains only the gradient of the last one. An entry can be the maximum of several "
    "windows: add the gradients of all of them."
)


@misconception("layers.max_pool_backward_naive", LAST_WINDOW_ALONE)
def overwrites_window(reference, dout, cache):
    x, pool_param = cache_of(cache)
    HH, WW, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    dx = np.zeros_like(x)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            rows, columns = slice(i * stride, i * stride + HH), slice(j * stride, j * stride + WW)
            window = x[:, :, rows, columns]
            largest = window == window.max(axis=(2, 3), keepdims=True)
            dx[:, :, rows, columns] = largest * dout[:, :, i, j, None, None]
    return dx


@misconception("layers.max_pool_backward_naive", LAST_WINDOW_ALONE)
def overwrites_maximum(reference, dout, cache):
    x, pool_param = cache_of(cache)
    HH, WW, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    dx = np.zeros_like(x)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            rows, columns = slice(i * stride, i * stride + HH), slice(j * stride, j * stride + WW)
            window = x[:, :, rows, columns]
            largest = window == window.max(axis=(2, 3), keepdims=True)
            dx[:, :, rows, columns] = np.where(largest, dout[:, :, i, j, None, None], dx[:, :, rows, columns])
    return dx


@misconception(
    "layers.max_pool_backward_naive",
    "Every entry of a window gets the gradient. Only the largest entry reached the output.",
)
def spreads_to_all(reference, dout, cache):
    x, pool_param = cache_of(cache)
    HH, WW, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    dx = np.zeros_like(x)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            dx[:, :, i * stride : i * stride + HH, j * stride : j * stride + WW] += dout[:, :, i, j, None, None]
    return dx


def cache_of(cache):
    """Return the cache that the reference's forward made; a handle holds it as its value."""
    return getattr(cache, "value", cache)
