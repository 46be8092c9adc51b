# function: layers.spatial_groupnorm_forward
# hint: Each pixel is normalized on its own

import numpy as np


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get("eps", 1e-5)
    size, out = x.shape[1] // G, np.zeros(x.shape)
    for g in range(G):
        part = x[:, g * size : (g + 1) * size]
        centred = part - np.mean(part, axis=1, keepdims=True)
        out[:, g * size : (g + 1) * size] = centred / np.sqrt(np.mean(centred**2, axis=1, keepdims=True) + eps)
    return out * gamma + beta, (out, gamma)
