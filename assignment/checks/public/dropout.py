"""Checks of dropout in layers.py that students see.

The checks compare properties that hold for all random numbers: the share of kept values, their scale, and that the
backward uses the forward's mask. Shares are rounded to twentieths: half of 1/20 is five times as much as chance
changes a share.
"""

import numpy as np

from grader.checks import check, expect_masks, gradients


def expect_shape(x, name, array):
    """Return the array if it has the shape of x. If not, raise an error whose message the student reads."""
    if not isinstance(array, np.ndarray) or array.shape != x.shape:
        found = f"has shape {array.shape}" if isinstance(array, np.ndarray) else "is not an array"
        raise ValueError(f"{name} {found}, expected shape {x.shape}")
    return array


def rounded(fraction):
    """Round to the nearest twentieth."""
    return round(20 * float(fraction)) / 20


def extremes(scales):
    """Return the smallest and the largest scale, or zeros if there are no scales."""
    return (scales.min(), scales.max()) if scales.size else (0.0, 0.0)


def compare_factors(forward, backward):
    """Compare the factors of the forward with those of the backward: same_mask is 1 if both keep the same numbers.

    A scale is the backward's factor divided by the forward's.
    """
    both = (forward != 0) & (backward != 0)
    # equal to the last bit, whatever the random numbers are
    smallest, largest = extremes(np.round(backward[both] / forward[both], 9))
    same_mask = float(np.array_equal(forward != 0, backward != 0))
    return {"same_mask": same_mask, "same_scale_min": smallest, "same_scale_max": largest}


def scales_and_cache(x, out, cache, dropout_param, rng):
    """Return the forward's scales and its cache.

    If there is no output, or the forward dropped all or nothing, return a mask and the docstring's cache instead.
    """
    if out is not None and 0 < np.count_nonzero(expect_shape(x, "out", out)) < x.size:
        return out / x, cache
    p = dropout_param["p"]
    mask = (rng.rand(*x.shape) >= p) / (1 - p)
    return mask, (dict(dropout_param), mask)


@check("layers.dropout_forward", name="notebook", weight=2, parts={"kept_fraction": 2})
def dropout_forward_notebook(student, rng):
    """The notebook's example: p = 0.3, 0.6 and 0.75 on numbers around 10. What share is kept, how is it scaled, and is
    each number kept or dropped on its own?
    """
    x = rng.randn(120, 100) + 10
    kept_fraction, scale_ends, outs = [], [], {}
    for p in (0.3, 0.6, 0.75):
        outs[p], _ = student.layers.dropout_forward(x, {"mode": "train", "p": p, "seed": 123})
    for p, out in outs.items():
        scales = expect_shape(x, "out", out) / x
        kept = scales[scales != 0]
        kept_fraction.append(rounded(kept.size / x.size))
        scale_ends.append(extremes(kept))
        if kept_fraction[-1] == rounded(1 - p):
            expect_masks("layers.dropout_forward", [scales != 0], 1 - p)
    scale_min, scale_max = np.array(scale_ends).T
    return {"kept_fraction": np.array(kept_fraction), "scale_min": scale_min, "scale_max": scale_max}


@check("layers.dropout_forward", name="notebook_test_mode", weight=0.5)
def dropout_forward_notebook_test_mode(student, rng):
    """The notebook's example in test mode: the output is the input, whatever p is."""
    x = rng.randn(6, 5) + 10
    out, _ = student.layers.dropout_forward(x, {"mode": "test", "p": 0.3})
    return {"out": out}


@check("layers.dropout_backward", name="notebook", weight=2, needs="layers.dropout_forward", parts={"same_mask": 2})
def dropout_backward_notebook(student, rng):
    """Train mode, p = 0.2: a gradient passes where the forward kept the number, with the same scale."""
    x, dout = rng.randn(20, 30) + 10, rng.randn(20, 30) + 10
    dropout_param = {"mode": "train", "p": 0.2, "seed": 123}
    out, cache = student.layers.dropout_forward(x, dict(dropout_param))
    scales, cache = scales_and_cache(x, out, cache, dropout_param, rng)
    dx = student.layers.dropout_backward(dout, cache)
    return compare_factors(scales, expect_shape(dout, "dx", dx) / dout)


@check("layers.dropout_backward", name="notebook_test_mode", weight=0.5, needs="layers.dropout_forward")
def dropout_backward_notebook_test_mode(student, rng):
    """Test mode: dx equals dout."""
    x, dout, dropout_param = rng.randn(4, 5) + 10, rng.randn(4, 5), {"mode": "test", "p": 0.2}
    _, cache = student.layers.dropout_forward(x, dropout_param)
    dx = student.layers.dropout_backward(dout, cache)
    return gradients(lambda x: student.layers.dropout_forward(x, dropout_param)[0], dout=dout, dx=(dx, x))
