# function: layers.spatial_batchnorm_forward
# hint: Each position of the image has its own mean and variance

import numpy as np


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    out = np.empty(x.shape)
    for c in range(C):
        out[:, c, :, :] = one_channel(x[:, c, :, :].reshape(N, H * W), gamma[c], beta[c], bn_param).reshape(N, H, W)
    return out, None


def one_channel(x, gamma, beta, bn_param):
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    mean = bn_param.get("running_mean", np.zeros(x.shape[1]))
    var = bn_param.get("running_var", np.zeros(x.shape[1]))
    if bn_param["mode"] == "train":
        m, v = x.mean(0), x.var(0)
        bn_param["running_mean"] = momentum * mean + (1 - momentum) * m
        bn_param["running_var"] = momentum * var + (1 - momentum) * v
        mean, var = m, v
    return gamma * (x - mean) / np.sqrt(var + eps) + beta
