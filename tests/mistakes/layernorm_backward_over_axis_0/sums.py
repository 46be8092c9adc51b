# function: layers.layernorm_backward
# hint: dx matches batch normalization: its means run over the examples

import numpy as np


def layernorm_backward(dout, cache):
    x_hat, std, gamma = cache
    N, D = dout.shape
    dgamma, dbeta = np.sum(dout * x_hat, axis=0), np.sum(dout, axis=0)
    d = dout * gamma
    dx = (N * d - np.sum(d, axis=0) - x_hat * np.sum(d * x_hat, axis=0)) / (N * std)
    return dx, dgamma, dbeta
