# function: layers.max_pool_backward_naive
# hint: Height and width are mixed up

import numpy as np


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    ph, pw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, H, W = x.shape
    size = (H - ph) // s + 1
    dx = np.zeros_like(x)
    for n in range(N):
        for c in range(C):
            for i in range(size):
                for j in range(size):
                    window = x[n, c, i * s : i * s + ph, j * s : j * s + pw]
                    k, m = np.unravel_index(np.argmax(window), window.shape)
                    dx[n, c, i * s + k, j * s + m] += dout[n, c, i, j]
    return dx
