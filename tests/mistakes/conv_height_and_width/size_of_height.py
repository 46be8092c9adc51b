# function: layers.conv_forward_naive
# hint: Height and width are mixed up

import numpy as np


def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, _, H, W = x.shape
    F, _, HH, WW = w.shape
    size = 1 + (H + 2 * pad - HH) // stride
    padded = np.pad(x, ((0,), (0,), (pad,), (pad,)), mode="constant")
    out = np.empty((N, F, size, size))
    for i in range(size):
        for j in range(size):
            window = padded[:, :, i * stride : i * stride + HH, j * stride : j * stride + WW]
            out[:, :, i, j] = np.tensordot(window, w, axes=((1, 2, 3), (1, 2, 3))) + b
    return out, (x, w, b, conv_param)
