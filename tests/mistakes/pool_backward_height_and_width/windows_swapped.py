# function: layers.max_pool_backward_naive
# hint: Height and width are mixed up

import numpy as np


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    pw, ph, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    dx = np.zeros_like(x)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            part = x[:, :, i * s : i * s + ph, j * s : j * s + pw]
            hit = part == part.max(axis=(2, 3), keepdims=True)
            dx[:, :, i * s : i * s + ph, j * s : j * s + pw] += hit * dout[:, :, i : i + 1, j : j + 1]
    return dx
