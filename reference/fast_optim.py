"""adam, like optim.adam, but in one pass over memory: Solver(..., update_rule="adam_fast").

The readable rule makes an array for each of its operations. For large weights that is a dozen passes over memory, and
memory is all that they wait for. The compiled kernel reads w, dw, m and v once, and writes the new ones once. Students
do not get this file, because it contains adam.
"""

import numpy as np

from .expect import expect_update
from .fast_layers import kernels_for, ready

__all__ = ["adam_fast"]


def adam_fast(w, dw, config=None):
    """Take a step of Adam, like optim.adam.

    w, dw: arrays of one shape, not modified. config: as optim.adam's; it writes into none of its arrays.
    Returns next_w (the shape of w), and config with the new m, v and t.
    Raises ValueError if dw, m or v has not the shape of w.
    Source: Kingma and Ba, Adam, 2015, algorithm 1.
    """
    config = {} if config is None else config
    config.setdefault("learning_rate", 1e-3)
    config.setdefault("beta1", 0.9)
    config.setdefault("beta2", 0.999)
    config.setdefault("epsilon", 1e-8)
    config.setdefault("t", 0)
    expect_update("adam_fast", w, dw, config, "m", "v")
    numbers = [float(config[key]) for key in ("learning_rate", "beta1", "beta2", "epsilon")]
    t = int(config["t"]) + 1
    m = config["m"] if "m" in config else np.zeros_like(w)
    v = config["v"] if "v" in config else np.zeros_like(w)

    dtype = np.result_type(w.dtype, dw.dtype, m.dtype, v.dtype)
    dtype = dtype if dtype.kind == "f" else np.dtype(np.float64)
    next_w, next_m, next_v = (np.empty(w.shape, dtype=dtype) for _ in range(3))
    flat = (array.reshape(-1) for array in ready(dtype, w, dw, m, v))
    results = (array.reshape(-1) for array in (next_w, next_m, next_v))
    kernels = kernels_for(dtype, w)
    step = kernels.adam if hasattr(kernels, "adam") else _adam_in_numpy
    arguments = [*flat, *results, *numbers, t]
    step(*arguments)
    config["m"], config["v"], config["t"] = next_m, next_v, t
    return next_w, config


def _adam_in_numpy(w, dw, m, v, next_w, next_m, next_v, learning_rate, beta1, beta2, epsilon, t):
    """IN w, dw, m, v (size). OUT next_w, next_m, next_v (size): step t, counted from 1. Used without a compiler."""
    next_m[:] = beta1 * m + (1 - beta1) * dw
    next_v[:] = beta2 * v + (1 - beta2) * np.square(dw)
    next_w[:] = w - learning_rate / (1 - beta1**t) * next_m / (np.sqrt(next_v / (1 - beta2**t)) + epsilon)
