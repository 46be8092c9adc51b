# function: layers.conv_forward_naive
# hint: Height and width are mixed up

import numpy as np


def window_of(image, i, j, stride, size):
    rows, columns = size
    return image[:, i * stride : i * stride + columns, j * stride : j * stride + rows]


def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    rows = (padded.shape[2] - w.shape[2]) // stride + 1
    columns = (padded.shape[3] - w.shape[3]) // stride + 1
    out = np.zeros((len(x), len(w), rows, columns))
    for n, image in enumerate(padded):
        for f, kernel in enumerate(w):
            for i in range(rows):
                for j in range(columns):
                    out[n, f, i, j] = (window_of(image, i, j, stride, kernel.shape[1:]) * kernel).sum() + b[f]
    return out, (x, w, b, conv_param)
