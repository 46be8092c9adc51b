"""Mistakes in the loops over the windows of convolution and max-pooling, which give different results in every style
of code. The mistakes: the code confuses height and width (square images and windows still give right results); it
computes the number of windows as the image's size over the stride; its crop is right for one pad only. Some mistakes
raise an exception, which depends on the style. So this module has each mistake twice: with slices, which do not
broadcast, and with single entries, whose index is out of bounds.
"""

import numpy as np

from grader.checks import misconception

MIXED_UP = (
    "Height and width are mixed up: the result is right only where both are the same. Check every size, loop and "
    "slice: is it about rows (H, HH) or about columns (W, WW)?"
)
WINDOW_SWAPPED = "Height and width of the window are swapped. Which of the two belongs to the rows?"
TOO_MANY_WINDOWS = (
    "The number of windows is the image's size divided by the stride. So if windows overlap, the last ones reach over "
    "the border. How many windows of this height fit into H rows?"
)
FIXED_CROP = (
    "dx is cropped by one row and one column on each side, whatever pad is. How many did the forward add on each side?"
)
EMPTY_CROP = (
    "If pad is 0, the slice pad:-pad is 0:0, which is empty. Crop by where the image starts and how long it is."
)
EMPTY_INNER = (
    "If pad is 0, the slice pad:-pad is 0:0, which is empty, so x does not fit in there. Compute the end of the slice "
    "from the length of x, or use np.pad."
)


def cache_of(cache):
    """Return the cache that the reference's forward made; a handle holds it as its value."""
    return getattr(cache, "value", cache)


def right_counts(H, W, HH, WW, stride):
    """Return the numbers of rows and columns of windows."""
    return (H - HH) // stride + 1, (W - WW) // stride + 1


def counts_of_height(H, W, HH, WW, stride):
    return (right_counts(H, W, HH, WW, stride)[0],) * 2


def counts_of_width(H, W, HH, WW, stride):
    return (right_counts(H, W, HH, WW, stride)[1],) * 2


def counts_crossed(H, W, HH, WW, stride):
    return right_counts(H, W, WW, HH, stride)


def columns_of_height(H, W, HH, WW, stride):
    return right_counts(H, H, HH, WW, stride)


def rows_of_width(H, W, HH, WW, stride):
    return right_counts(W, W, HH, WW, stride)


def counts_by_stride(H, W, HH, WW, stride):
    return H // stride, W // stride


def as_they_are(a, b):
    return a, b


def swapped(a, b):
    return b, a


def first_twice(a, b):
    return a, a


def last_twice(a, b):
    return b, b


def in_both_ways(function, hint, styles, make, ways=(False, True)):
    """Register a misconception for each style, with slices and with single entries. make: builds a variant from the
    style's options.
    """
    for name, options in styles.items():
        for single in ways:
            run = make(single=single, **options)
            run.__name__ = f"{function.rpartition('.')[2].partition('_naive')[0]}_{name}{'_single' * single}"
            misconception(function, hint, by_outcome=True)(run)


# --- convolution


def convolution(
    *,
    single,
    counts=right_counts,
    shape=as_they_are,
    loops=as_they_are,
    window=as_they_are,
    to=as_they_are,
    corner=as_they_are,
):
    """Build a wrong convolution. shape: the shape of each map. loops: the ends of the two loops. window: the height
    and width of a window. to: the place of a sum in the map. corner: the first row and column of a window.
    """

    def run(reference, x, w, b, conv_param):
        stride, pad = conv_param["stride"], conv_param["pad"]
        padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        rows, columns = counts(*padded.shape[2:], *w.shape[2:], stride)
        high, wide = window(*w.shape[2:])
        out = np.zeros((x.shape[0], w.shape[0], *shape(rows, columns)))
        for i in range(loops(rows, columns)[0]):
            for j in range(loops(rows, columns)[1]):
                top, left = corner(i * stride, j * stride)
                if single:
                    shares = [
                        padded[:, :, top + k, left + m] @ w[:, :, k, m].T for k in range(high) for m in range(wide)
                    ]
                    total = sum(shares)
                else:
                    seen = padded[:, np.newaxis, :, top : top + high, left : left + wide]
                    total = np.sum(seen * w, axis=(2, 3, 4))
                row, column = to(i, j)
                out[:, :, row, column] = total + b
        return out, (x, w, b, conv_param)

    return run


