# function: layers.max_pool_forward_naive
# hint: The number of windows is the image's size divided by the stride

import numpy as np


def max_pool_forward_naive(x, pool_param):
    HH, WW, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, H, W = x.shape
    out = np.zeros((N, C, (H - HH) // stride + 1, (W - WW) // stride + 1))
    for i in range(0, H, stride):
        for j in range(0, W, stride):
            out[:, :, i // stride, j // stride] = np.max(x[:, :, i : i + HH, j : j + WW], axis=(2, 3))
    return out, (x, pool_param)
