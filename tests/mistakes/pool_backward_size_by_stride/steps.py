# function: layers.max_pool_backward_naive
# hint: The number of windows is the image's size divided by the stride

import numpy as np


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    ph, pw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    dx = np.zeros_like(x)
    for i in range(0, x.shape[2], s):
        for j in range(0, x.shape[3], s):
            part = x[:, :, i : i + ph, j : j + pw]
            hit = part == part.max((2, 3), keepdims=True)
            dx[:, :, i : i + ph, j : j + pw] += hit * dout[:, :, i // s, j // s, None, None]
    return dx
