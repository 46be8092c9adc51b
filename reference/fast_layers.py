"""Convolution and max-pooling like the naive layers: same signatures, caches and results, but fast.

This module checks the arguments, brings arrays into the order that the kernels read, creates the results and calls the
kernels. Those of kernels.pyx are compiled (`python setup.py build_ext --inplace`). If they are missing,
numpy_kernels.py takes over, and a warning says so once.
"""

import contextlib
import ctypes
import os
import threading
import warnings
from functools import lru_cache

import numpy as np

from . import numpy_kernels
from .expect import expect_conv, expect_pool, expect_shape


def _load_kernels():
    """Return the compiled kernels, or None. OpenMP reads its environment once, when they are loaded.

    By default, OpenMP's threads spin while they wait for work. They spin so long that the BLAS of the layers in between
    gets no processors: a training step took 1.5 times as long. A policy that is already set stays.
    """
    ours = not {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"} & set(os.environ)
    if ours:
        os.environ["GOMP_SPINCOUNT"] = "10000"
    try:
        from . import kernels
    except ImportError:
        return None
    finally:
        if ours:
            del os.environ["GOMP_SPINCOUNT"]
    return kernels


kernels = _load_kernels()

__all__ = ["conv_backward_fast", "conv_forward_fast", "max_pool_backward_fast", "max_pool_forward_fast"]

# The dtypes for which there are compiled kernels.
COMPILED = (np.dtype(np.float32), np.dtype(np.float64))
# The names of one function of OpenBLAS: NumPy's and SciPy's copies add a prefix or a suffix.
BLAS_CALLBACK_SETTERS = [
    f"{prefix}openblas_set_threads_callback_function{suffix}" for prefix in ("scipy_", "") for suffix in ("64_", "")
]


def conv_forward_fast(x, w, b, conv_param):
    """Slide F filters over N padded images, like layers.conv_forward_naive.

    x: (N, C, H, W), w: (F, C, HH, WW), b: (F,), or F values in a row or column; not modified. conv_param: {'stride',
    'pad'}.
    Returns out (N, F, H', W'), and cache = (x, w, b, conv_param) for conv_backward_fast or conv_backward_naive.
    Raises ValueError as conv_forward_naive does.
    """
    biases = _flat(b)
    expect_conv("conv_forward_fast", x, w, biases, conv_param)
    dtype = np.result_type(x, w, b)
    out = np.empty(_conv_shape(x, w, conv_param), dtype=dtype)
    if out.size:
        with _one_blas_thread(len(x)):
            kernels_for(dtype, w).conv_forward(*ready(dtype, x, w, biases), out, *_steps(x, conv_param))
    return out, (x, w, b, conv_param)


def conv_backward_fast(dout, cache):
    """Carry dout back through a convolution, like layers.conv_backward_naive.

    dout: (N, F, H', W'), cache: (x, w, b, conv_param) from conv_forward_fast or conv_forward_naive; not modified.
    Returns dx (N, C, H, W), dw (F, C, HH, WW) and db (F,).
    Raises ValueError if dout does not have the shape of the forward's out, or if the cache is not from such a forward.
    """
    x, w, b, conv_param = cache
    expect_conv("conv_backward_fast", x, w, _flat(b), conv_param)
    expect_shape("conv_backward_fast", "dout", dout, _conv_shape(x, w, conv_param))
    dtype = np.result_type(dout, x, w)
    dx, dw, db = (np.empty(shape, dtype=dtype) for shape in (x.shape, w.shape, w.shape[:1]))
    with _one_blas_thread(len(x)):
        kernels_for(dtype, dout, w).conv_backward(*ready(dtype, dout, x, w), dx, dw, db, *_steps(x, conv_param))
    dtypes = np.result_type(dout, w), np.result_type(dout, x), dout.dtype
    return tuple(array.astype(dtype, copy=False) for array, dtype in zip((dx, dw, db), dtypes, strict=True))


class PoolCache(tuple):
    """(x, pool_param), as the naive forward's cache, with what the quick backward needs.

    window: (pool_height, pool_width, stride) at the time. chosen (N, C, H', W'): where each value of out stood in its
    window, counted in reading order.
    """

    def __new__(cls, x, pool_param, window, chosen):
        return super().__new__(cls, (x, pool_param))

    def __init__(self, x, pool_param, window, chosen):
        self.window, self.chosen = window, chosen

    def __getnewargs__(self):
        return (*self, self.window, self.chosen)


def max_pool_forward_fast(x, pool_param):
    """Keep the largest value of each window, like layers.max_pool_forward_naive.

    x: (N, C, H, W), not modified. pool_param: {'pool_height', 'pool_width', 'stride'}.
    Returns out (N, C, H', W'), and cache = (x, pool_param) for max_pool_backward_fast or max_pool_backward_naive.
    Raises ValueError as max_pool_forward_naive does.
    """
    expect_pool("max_pool_forward_fast", x, pool_param)
    return _pool(x, pool_param)


def max_pool_backward_fast(dout, cache):
    """Carry dout back through max-pooling, like layers.max_pool_backward_naive.

    dout: (N, C, H', W'), cache: (x, pool_param) from max_pool_forward_fast or max_pool_forward_naive; not modified.
    Returns dx (N, C, H, W). If several values are the largest, the first in reading order gets the whole gradient.
    Raises ValueError if dout does not have the shape of the forward's out, or if the cache is not from such a forward.
    """
    x, pool_param = cache
    expect_pool("max_pool_backward_fast", x, pool_param)
    expect_shape("max_pool_backward_fast", "dout", dout, _pool_shape(x, pool_param))
    window = _window(pool_param)
    if not isinstance(cache, PoolCache) or cache.window != window:
        _, cache = _pool(x, pool_param)
    dx = np.empty(x.shape, dtype=dout.dtype)
    (upstream,) = ready(dout.dtype, dout)
    kernels_for(dout.dtype, dout).max_pool_backward(upstream, cache.chosen, dx, *window)
    return dx


def _pool(x, pool_param):
    """The largest values, and a PoolCache."""
    window = _window(pool_param)
    out = np.empty(_pool_shape(x, pool_param), dtype=x.dtype)
    chosen = np.empty(out.shape, dtype=np.uint8 if window[0] * window[1] <= 256 else np.intp)
    if out.size:
        kernels_for(x.dtype, x).max_pool_forward(*ready(x.dtype, x), out, chosen, *window)
    return out, PoolCache(x, pool_param, window, chosen)


def _flat(b):
    """Return biases as (F,) if all axes but one have length 1; else unchanged, so that the check rejects them."""
    return b.reshape(-1) if isinstance(b, np.ndarray) and b.ndim > 1 and b.size == max(b.shape) else b


def _conv_shape(x, w, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    H_out = 1 + (x.shape[2] + 2 * pad - w.shape[2]) // stride
    W_out = 1 + (x.shape[3] + 2 * pad - w.shape[3]) // stride
    return x.shape[0], w.shape[0], H_out, W_out


def _steps(x, conv_param):
    """Return stride and pad. A stride larger than the padded image is cut to its size: it means one window anyway, and
    kernels allocate memory by it.
    """
    stride, pad = int(conv_param["stride"]), int(conv_param["pad"])
    return min(stride, max(1, *x.shape[2:]) + 2 * pad), pad


def _pool_shape(x, pool_param):
    HH, WW, stride = _window(pool_param)
    return *x.shape[:2], 1 + (x.shape[2] - HH) // stride, 1 + (x.shape[3] - WW) // stride


def _window(pool_param):
    return pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]


def ready(dtype, *arrays):
    """The arrays in C order, aligned and of one dtype; copies only where they are not so already."""
    return (np.require(array, dtype, ("C", "A")) for array in arrays)


def kernels_for(dtype, *arrays):
    """The compiled kernels where they are there and know the dtype, else NumPy's; NumPy's too for empty arrays."""
    if dtype not in COMPILED or not all(array.size for array in arrays):
        return numpy_kernels
    if kernels is None:
        _tell_once()
        return numpy_kernels
    return kernels


@contextlib.contextmanager
def _one_blas_thread(images):
    """Keep BLAS to one thread: the kernels call it from each of theirs, an image a thread. One image gets all of BLAS.

    The limit holds for the whole process. Two Python threads would undo each other's limit, so one waits for the other.
    """
    if kernels is None or images == 1:
        yield
        return
    with _turn, _blas().limit(limits=1):
        yield


@lru_cache(maxsize=None)
def _blas():
    """Return the loaded BLAS libraries, after those that can share threads with OpenMP do so (kernels_threads.pxi)."""
    # Searching the loaded libraries takes longer than a small convolution, so it is done once.
    from threadpoolctl import ThreadpoolController

    libraries = ThreadpoolController().select(user_api="blas")
    _set_blas_callback(libraries, kernels.blas_callback() if kernels.thread_count() > 1 else 0)
    return libraries


def _set_blas_callback(libraries, address):
    """Let each OpenBLAS with threads of its own call this function to run its jobs; 0: its own threads run them."""
    for library in libraries.lib_controllers:
        if library.internal_api == "openblas" and library.threading_layer == "pthreads":
            for name in BLAS_CALLBACK_SETTERS:
                setter = getattr(library.dynlib, name, None)
                if setter is not None:
                    setter(ctypes.c_void_p(address))
                    break


@lru_cache(maxsize=None)
def _tell_once():
    warnings.warn(
        "fast_layers: the compiled kernels are missing, so NumPy is used: same results, but slower. "
        "With a C compiler and Cython, run: python setup.py build_ext --inplace",
        RuntimeWarning,
        stacklevel=4,
    )


def _begin_as_child():
    """Reset a forked child, which would wait forever for OpenMP's threads or for the turn: neither survives a fork."""
    global _turn
    _turn = threading.Lock()
    kernels.use_threads(1)
    if _blas.cache_info().currsize:
        _set_blas_callback(_blas(), 0)


_turn = threading.Lock()
if kernels is not None and hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_as_child)
