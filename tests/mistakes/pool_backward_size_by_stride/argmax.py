# function: layers.max_pool_backward_naive
# hint: The number of windows is the image's size divided by the stride

import numpy as np


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    HH, WW, S = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, H, W = x.shape
    dx = np.zeros((N, C, H, W))
    for n, c, i, j in np.ndindex(N, C, H // S, W // S):
        window = x[n, c, i * S : i * S + HH, j * S : j * S + WW]
        k, m = np.unravel_index(window.argmax(), window.shape)
        dx[n, c, i * S + k, j * S + m] += dout[n, c, i, j]
    return dx
