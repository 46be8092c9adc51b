# function: layers.spatial_batchnorm_forward
# hint: Each position of the image has its own mean and variance

import numpy as np


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    out, caches = np.zeros_like(x), []
    for c in range(C):
        pixels = x[:, c].reshape(N, -1)
        g, b = np.full(H * W, gamma[c]), np.full(H * W, beta[c])
        y, cache = batchnorm_forward(pixels, g, b, bn_param)
        out[:, c] = y.reshape(N, H, W)
        caches.append(cache)
    return out, caches
