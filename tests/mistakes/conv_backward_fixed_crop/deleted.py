# function: layers.conv_backward_naive
# hint: dx is cropped by one row and one column on each side

import numpy as np


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    s, p = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    dxp, dw = np.zeros_like(xp), np.zeros_like(w)
    for f in range(F):
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                g = dout[:, f, i, j].reshape(-1, 1, 1, 1)
                dw[f] += np.sum(g * xp[:, :, i * s : i * s + HH, j * s : j * s + WW], axis=0)
                dxp[:, :, i * s : i * s + HH, j * s : j * s + WW] += g * w[f]
    dx = np.delete(dxp, (0, -1), axis=2)
    dx = np.delete(dx, (0, -1), axis=3)
    return dx, dw, np.sum(dout, axis=(0, 2, 3))
