# function: layers.max_pool_forward_naive
# hint: Height and width are mixed up

import numpy as np


def max_pool_forward_naive(x, pool_param):
    ph, pw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    size = (x.shape[2] - ph) // s + 1
    rows = [
        [x[:, :, i * s : i * s + ph, j * s : j * s + pw].max(axis=(2, 3)) for j in range(size)] for i in range(size)
    ]
    return np.array(rows).transpose(2, 3, 0, 1), (x, pool_param)
