"""Checks of the arguments of layers, update rules and nets. These checks distinguish wrong arguments from wrong code.

Each function raises ValueError with a message of one form: place, what was found, what was expected, what to do next.
`place` is the name of the function or class that was called. First come the checks for each kind of layer, as in
layers.py, then those for update rules and nets, then the functions that these checks call.
"""

from numbers import Real

import numpy as np


def expect_affine(place, x, w, b):
    expect_axes(place, "w", w, "(D, M)")
    D, M = w.shape
    expect_array(place, "x", x)
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


def expect_batchnorm(place, x, gamma, beta, bn_param):
    expect_axes(place, "x", x, "(N, D)")
    expect_running_averages(place, x, gamma, beta, bn_param, x.shape[1])


def expect_spatial_batchnorm(place, x, gamma, beta, bn_param):
    expect_axes(place, "x", x, "(N, C, H, W)")
    expect_running_averages(place, x, gamma, beta, bn_param, x.shape[1])


def expect_running_averages(place, x, gamma, beta, bn_param, D):
    expect_shape(place, "gamma", gamma, (D,))
    expect_shape(place, "beta", beta, (D,))
    expect_mode(place, "bn_param", bn_param)
    expect_eps(place, "bn_param", bn_param)
    momentum = bn_param.get("momentum", 0.9)
    right = is_number(momentum) and 0 <= momentum <= 1
    expect_entry(place, "bn_param", "momentum", momentum, right, "a number from 0 to 1")
    for key in ("running_mean", "running_var"):
        if key in bn_param:
            expect_shape(place, f"bn_param['{key}']", bn_param[key], (D,))
    if bn_param["mode"] == "train":
        expect_values(place, x)


def expect_layernorm(place, x, gamma, beta, ln_param):
    expect_axes(place, "x", x, "(N, D)")
    D = x.shape[1]
    expect_shape(place, "gamma", gamma, (D,))
    expect_shape(place, "beta", beta, (D,))
    expect_eps(place, "ln_param", ln_param)
    expect_values(place, x)


def expect_groupnorm(place, x, gamma, beta, G, gn_param):
    expect_axes(place, "x", x, "(N, C, H, W)")
    C = x.shape[1]
    expect_shape(place, "gamma", gamma, (1, C, 1, 1))
    expect_shape(place, "beta", beta, (1, C, 1, 1))
    if not is_whole_number(G, 1) or C % G != 0:
        raise ValueError(
            f"{place}: G is {G!r}, expected a whole number that divides the {C} channels of x. "
            "Take another number of groups."
        )
    expect_eps(place, "gn_param", gn_param)
    expect_values(place, x)


def expect_dropout(place, dropout_param):
    expect_mode(place, "dropout_param", dropout_param)
    p, seed = dropout_param.get("p"), dropout_param.get("seed")
    expect_entry(place, "dropout_param", "p", p, is_number(p) and 0 <= p < 1, "a number from 0 to below 1")
    right = seed is None or (is_whole_number(seed, 0) and seed < 2**32)
    expect_entry(place, "dropout_param", "seed", seed, right, "a whole number from 0 to below 2**32, or None")


def expect_conv(place, x, w, b, conv_param):
    expect_axes(place, "x", x, "(N, C, H, W)")
    expect_axes(place, "w", w, "(F, C, HH, WW)")
    expect_whole_number(place, "conv_param", conv_param, "stride", 1)
    expect_whole_number(place, "conv_param", conv_param, "pad", 0)
    (_, C, H, W), (F, channels, HH, WW) = x.shape, w.shape
    if channels != C:
        raise ValueError(f"{place}: w has {channels} channels, expected {C} as x has. Compare axis 1 of both.")
    if HH < 1 or WW < 1:
        raise ValueError(f"{place}: the filter is {HH} x {WW}, expected at least 1 x 1. Look where w is made.")
    expect_shape(place, "b", b, (F,))
    pad = conv_param["pad"]
    expect_fit(place, "the filter", (HH, WW), "the padded image", (H + 2 * pad, W + 2 * pad))


def expect_pool(place, x, pool_param):
    expect_axes(place, "x", x, "(N, C, H, W)")
    for key in ("pool_height", "pool_width", "stride"):
        expect_whole_number(place, "pool_param", pool_param, key, 1)
    expect_fit(place, "the window", (pool_param["pool_height"], pool_param["pool_width"]), "the image", x.shape[2:])


