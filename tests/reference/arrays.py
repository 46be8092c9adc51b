"""Helpers that the tests of layers share: arrays in many shapes and layouts, a guard for them, and slopes to compare
with.

Each oracle is in the test file that uses it, except SciPy's correlation.
"""

import math

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from scipy.signal import correlate2d

LAYOUTS = ("C", "F", "strided", "reversed")
each = settings(deadline=None, max_examples=80)
seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 4)
layouts = st.sampled_from(LAYOUTS)


def in_layout(array, layout):
    """Return the same values, stored in memory in another order, or with gaps."""
    if layout == "F":
        return np.asfortranarray(array)
    if layout == "strided":
        wide = np.full((*array.shape[:-1], 2 * array.shape[-1]), np.nan, dtype=array.dtype)
        wide[..., ::2] = array
        return wide[..., ::2]
    if layout == "reversed":
        return array[..., ::-1].copy()[..., ::-1]
    return array


def values_apart(rng, *shape):
    """Return random values around 3, no two closer than 0.1: a tiny variance would blow up the rounding noise of a
    norm.
    """
    size = math.prod(shape)
    return 3 + (rng.permutation(size) - size / 2).reshape(shape) / 3 + rng.uniform(-0.1, 0.1, shape)


def zeros(*shape):
    return np.zeros(shape)


class UnchangedArguments:
    """Stores copies of arguments, to check afterwards that nothing wrote into them."""

    def __init__(self, *arrays):
        self.arrays = arrays
        self.copies = [array.copy() for array in arrays]

    def assert_unchanged(self):
        for array, copy in zip(self.arrays, self.copies, strict=True):
            np.testing.assert_array_equal(array, copy)


def slopes(f, x, step=1e-6):
    """Return the centred differences of a number f(x), one element of x at a time."""
    out = []
    for k in range(x.size):
        shift = np.zeros(x.size)
        shift[k] = step
        shift = shift.reshape(x.shape)
        out.append((f(x + shift) - f(x - shift)) / (2 * step))
    return np.array(out).reshape(x.shape)


def close(actual, expected):
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=1e-10, atol=1e-10)


def conv_by_scipy(x, w, b, stride, pad):
    """Return the convolution layer by SciPy: computed at every window, then only every stride-th one is used."""
    x = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    maps = [[sum(correlate2d(i, k, "valid") for i, k in zip(n, f, strict=True)) for f in w] for n in x]
    return np.array(maps)[:, :, ::stride, ::stride] + b[:, None, None]


@st.composite
def convolutions(draw):
    """Generate (x, w, b, conv_param, dout): images and filters that are not square; windows overlap, leave gaps, or do
    not tile.
    """
    rng = np.random.RandomState(draw(seeds))
    N, C, F, HH, WW = (draw(st.integers(1, top)) for top in (3, 3, 3, 4, 4))
    stride, pad = draw(st.integers(1, 3)), draw(st.integers(0, 3))
    H = draw(st.integers(max(1, HH - 2 * pad), 7))
    W = draw(st.integers(max(1, WW - 2 * pad), 7))
    H_out = len(range(0, H + 2 * pad - HH + 1, stride))
    W_out = len(range(0, W + 2 * pad - WW + 1, stride))
    shapes = (N, C, H, W), (F, C, HH, WW), (F,), (N, F, H_out, W_out)
    layout = draw(layouts)
    x, w, b, dout = (in_layout(rng.randn(*shape), layout) for shape in shapes)
    return x, w, b, {"stride": stride, "pad": pad}, dout


@st.composite
def poolings(draw):
    """Generate (x, pool_param, dout): no ties, values at least 1 apart; windows overlap, leave gaps, or do not tile."""
    rng = np.random.RandomState(draw(seeds))
    N, C, HH, WW = (draw(st.integers(1, top)) for top in (2, 2, 4, 4))
    H, W, stride = draw(st.integers(HH, 7)), draw(st.integers(WW, 7)), draw(st.integers(1, 3))
    H_out, W_out = len(range(0, H - HH + 1, stride)), len(range(0, W - WW + 1, stride))
    layout = draw(layouts)
    x = in_layout(rng.permutation(N * C * H * W).reshape(N, C, H, W) - 20.0, layout)
    return x, {"pool_height": HH, "pool_width": WW, "stride": stride}, in_layout(rng.randn(N, C, H_out, W_out), layout)
