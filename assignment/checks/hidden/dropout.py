"""Checks of dropout in layers.py that students do not see: seeds, images, p = 0, another call in between.

As in public/dropout.py, the checks compare properties that hold for all random numbers; a value of 1 means true.
"""

from functools import partial

import numpy as np

from grader.checks import check, expect_masks, gradients

IMAGES = {"kept_fraction": 2, "mixed_along_each_axis": 4}
after_forward = partial(check, needs="layers.dropout_forward")

# Further shapes for layers that take any shape, besides matrices and images.
SHAPES = {"one_axis": (40,), "three_axes": (5, 4, 3), "five_axes": (2, 5, 2, 3, 2)}


def expect_shape(x, name, array):
    """Return the array if it has the shape of x. If not, raise an error whose message the student reads."""
    if not isinstance(array, np.ndarray) or array.shape != x.shape:
        found = f"has shape {array.shape}" if isinstance(array, np.ndarray) else "is not an array"
        raise ValueError(f"{name} {found}, expected shape {x.shape}")
    return array


def kept_masks(student, x, dropout_params):
    """Return which numbers of x the forward keeps, for each dropout_param."""
    outs = [student.layers.dropout_forward(x, param)[0] for param in dropout_params]
    return [expect_shape(x, "out", out) != 0 for out in outs]


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


@check("layers.dropout_forward", name="images", seed=401, weight=2, parts=IMAGES)
def dropout_forward_images(student, rng):
    """Images of shape (4, 25, 20) with p = 0.15 and six seeds: each number is kept or dropped on its own."""
    x = rng.randn(10, 4, 25, 20) - 10
    param = {"mode": "train", "p": 0.15}
    out, _ = student.layers.dropout_forward(x, {**param, "seed": 7})
    masks = kept_masks(student, x, [{**param, "seed": seed} for seed in range(8, 13)])
    scales = expect_shape(x, "out", out) / x
    mask = scales != 0
    smallest, largest = extremes(scales[mask])
    kept_fraction = round(20 * float(mask.mean())) / 20
    mixed = np.array([float(np.any(np.ptp(mask.astype(int), axis=axis))) for axis in range(4)])
    if kept_fraction == 0.85 and np.all(mixed):
        expect_masks("layers.dropout_forward", [mask, *masks], 0.85)
    return {
        "kept_fraction": kept_fraction,
        "scale_min": smallest,
        "scale_max": largest,
        "mixed_along_each_axis": mixed,
    }


@check("layers.dropout_forward", name="seed", seed=402)
def dropout_forward_seed(student, rng):
    """The same seed gives the same mask, another seed another mask, and without a seed each call draws a new one."""
    x = rng.randn(30, 20) + 10
    param = {"mode": "train", "p": 0.4}
    seeded = [{**param, "seed": seed} for seed in (3, 3, 4)]
    first, again, other, new, newer = kept_masks(student, x, [*seeded, dict(param), dict(param)])
    return {
        "same_seed_same_mask": float(np.array_equal(first, again)),
        "other_seed_other_mask": float(not np.array_equal(first, other)),
        "no_seed_new_mask": float(not np.array_equal(new, newer)),
    }


@check("layers.dropout_forward", name="nothing_dropped", seed=403, weight=0.5)
def dropout_forward_nothing_dropped(student, rng):
    """With p = 0, nothing is dropped and nothing is scaled."""
    out, _ = student.layers.dropout_forward(rng.randn(8, 7), {"mode": "train", "p": 0, "seed": 3})
    return {"out": out}


@check("layers.dropout_forward", name="test_mode", seed=404, weight=0.5)
def dropout_forward_test_mode(student, rng):
    """Test mode on images, with a seed in dropout_param."""
    out, _ = student.layers.dropout_forward(rng.randn(2, 3, 4, 5), {"mode": "test", "p": 0.8, "seed": 5})
    return {"out": out}


@check("layers.dropout_forward", name="any_shape", seed=405)
def dropout_forward_any_shape(student, rng):
    """Arrays of one, three and five axes, p = 0.5: some numbers are dropped, and all others are scaled."""
    values, returned = {}, {}
    for name, shape in SHAPES.items():
        x = rng.randn(*shape) + 10
        returned[name] = x, student.layers.dropout_forward(x, {"mode": "train", "p": 0.5, "seed": 7})[0]
    for name, (x, out) in returned.items():
        scales = expect_shape(x, "out", out) / x
        values[name] = np.array([*extremes(scales[scales != 0]), float(np.any(scales == 0))])
    return values


@after_forward("layers.dropout_backward", name="another_call", seed=411, weight=2, parts={"same_mask": 2})
def dropout_backward_another_call(student, rng):
    """Images, p = 0.6, no seed; the forward was called again in between."""
    x, dout, dropout_param = rng.randn(3, 4, 6, 5) - 10, rng.randn(3, 4, 6, 5) + 10, {"mode": "train", "p": 0.6}
    out, cache = student.layers.dropout_forward(x, dict(dropout_param))
    student.layers.dropout_forward(-x, dict(dropout_param))
    scales, cache = scales_and_cache(x, out, cache, dropout_param, rng)
    dx = student.layers.dropout_backward(dout, cache)
    return compare_factors(scales, expect_shape(dout, "dx", dx) / dout)


@after_forward("layers.dropout_backward", name="any_shape", seed=413, parts={f"{name}_same_mask": 2 for name in SHAPES})
def dropout_backward_any_shape(student, rng):
    """Arrays of one, three and five axes, p = 0.5."""
    values = {}
    for name, shape in SHAPES.items():
        x, dout, dropout_param = rng.randn(*shape) + 10, rng.randn(*shape) + 10, {"mode": "train", "p": 0.5}
        out, cache = student.layers.dropout_forward(x, dict(dropout_param))
        scales, cache = scales_and_cache(x, out, cache, dropout_param, rng)
        dx = student.layers.dropout_backward(dout, cache)
        found = compare_factors(scales, expect_shape(dout, "dx", dx) / dout)
        values |= {f"{name}_{part}": value for part, value in found.items()}
    return values


@after_forward("layers.dropout_backward", name="test_mode", seed=412, weight=0.5)
def dropout_backward_test_mode(student, rng):
    """Test mode on images, after a call in train mode."""
    x, dout, dropout_param = rng.randn(2, 3, 4, 5), rng.randn(2, 3, 4, 5), {"mode": "test", "p": 0.6, "seed": 9}
    student.layers.dropout_forward(x, {**dropout_param, "mode": "train"})
    _, cache = student.layers.dropout_forward(x, dropout_param)
    dx = student.layers.dropout_backward(dout, cache)
    return gradients(lambda x: student.layers.dropout_forward(x, dropout_param)[0], dout=dout, dx=(dx, x))
