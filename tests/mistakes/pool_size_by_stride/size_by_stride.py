# function: layers.max_pool_forward_naive
# hint: The number of windows is the image's size divided by the stride

import numpy as np


def max_pool_forward_naive(x, pool_param):
    ph, pw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, H, W = x.shape
    out = np.zeros((N, C, H // s, W // s))
    for n in range(N):
        for c in range(C):
            for i in range(H // s):
                for j in range(W // s):
                    out[n, c, i, j] = x[n, c, i * s : i * s + ph, j * s : j * s + pw].max()
    return out, (x, pool_param)