in_both_ways(
    "layers.conv_forward_naive",
    MIXED_UP,
    {
        "loops_swapped": {"loops": swapped},
        "all_swapped": {"shape": swapped, "loops": swapped},
        "counts_of_height": {"counts": counts_of_height},
        "counts_of_width": {"counts": counts_of_width},
        "columns_of_height": {"counts": columns_of_height},
        "rows_of_width": {"counts": rows_of_width},
        "loops_of_height": {"loops": first_twice},
        "loops_of_width": {"loops": last_twice},
        "counts_crossed": {"counts": counts_crossed},
        "window_swapped": {"window": swapped},
        "window_and_counts_swapped": {"counts": counts_crossed, "window": swapped},
        "corner_swapped": {"corner": swapped},
    },
    convolution,
)
in_both_ways(
    "layers.conv_forward_naive",
    MIXED_UP,
    {"map_transposed": {"shape": swapped, "to": swapped}, "shape_swapped": {"shape": swapped}},
    convolution,
    ways=(False,),
)


@misconception("layers.conv_forward_naive", EMPTY_INNER, by_outcome=True)
def padded_by_minus_pad(reference, x, w, b, conv_param):
    pad = conv_param["pad"]
    N, C, H, W = x.shape
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    padded[:, :, pad:-pad, pad:-pad] = x
    return reference.layers.conv_forward_naive(x, w, b, conv_param)


def convolution_backward(*, single, loops=as_they_are, window=as_they_are, crop=as_they_are, assigned=False):
    """Build a wrong backward. crop: height and width of dx. assigned: assign dx to an array in the shape of x."""

    def run(reference, dout, cache):
        x, w, _, conv_param = cache_of(cache)
        stride, pad = conv_param["stride"], conv_param["pad"]
        padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        dpadded, dw, dx = np.zeros_like(padded), np.zeros_like(w), np.zeros_like(x)
        high, wide = window(*w.shape[2:])
        rows, columns = loops(*dout.shape[2:])
        for i in range(rows):
            for j in range(columns):
                top, left = i * stride, j * stride
                if single:
                    for k in range(high):
                        for m in range(wide):
                            dw[:, :, k, m] += dout[:, :, i, j].T @ padded[:, :, top + k, left + m]
                            dpadded[:, :, top + k, left + m] += dout[:, :, i, j] @ w[:, :, k, m]
                else:
                    seen = np.s_[:, :, top : top + high, left : left + wide]
                    dw += np.tensordot(dout[:, :, i, j], padded[seen], axes=(0, 0))
                    dpadded[seen] += np.tensordot(dout[:, :, i, j], w, axes=1)
        height, width = crop(*x.shape[2:])
        cropped = dpadded[:, :, pad : pad + height, pad : pad + width]
        if assigned:
            dx[...] = cropped
        return dx if assigned else cropped, dw, dout.sum(axis=(0, 2, 3))

    return run


in_both_ways(
    "layers.conv_backward_naive",
    MIXED_UP,
    {
        "loops_swapped": {"loops": swapped},
        "loops_of_height": {"loops": first_twice},
        "loops_of_width": {"loops": last_twice},
        "window_swapped": {"window": swapped},
    },
    convolution_backward,
)
in_both_ways(
    "layers.conv_backward_naive",
    MIXED_UP,
    {"crop_swapped": {"crop": swapped}, "crop_swapped_and_assigned": {"crop": swapped, "assigned": True}},
    convolution_backward,
    ways=(False,),
)


def cropped_otherwise(reference, dout, cache, begin, end, assigned):
    """Crop dx from the right gradient of the padded image: begin:end of its rows and columns."""
    x, w, b, conv_param = cache_of(cache)
    pad = conv_param["pad"]
    _, dw, db = reference.layers.conv_backward_naive(dout, cache)
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    _, inner = reference.layers.conv_forward_naive(padded, w, b, {**conv_param, "pad": 0})
    dx = reference.layers.conv_backward_naive(dout, inner)[0][:, :, begin:end, begin:end]
    if assigned:
        whole = np.zeros_like(x)
        whole[...] = dx
        dx = whole
    return dx, dw, db


@misconception("layers.conv_backward_naive", FIXED_CROP, by_outcome=True)
def crops_one(reference, dout, cache):
    return cropped_otherwise(reference, dout, cache, 1, -1, assigned=False)


@misconception("layers.conv_backward_naive", FIXED_CROP, by_outcome=True)
def crops_one_into_dx(reference, dout, cache):
    return cropped_otherwise(reference, dout, cache, 1, -1, assigned=True)


@misconception("layers.conv_backward_naive", EMPTY_CROP, by_outcome=True)
def crops_by_minus_pad(reference, dout, cache):
    pad = cache_of(cache)[3]["pad"]
    return cropped_otherwise(reference, dout, cache, pad, -pad, assigned=False)


@misconception("layers.conv_backward_naive", EMPTY_CROP, by_outcome=True)
def crops_by_minus_pad_into_dx(reference, dout, cache):
    pad = cache_of(cache)[3]["pad"]
    return cropped_otherwise(reference, dout, cache, pad, -pad, assigned=True)