def expect_update(place, w, dw, config, *averages):
    """Check the arguments of an update rule. averages: the keys of config that hold an array in w's shape after the
    first step.
    """
    expect_shape(place, "dw", dw, w.shape)
    for key, value in config.items():
        if key in ("learning_rate", "epsilon"):
            expect_entry(place, "config", key, value, is_number(value) and not value < 0, "a number from 0 up")
        elif key in ("momentum", "decay_rate"):
            expect_entry(place, "config", key, value, is_number(value) and 0 <= value <= 1, "a number from 0 to 1")
        elif key in ("beta1", "beta2"):
            right = is_number(value) and 0 <= value < 1
            expect_entry(place, "config", key, value, right, "a number from 0 to below 1")
        elif key == "t":
            expect_whole_number(place, "config", config, "t", 0)
    for key in averages:
        if key in config:
            expect_shape(place, f"config['{key}']", config[key], w.shape)


def expect_net(place, reg, weight_scale, **sizes):
    for name, size in sizes.items():
        expect_argument(place, name, size, is_whole_number(size, 1), "a whole number from 1 up")
    for name, value in (("reg", reg), ("weight_scale", weight_scale)):
        expect_argument(place, name, value, is_number(value) and 0 <= value < np.inf, "a number from 0 up")


def expect_sizes(place, name, sizes, expected, fewest=0, most=np.inf):
    right = isinstance(sizes, (list, tuple)) and fewest <= len(sizes) <= most
    right = right and all(is_whole_number(size, 1) for size in sizes)
    expect_argument(place, name, sizes, right, expected)


def expect_float_dtype(place, dtype):
    expect_argument(place, "dtype", dtype, np.issubdtype(dtype, np.floating), "a dtype of floats, as np.float32")


def expect_pooled_images(place, H, W):
    if H < 2 or W < 2:
        raise ValueError(
            f"{place}: the pooling windows of 2 x 2 get images of {H} x {W}, expected at least 2 x 2. "
            "Take larger images in input_dim."
        )


def expect_argument(place, name, value, right, expected):
    if not right:
        raise ValueError(f"{place}: {name} is {value!r}, expected {expected}. Pass another {name}.")


def expect_axes(place, name, array, axes):
    expect_array(place, name, array)
    if array.ndim != len(axes.split(",")):
        raise ValueError(f"{place}: {name} has shape {array.shape}, expected {axes}. Reshape {name} before the call.")


def expect_array(place, name, array):
    if not isinstance(array, (np.ndarray, np.generic)):
        raise ValueError(
            f"{place}: {name} is of type {type(array).__name__}, expected an array. Convert it with np.array({name})."
        )


def expect_shape(place, name, array, shape):
    expect_array(place, name, array)
    if array.shape != shape:
        raise ValueError(f"{place}: {name} has shape {array.shape}, expected {shape}. Look where {name} is made.")


def expect_values(place, x):
    if x.size == 0:
        raise ValueError(f"{place}: x has shape {x.shape}, expected at least one value to average. Pass some.")


def expect_whole_number(place, name, param, key, least):
    value = param.get(key)
    expect_entry(place, name, key, value, is_whole_number(value, least), f"a whole number from {least} up")


def expect_mode(place, name, param):
    mode = param.get("mode")
    expect_entry(place, name, "mode", mode, mode in ("train", "test"), "'train' or 'test'")


def expect_eps(place, name, param):
    eps = param.get("eps", 1e-5)
    expect_entry(place, name, "eps", eps, is_number(eps) and eps > 0, "a number above 0")


def expect_entry(place, name, key, value, right, expected):
    if not right:
        raise ValueError(f"{place}: {name}['{key}'] is {value!r}, expected {expected}. Look where {name} is made.")


def is_whole_number(value, least):
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= least


def is_number(value):
    return isinstance(value, Real) and not isinstance(value, bool)


def expect_fit(place, inner_name, inner, outer_name, outer):
    if inner[0] > outer[0] or inner[1] > outer[1]:
        raise ValueError(
            f"{place}: {inner_name} is {inner[0]} x {inner[1]}, expected at most {outer[0]} x {outer[1]}, the size of "
            f"{outer_name}. Take a smaller one."
        )
