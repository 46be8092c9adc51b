# function: layers.conv_backward_naive
# hint: Height and width are mixed up

import numpy as np


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    s, p = conv_param["stride"], conv_param["pad"]
    N, F, Ho, Wo = dout.shape
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    dxp, dw, db = np.zeros(xp.shape), np.zeros(w.shape), np.zeros(b.shape)
    for n in range(N):
        for f in range(F):
            db[f] += dout[n, f].sum()
            for i in range(Wo):
                for j in range(Ho):
                    dw[f] += xp[n, :, i * s : i * s + w.shape[2], j * s : j * s + w.shape[3]] * dout[n, f, i, j]
                    dxp[n, :, i * s : i * s + w.shape[2], j * s : j * s + w.shape[3]] += w[f] * dout[n, f, i, j]
    return dxp[:, :, p : p + x.shape[2], p : p + x.shape[3]], dw, db
