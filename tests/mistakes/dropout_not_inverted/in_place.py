# function: layers.dropout_forward
# hint: Train mode does not scale the numbers that stay, and test mode scales

import numpy as np


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    mask = None
    if mode == "train":
        mask = np.random.rand(*x.shape) < 1 - p
        out = x * mask
    elif mode == "test":
        out = x * (1 - p)
    return out, (dropout_param, mask)
