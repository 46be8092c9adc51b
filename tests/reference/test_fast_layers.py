"""The fast layers, compiled for each instruction set and in NumPy, against einsum over windows and SciPy."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from arrays import LAYOUTS, UnchangedArguments, in_layout
from fresh_python import run_python
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view
from scipy.signal import fftconvolve
from threadpoolctl import ThreadpoolController

from reference import fast_layers, layers
from reference.fast_layers import conv_backward_fast, conv_forward_fast, max_pool_backward_fast, max_pool_forward_fast

kernels = pytest.importorskip("reference.kernels", reason="needs the compiled kernels (Debian: apt install gcc)")

# The fixture below changes the implementation, not its inputs, so hypothesis may reuse it.
each = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(params=[*kernels.INSTRUCTION_SETS, "numpy"], autouse=True)
def implementation(request, monkeypatch):
    """Run the tests with each implementation in turn."""
    if request.param == "numpy":
        monkeypatch.setattr(fast_layers, "kernels", None)
        monkeypatch.setattr(fast_layers, "_tell_once", lambda: None)
    else:
        kernels.use_instruction_set(request.param)
    yield request.param
    kernels.use_instruction_set(kernels.INSTRUCTION_SETS[0])


def windows_of(x, HH, WW, stride, pad=0):
    """Return views (N, C, H', W', HH, WW) of what each window sees."""
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    return sliding_window_view(padded, (HH, WW), axis=(2, 3))[:, :, ::stride, ::stride]


def expected_conv(x, w, b, dout, stride, pad):
    """Return out, dx, dw, db by einsum over windows, and SciPy's convolution of the filters with dout, spread out by
    stride.
    """
    (N, F), (H, W) = dout.shape[:2], x.shape[2:]
    seen = windows_of(x, *w.shape[2:], stride, pad)
    out = np.einsum("ncijyx,fcyx->nfij", seen, w, optimize=True) + b[:, None, None]
    dw = np.einsum("ncijyx,nfij->fcyx", seen, dout, optimize=True)

    spread = np.zeros((N, F, 1, H + 2 * pad - w.shape[2] + 1, W + 2 * pad - w.shape[3] + 1))
    spread[:, :, 0, ::stride, ::stride] = dout
    dx = fftconvolve(spread, w[np.newaxis], axes=(3, 4)).sum(axis=1)[:, :, pad : pad + H, pad : pad + W]
    return out, dx, dw, dout.sum(axis=(0, 2, 3))


def conv_case(seed, N, C, F, H, W, HH, WW, stride, pad, dtype="float64", layout="C"):
    """Draw x, w, b, dout, conv_param; the filter is cut to a size that fits."""
    rng = np.random.RandomState(seed)
    HH, WW = min(HH, H + 2 * pad), min(WW, W + 2 * pad)
    x, w, b = rng.randn(N, C, H, W), rng.randn(F, C, HH, WW), rng.randn(F)
    dout = rng.randn(N, F, 1 + (H + 2 * pad - HH) // stride, 1 + (W + 2 * pad - WW) // stride)
    arrays = [in_layout(array.astype(dtype), layout) for array in (x, w, b, dout)]
    return *arrays, {"stride": stride, "pad": pad}


def assert_conv_right(x, w, b, dout, conv_param):
    frozen = UnchangedArguments(x, w, b, dout)
    out, cache = conv_forward_fast(x, w, b, conv_param)
    found = (out, *conv_backward_fast(dout, cache))
    frozen.assert_unchanged()
    wide = (array.astype("float64") for array in (x, w, b, dout))
    for actual, expected in zip(found, expected_conv(*wide, **conv_param), strict=True):
        assert actual.shape == expected.shape and actual.dtype == x.dtype
        bound = 1e-10 if x.dtype == "float64" else 2e-4
        np.testing.assert_allclose(actual, expected, rtol=0, atol=bound * max(1, np.abs(expected).max()))


few = st.integers(1, 4)
dtypes = st.sampled_from(["float64", "float32"])


@each
@given(
    *(st.integers(0, 2**32 - 1), few, few, st.integers(1, 20), st.integers(1, 24), st.integers(1, 40)),
    *(st.integers(1, 5), st.integers(1, 5), st.integers(1, 3), st.integers(0, 3), dtypes, st.sampled_from(LAYOUTS)),
)
@example(0, 2, 3, 9, 8, 8, 1, 1, 1, 3, "float64", "C")  # pad larger than the filter: dx is a part of dout's convolution
@example(0, 1, 1, 1, 1, 1, 1, 1, 3, 0, "float32", "C")
@example(0, 1, 2, 17, 5, 37, 5, 5, 1, 2, "float32", "F")
@example(0, 2, 3, 9, 6, 20, 1, 1, 1, 0, "float32", "C")  # read in place
@example(0, 2, 3, 9, 6, 37, 3, 3, 1, 0, "float64", "C")
def test_convolution_in_any_shape(seed, N, C, F, H, W, HH, WW, stride, pad, dtype, layout):
    assert_conv_right(*conv_case(seed, N, C, F, H, W, HH, WW, stride, pad, dtype, layout))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "sizes",
    [
        {"N": 4, "C": 20, "F": 24, "H": 37, "W": 70, "HH": 3, "WW": 5, "stride": 2, "pad": 1},
        {"N": 8, "C": 16, "F": 24, "H": 50, "W": 99, "HH": 4, "WW": 5, "stride": 3, "pad": 4},
        {"N": 3, "C": 64, "F": 40, "H": 30, "W": 400, "HH": 1, "WW": 1, "stride": 1, "pad": 0},
        {"N": 1, "C": 300, "F": 20, "H": 3, "W": 139, "HH": 3, "WW": 3, "stride": 1, "pad": 0},
        {"N": 3, "C": 40, "F": 33, "H": 30, "W": 45, "HH": 3, "WW": 3, "stride": 1, "pad": 1},
        {"N": 1, "C": 300, "F": 5, "H": 9, "W": 70, "HH": 5, "WW": 7, "stride": 1, "pad": 2},
        {"N": 2, "C": 70, "F": 6, "H": 33, "W": 50, "HH": 3, "WW": 5, "stride": 2, "pad": 1},
        {"N": 2, "C": 3, "F": 70, "H": 64, "W": 61, "HH": 7, "WW": 7, "stride": 3, "pad": 3},
    ],
)
def test_convolution_larger_than_one_tile(sizes, dtype):
    assert_conv_right(*conv_case(231, **sizes, dtype=dtype))


@np.errstate(invalid="ignore")
@pytest.mark.parametrize("stride", [1, 2])
def test_nan_and_infinity_reach_only_what_they_touch(stride):
    x, w, b, dout, param = conv_case(0, 4, 16, 24, 40, 40, 3, 3, stride, 1)
    w[0, 0, 0, 0], w[1, 1, 2, 2] = np.nan, np.inf
    x[0, 2, 5, 6], dout[1, 3, 0, 0] = np.nan, np.inf
    cache = (x, w, b, param)
    pairs = zip(
        (conv_forward_fast(x, w, b, param)[0], *conv_backward_fast(dout, cache)),
        (layers.conv_forward_naive(x, w, b, param)[0], *layers.conv_backward_naive(dout, cache)),
        strict=True,
    )
    for actual, expected in pairs:
        np.testing.assert_array_equal(np.isfinite(actual), np.isfinite(expected))


@each
@given(
    *(st.integers(0, 2**32 - 1), few, few, st.integers(1, 12), st.integers(1, 20)),
    *(st.integers(1, 5), st.integers(1, 5), st.integers(1, 3), dtypes, st.sampled_from(LAYOUTS)),
)
@example(0, 2, 3, 8, 38, 2, 2, 2, "float32", "C")  # whole vectors and a rest
@example(0, 2, 3, 8, 32, 2, 2, 2, "float64", "C")
@example(0, 2, 3, 9, 11, 2, 2, 2, "float32", "C")  # a row and a column that no window sees
@example(0, 2, 3, 9, 11, 2, 2, 1, "float64", "C")  # windows that overlap
def test_pooling_in_any_shape(seed, N, C, H, W, HH, WW, stride, dtype, layout):
    rng = np.random.RandomState(seed)
    HH, WW = min(HH, H), min(WW, W)
    # Few different values, so that windows have several largest values.
    x = in_layout(rng.randint(-3, 4, (N, C, H, W)).astype(dtype), layout)
    param = {"pool_height": HH, "pool_width": WW, "stride": stride}
    seen = windows_of(x, HH, WW, stride)
    seen = seen.reshape(*seen.shape[:4], HH * WW)
    dout = in_layout(rng.randn(*seen.shape[:4]).astype(dtype), layout)

    frozen = UnchangedArguments(x, dout)
    out, cache = max_pool_forward_fast(x, param)
    dx = max_pool_backward_fast(dout, cache)
    frozen.assert_unchanged()

    expected = np.zeros((N, C, H, W))
    n, c, i, j = np.indices(dout.shape)
    row, column = np.divmod(seen.argmax(axis=4), WW)
    np.add.at(expected, (n, c, i * stride + row, j * stride + column), dout)
    np.testing.assert_array_equal(out, seen.max(axis=4))
    np.testing.assert_allclose(dx, expected, rtol=0, atol=1e-10 if dtype == "float64" else 1e-5)
    assert out.dtype == dx.dtype == dtype


@pytest.mark.parametrize("size", [2, 3])
def test_pooling_treats_the_first_nan_as_the_largest(size):
    x = np.arange(36.0).reshape(1, 1, 6, 6)
    x[0, 0, 0, 1] = x[0, 0, 1, 0] = np.nan
    param = {"pool_height": size, "pool_width": size, "stride": size}
    out, cache = max_pool_forward_fast(x, param)
    dx = max_pool_backward_fast(np.ones_like(out), cache)
    assert np.isnan(out[0, 0, 0, 0]) and not np.isnan(out[0, 0, 1:]).any()
    assert dx[0, 0, 0, 1] == 1 and dx[0, 0, 1, 0] == 0 and dx.sum() == out.size


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_pooling_windows_of_more_values_than_a_byte_counts(dtype):
    x = np.zeros((1, 1, 17, 18), dtype=dtype)
    x[0, 0, 16, 15] = x[0, 0, 16, 17] = 1
    out, cache = max_pool_forward_fast(x, {"pool_height": 17, "pool_width": 17, "stride": 1})
    dx = max_pool_backward_fast(np.array([[[[2, 3]]]], dtype=dtype), cache)
    assert out.tolist() == [[[[1, 1]]]]
    assert np.argwhere(dx[0, 0]).tolist() == [[16, 15]] and dx[0, 0, 16, 15] == 5


def test_pooling_takes_and_makes_the_cache_of_the_naive_forward():
    x, param = np.random.RandomState(0).randn(2, 3, 6, 7), {"pool_height": 2, "pool_width": 3, "stride": 2}
    out, plain = layers.max_pool_forward_naive(x, param)
    _, cache = max_pool_forward_fast(x, param)
    assert cache == plain
    expected = layers.max_pool_backward_naive(out, plain)
    for taken in (plain, cache, copy.deepcopy(cache), pickle.loads(pickle.dumps(cache))):
        np.testing.assert_array_equal(max_pool_backward_fast(out, taken), expected)
        np.testing.assert_array_equal(layers.max_pool_backward_naive(out, taken), expected)


def test_a_window_changed_since_the_forward_is_the_one_that_counts():
    x, param = np.arange(36.0).reshape(1, 1, 6, 6), {"pool_height": 2, "pool_width": 2, "stride": 2}
    _, cache = max_pool_forward_fast(x, param)
    param.update(pool_height=3, pool_width=3, stride=3)
    dx = max_pool_backward_fast(np.ones((1, 1, 2, 2)), cache)
    assert np.argwhere(dx[0, 0]).tolist() == [[2, 2], [2, 5], [5, 2], [5, 5]]


@pytest.mark.parametrize("shape", [(0, 2, 5, 5), (2, 0, 5, 5)])
def test_empty_batches_and_images_without_channels(shape):
    x, w, b = np.zeros(shape), np.zeros((3, shape[1], 3, 3)), np.arange(3.0)
    out, cache = conv_forward_fast(x, w, b, {"stride": 1, "pad": 1})
    assert (out == b.reshape(3, 1, 1)).all() and out.shape == (shape[0], 3, 5, 5)
    dx, dw, db = conv_backward_fast(np.ones_like(out), cache)
    assert dx.shape == x.shape and dw.shape == w.shape and not dw.any() and (db == shape[0] * 25).all()
    pooled, cache = max_pool_forward_fast(x, {"pool_height": 2, "pool_width": 2, "stride": 2})
    assert max_pool_backward_fast(pooled, cache).shape == shape


def test_no_filters():
    x, w, b = np.ones((2, 3, 5, 5)), np.zeros((0, 3, 3, 3)), np.zeros(0)
    out, cache = conv_forward_fast(x, w, b, {"stride": 1, "pad": 1})
    dx, dw, db = conv_backward_fast(out, cache)
    assert out.shape == (2, 0, 5, 5) and dw.shape == w.shape and db.shape == (0,) and not dx.any()


def test_other_dtypes_and_mixtures_give_what_numpy_gives():
    x, w, b = np.arange(50).reshape(1, 2, 5, 5), np.arange(36).reshape(2, 2, 3, 3), np.array([1, 2])
    param = {"stride": 2, "pad": 1}
    exact = expected_conv(x, w, b, np.ones((1, 2, 3, 3)), 2, 1)
    for dtypes in (("i8", "i8", "i8"), ("f4", "f8", "f4"), ("f2", "f4", "f8"), ("f8", "i4", "f4")):
        arrays = [array.astype(dtype) for array, dtype in zip((x, w, b), dtypes, strict=True)]
        out, cache = conv_forward_fast(*arrays, param)
        dx, dw, _ = conv_backward_fast(np.ones_like(out), cache)
        assert out.dtype == np.result_type(*arrays)
        for actual, expected in zip((out, dx, dw), exact, strict=False):
            np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-9)


def test_read_only_arrays_are_accepted():
    x, w, b, dout, param = conv_case(0, 2, 2, 3, 6, 6, 3, 3, 1, 1)
    for array in (x, w, b, dout):
        array.flags.writeable = False
    assert_conv_right(x, w, b, dout, param)


def test_unaligned_arrays_are_accepted():
    x, w, b, dout, param = conv_case(0, 2, 2, 3, 6, 6, 3, 3, 1, 1)
    unaligned = np.zeros(x.nbytes + 1, dtype=np.uint8)[1:].view(x.dtype).reshape(x.shape)
    unaligned[:] = x
    assert not unaligned.flags.aligned
    assert_conv_right(unaligned, w, b, dout, param)


@pytest.mark.parametrize("stride", [6, 10**7, 2**40])
def test_a_stride_beyond_the_image_takes_no_memory(stride):
    x, w, b, _, _ = conv_case(0, 1, 2, 3, 5, 5, 3, 3, 1, 0)
    out, cache = conv_forward_fast(x, w, b, {"stride": stride, "pad": 0})
    assert out.shape == (1, 3, 1, 1)
    dx, dw, _ = conv_backward_fast(np.ones_like(out), cache)
    np.testing.assert_allclose(dx[0, :, :3, :3], w.sum(axis=0), rtol=0, atol=1e-12)
    np.testing.assert_allclose(dw[0], x[0, :, :3, :3], rtol=0, atol=1e-12)
    assert not dx[0, :, 3:].any()


def test_a_cache_from_no_forward_is_refused_before_a_kernel_reads_it():
    x, w, b, dout, param = conv_case(0, 1, 50, 32, 8, 8, 3, 3, 1, 0)
    with pytest.raises(ValueError, match="conv_backward_fast: w has 1 channels, expected 50 as x has"):
        conv_backward_fast(dout, (x, w[:, :1], b, param))
    with pytest.raises(ValueError, match=r"conv_backward_fast: conv_param\['pad'\] is -1, expected a whole number"):
        conv_backward_fast(dout, (x, w, b, {"stride": 1, "pad": -1}))
    window = {"pool_height": -1, "pool_width": -1, "stride": 1}
    with pytest.raises(ValueError, match=r"max_pool_backward_fast: pool_param\['pool_height'\] is -1, expected"):
        max_pool_backward_fast(np.ones((1, 50, 10, 10)), (x, window))


def test_the_same_input_gives_the_same_bits():
    x, w, b, dout, param = conv_case(0, 16, 8, 20, 24, 24, 3, 3, 1, 1, "float32")
    runs = []
    for _ in range(5):
        out, cache = conv_forward_fast(x, w, b, param)
        runs.append((out, *conv_backward_fast(dout, cache)))
    for run in runs[1:]:
        for first, other in zip(runs[0], run, strict=True):
            np.testing.assert_array_equal(first, other)


def test_several_python_threads_get_right_results_and_leave_blas_its_threads():
    x, w, b, dout, param = conv_case(0, 8, 8, 20, 24, 24, 3, 3, 2, 1)
    blas = ThreadpoolController().select(user_api="blas")
    before = [pool["num_threads"] for pool in blas.info()]
    expected = conv_backward_fast(dout, (x, w, b, param))
    with ThreadPoolExecutor(4) as executor:
        runs = [executor.submit(conv_backward_fast, dout, (x, w, b, param)) for _ in range(40)]
        for run in runs:
            for actual, wanted in zip(run.result(), expected, strict=True):
                np.testing.assert_allclose(actual, wanted, rtol=1e-12, atol=1e-10)
    assert [pool["num_threads"] for pool in blas.info()] == before


def test_wrong_arguments_raise_the_same_errors_as_in_the_naive_layers():
    x, w, b = np.zeros((2, 3, 5, 5)), np.zeros((4, 3, 3, 3)), np.zeros(4)
    with pytest.raises(ValueError, match=r"conv_forward_fast: conv_param\['stride'\] is 0, expected a whole number"):
        conv_forward_fast(x, w, b, {"stride": 0, "pad": 0})
    with pytest.raises(ValueError, match="conv_forward_fast: w has 2 channels, expected 3 as x has"):
        conv_forward_fast(x, w[:, :2], b, {"stride": 1, "pad": 0})
    with pytest.raises(ValueError, match="conv_forward_fast: the filter is 3 x 3, expected at most 2 x 5"):
        conv_forward_fast(x[:, :, :2], w, b, {"stride": 1, "pad": 0})
    _, cache = conv_forward_fast(x, w, b, {"stride": 1, "pad": 0})
    with pytest.raises(ValueError, match=r"conv_backward_fast: dout has shape \(2, 4, 3, 2\), expected \(2, 4, 3, 3\)"):
        conv_backward_fast(np.zeros((2, 4, 3, 2)), cache)
    with pytest.raises(ValueError, match="max_pool_forward_fast: the window is 6 x 2, expected at most 5 x 5"):
        max_pool_forward_fast(x, {"pool_height": 6, "pool_width": 2, "stride": 1})
    _, cache = max_pool_forward_fast(x, {"pool_height": 2, "pool_width": 2, "stride": 1})
    with pytest.raises(ValueError, match=r"max_pool_backward_fast: dout has shape \(1,\)"):
        max_pool_backward_fast(np.zeros(1), cache)


@pytest.mark.process
def test_a_forked_child_can_go_on_after_its_parent_used_threads(implementation):
    done = run_python(f"""
        import os, warnings
        import numpy as np
        from reference import fast_layers, kernels
        if {implementation!r} in kernels.INSTRUCTION_SETS:
            kernels.use_instruction_set({implementation!r})
        warnings.simplefilter("ignore", DeprecationWarning)  # fork in a process with threads
        x, w, b = np.ones((64, 3, 32, 32)), np.ones((16, 3, 3, 3)), np.ones(16)
        def use():
            out, cache = fast_layers.conv_forward_fast(x, w, b, {{"stride": 1, "pad": 1}})
            return fast_layers.conv_backward_fast(out, cache)[1].sum()
        before = use()
        child = os.fork()
        if child == 0:
            os._exit(0 if use() == before or abs(use() / before - 1) < 1e-9 else 1)
        print(os.waitpid(child, 0)[1])
        """)
    assert done.stdout.strip() == "0"


@pytest.mark.process
def test_without_a_compiler_numpy_is_used_and_warns_once():
    done = run_python("""
        import sys
        sys.modules["reference.kernels"] = None  # as if it had never been compiled
        import numpy as np
        from reference import fast_layers
        x, w, b = np.ones((2, 3, 4, 4)), np.ones((5, 3, 3, 3)), np.ones(5)
        for _ in range(2):
            out, cache = fast_layers.conv_forward_fast(x, w, b, {"stride": 1, "pad": 0})
            fast_layers.conv_backward_fast(out, cache)
            fast_layers.max_pool_forward_fast(x, {"pool_height": 2, "pool_width": 2, "stride": 2})
        print(out.sum())
        """)
    assert float(done.stdout) == 2 * 5 * 4 * 28
    assert done.stderr.count("RuntimeWarning") == 1
    assert "fast_layers: the compiled kernels are missing, so NumPy is used" in done.stderr
    assert "setup.py build_ext --inplace" in done.stderr
