# function: layers.max_pool_backward_naive
# hint: The number of windows is the image's size divided by the stride

import numpy as np


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    ph, pw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, H, W = x.shape
    dx = np.zeros(x.shape)
    for n in range(N):
        for c in range(C):
            for i in range(H // s):
                for j in range(W // s):
                    window = x[n, c, i * s : i * s + ph, j * s : j * s + pw]
                    dx[n, c, i * s : i * s + ph, j * s : j * s + pw] += (window == window.max()) * dout[n, c, i, j]
    return dx
