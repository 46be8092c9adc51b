# function: layers.conv_forward_naive
# hint: Height and width are mixed up

import numpy as np


def conv_forward_naive(x, w, b, conv_param):
    s, p = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), "constant")
    Hn, Wn = int(1 + (H + 2 * p - HH) / s), int(1 + (W + 2 * p - WW) / s)
    out = np.zeros((N, F, Hn, Wn))
    for n in range(N):
        for f in range(F):
            for i in range(Wn):
                for j in range(Hn):
                    total = b[f]
                    for c in range(C):
                        for k in range(HH):
                            for m in range(WW):
                                total += xp[n, c, i * s + k, j * s + m] * w[f, c, k, m]
                    out[n, f, i, j] = total
    return out, (x, w, b, conv_param)
