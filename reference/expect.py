"""What the layers expect of their arguments: it tells wrong arguments apart from a wrong layer.

Each function raises ValueError with a message of one form: place, what was found, what was expected, what to do next.
`place` is the name of the function that was called.
"""

import numpy as np


def expect_affine(place, x, w, b):
    expect_axes(place, "w", w, "(D, M)")
    D, M = w.shape
    if x.ndim == 0 or np.prod(x.shape[1:], dtype=int) != D:
        raise ValueError(
            f"{place}: x has shape {x.shape}, expected (N, d_1, ..., d_k) with d_1 * ... * d_k = {D}, the rows of w. "
            "Give w one row for each value of an example."
        )
    expect_shape(place, "b", b, (M,))


def expect_labels(place, x, y):
    expect_axes(place, "x", x, "(N, C)")
    N, C = x.shape
    if N == 0 or C == 0:
        raise ValueError(f"{place}: x has shape {x.shape}, expected at least one example and one class. Pass some.")
    expect_shape(place, "y", y, (N,))
    if not np.issubdtype(y.dtype, np.integer):
        raise ValueError(f"{place}: y has dtype {y.dtype}, expected whole numbers. Convert it with y.astype(int).")
    if y.min() < 0 or y.max() >= C:
        raise ValueError(
            f"{place}: y runs from {y.min()} to {y.max()}, expected classes from 0 to {C - 1}. "
            "Give x one column for each class."
        )


def expect_conv(place, x, w, b, conv_param):
    expect_axes(place, "x", x, "(N, C, H, W)")
    expect_axes(place, "w", w, "(F, C, HH, WW)")
    expect_whole_number(place, "conv_param", conv_param, "stride", 1)
    expect_whole_number(place, "conv_param", conv_param, "pad", 0)
    (_, C, H, W), (F, channels, HH, WW) = x.shape, w.shape
    if channels != C:
        raise ValueError(f"{place}: w has {channels} channels, expected {C} as x has. Compare axis 1 of both.")
    expect_shape(place, "b", b, (F,))
    pad = conv_param["pad"]
    expect_fit(place, "the filter", (HH, WW), "the padded image", (H + 2 * pad, W + 2 * pad))


def expect_pool(place, x, pool_param):
    expect_axes(place, "x", x, "(N, C, H, W)")
    for key in ("pool_height", "pool_width", "stride"):
        expect_whole_number(place, "pool_param", pool_param, key, 1)
    expect_fit(place, "the window", (pool_param["pool_height"], pool_param["pool_width"]), "the image", x.shape[2:])


def expect_axes(place, name, array, axes):
    if array.ndim != len(axes.split(",")):
        raise ValueError(f"{place}: {name} has shape {array.shape}, expected {axes}. Reshape {name} before the call.")


def expect_shape(place, name, array, shape):
    if array.shape != shape:
        raise ValueError(f"{place}: {name} has shape {array.shape}, expected {shape}. Look where {name} is made.")


def expect_whole_number(place, name, param, key, least):
    value = param.get(key)
    if not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(
            f"{place}: {name}['{key}'] is {value!r}, expected a whole number from {least} up. "
            f"Look where {name} is made."
        )


def expect_fit(place, inner_name, inner, outer_name, outer):
    if inner[0] > outer[0] or inner[1] > outer[1]:
        raise ValueError(
            f"{place}: {inner_name} is {inner[0]} x {inner[1]}, expected at most {outer[0]} x {outer[1]}, the size of "
            f"{outer_name}. Take a smaller one."
        )
