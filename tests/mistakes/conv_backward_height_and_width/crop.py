# function: layers.conv_backward_naive
# hint: Height and width are mixed up

import numpy as np


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    s, p = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    HH, WW = w.shape[2:]
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    dxp, dw = np.zeros_like(xp), np.zeros_like(w)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            g = dout[:, :, i, j]
            dw += np.einsum("nf,ncij->fcij", g, xp[:, :, i * s : i * s + HH, j * s : j * s + WW])
            dxp[:, :, i * s : i * s + HH, j * s : j * s + WW] += np.einsum("nf,fcij->ncij", g, w)
    return dxp[:, :, p : W + p, p : H + p], dw, dout.sum((0, 2, 3))
