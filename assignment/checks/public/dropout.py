"""Checks of dropout in layers.py that students see.

They ask what holds whatever the random numbers are: how much is kept, by what it is scaled, and that the backward uses
the forward's mask. A fraction is rounded to twentieths: half a step is five times what chance moves it by.
"""

import numpy as np

from grader.checks import check, expect_masks, gradients


def like(x, name, array):
    """The array, if it can be compared with x at all; the message of the error is the student's."""
    if not isinstance(array, np.ndarray) or array.shape != x.shape:
        found = f"has shape {array.shape}" if isinstance(array, np.ndarray) else "is no array"
        raise ValueError(f"{name} {found}, expected shape {x.shape}")
    return array


def rounded(fraction):
    """To the nearest twentieth."""
    return round(20 * float(fraction)) / 20


def ends(scales):
    """The smallest and the largest; 0 where there is none."""
    return (scales.min(), scales.max()) if scales.size else (0.0, 0.0)


def compared(forward, backward):
    """What each number was multiplied by in the forward and in the backward: 1 where they do the same.

    A scale is the backward's over the forward's.
    """
    both = (forward != 0) & (backward != 0)
    smallest, largest = ends(np.round(backward[both] / forward[both], 9))  # the same to the bit whatever was drawn
    same_mask = float(np.array_equal(forward != 0, backward != 0))
    return {"same_mask": same_mask, "same_scale_min": smallest, "same_scale_max": largest}


def telling(x, out, cache, dropout_param, rng):
    """The forward's scales and its cache; the docstring's cache where there is none, or all or nothing was dropped."""
    if out is not None and 0 < np.count_nonzero(like(x, "out", out)) < x.size:
        return out / x, cache
    p = dropout_param["p"]
    mask = (rng.rand(*x.shape) >= p) / (1 - p)
    return mask, (dict(dropout_param), mask)


@check("layers.dropout_forward", name="notebook", weight=2, parts={"kept_fraction": 2})
def dropout_forward_notebook(student, rng):
    """The notebook's example: p = 0.3, 0.6 and 0.75 on numbers around 10. How much is kept, and how it is scaled; each
    number is kept or dropped on its own."""
    x = rng.randn(120, 100) + 10
    kept_fraction, scale_ends, outs = [], [], {}
    for p in (0.3, 0.6, 0.75):
        outs[p], _ = student.layers.dropout_forward(x, {"mode": "train", "p": p, "seed": 123})
    for p, out in outs.items():
        scales = like(x, "out", out) / x
        kept = scales[scales != 0]
        kept_fraction.append(rounded(kept.size / x.size))
        scale_ends.append(ends(kept))
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
    """Train mode, p = 0.2: a gradient passes where the forward kept the number, scaled as the number was."""
    x, dout = rng.randn(20, 30) + 10, rng.randn(20, 30) + 10
    dropout_param = {"mode": "train", "p": 0.2, "seed": 123}
    out, cache = student.layers.dropout_forward(x, dict(dropout_param))
    scales, cache = telling(x, out, cache, dropout_param, rng)
    dx = student.layers.dropout_backward(dout, cache)
    return compared(scales, like(dout, "dx", dx) / dout)


@check("layers.dropout_backward", name="notebook_test_mode", weight=0.5, needs="layers.dropout_forward")
def dropout_backward_notebook_test_mode(student, rng):
    """Test mode: dx is dout."""
    x, dout, dropout_param = rng.randn(4, 5) + 10, rng.randn(4, 5), {"mode": "test", "p": 0.2}
    _, cache = student.layers.dropout_forward(x, dropout_param)
    dx = student.layers.dropout_backward(dout, cache)
    return gradients(lambda x: student.layers.dropout_forward(x, dropout_param)[0], dout=dout, dx=(dx, x))