# --- max-pooling


def pooling(
    *,
    single,
    counts=right_counts,
    shape=None,
    loops=as_they_are,
    window=as_they_are,
    to=as_they_are,
    corner=as_they_are,
):
    """Build a wrong pooling, with the options of convolution. shape: the shape of the maps, if it differs from the
    ends of the loops.
    """

    def run(reference, x, pool_param):
        HH, WW, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
        rows, columns = counts(*x.shape[2:], HH, WW, stride)
        high, wide = window(HH, WW)
        out = np.zeros((*x.shape[:2], *(shape or counts)(*x.shape[2:], HH, WW, stride)))
        for i in range(loops(rows, columns)[0]):
            for j in range(loops(rows, columns)[1]):
                top, left = corner(i * stride, j * stride)
                if single:
                    entries = [x[:, :, top + k, left + m] for k in range(high) for m in range(wide)]
                    largest = np.max(entries, axis=0)
                else:
                    largest = x[:, :, top : top + high, left : left + wide].max(axis=(2, 3))
                row, column = to(i, j)
                out[:, :, row, column] = largest
        return out, (x, pool_param)

    return run


def counts_swapped(H, W, HH, WW, stride):
    return swapped(*right_counts(H, W, HH, WW, stride))


def counts_of_steps(H, W, HH, WW, stride):
    """Count the steps of range(0, H, stride)."""
    return -(-H // stride), -(-W // stride)


in_both_ways(
    "layers.max_pool_forward_naive",
    MIXED_UP,
    {
        "loops_swapped": {"loops": swapped},
        "all_swapped": {"counts": counts_swapped},
        "counts_of_height": {"counts": counts_of_height},
        "counts_of_width": {"counts": counts_of_width},
        "columns_of_height": {"counts": columns_of_height},
        "rows_of_width": {"counts": rows_of_width},
        "loops_of_height": {"loops": first_twice},
        "loops_of_width": {"loops": last_twice},
        "counts_crossed": {"counts": counts_crossed},
        "window_swapped": {"window": swapped},
        "corner_swapped": {"corner": swapped},
    },
    pooling,
)
in_both_ways(
    "layers.max_pool_forward_naive",
    MIXED_UP,
    {"map_transposed": {"shape": counts_swapped, "to": swapped}, "shape_swapped": {"shape": counts_swapped}},
    pooling,
    ways=(False,),
)
in_both_ways(
    "layers.max_pool_forward_naive",
    WINDOW_SWAPPED,
    {"height_and_width_swapped": {"counts": counts_crossed, "window": swapped}},
    pooling,
    ways=(False,),
)
in_both_ways(
    "layers.max_pool_forward_naive",
    TOO_MANY_WINDOWS,
    {
        "counts_by_stride": {"counts": counts_by_stride},
        "steps_into_counts_by_stride": {"counts": counts_of_steps, "shape": counts_by_stride},
        "steps_into_right_shape": {"counts": counts_of_steps, "shape": right_counts},
        "steps": {"counts": counts_of_steps},
    },
    pooling,
)


def pooling_backward(*, single, counts=right_counts, loops=as_they_are, window=as_they_are):
    def run(reference, dout, cache):
        x, pool_param = cache_of(cache)
        HH, WW, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
        rows, columns = loops(*counts(*x.shape[2:], HH, WW, stride))
        high, wide = window(HH, WW)
        dx = np.zeros_like(x)
        for i in range(rows):
            for j in range(columns):
                top, left = i * stride, j * stride
                if single:
                    entries = [x[:, :, top + k, left + m] for k in range(high) for m in range(wide)]
                    largest = np.max(entries, axis=0)
                    for k in range(high):
                        for m in range(wide):
                            hit = x[:, :, top + k, left + m] == largest
                            dx[:, :, top + k, left + m] += hit * dout[:, :, i, j]
                else:
                    seen = np.s_[:, :, top : top + high, left : left + wide]
                    hit = x[seen] == x[seen].max(axis=(2, 3), keepdims=True)
                    dx[seen] += hit * dout[:, :, i, j, np.newaxis, np.newaxis]
        return dx

    return run


in_both_ways(
    "layers.max_pool_backward_naive",
    MIXED_UP,
    {
        "loops_swapped": {"loops": swapped},
        "loops_of_height": {"loops": first_twice},
        "loops_of_width": {"loops": last_twice},
        "window_swapped": {"window": swapped},
    },
    pooling_backward,
)
in_both_ways(
    "layers.max_pool_backward_naive",
    TOO_MANY_WINDOWS,
    {"counts_by_stride": {"counts": counts_by_stride}, "steps": {"counts": counts_of_steps}},
    pooling_backward,
)
