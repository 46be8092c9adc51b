# function: layers.dropout_forward
# hint: Test mode scales its output. Only dropout that is not inverted does that

import numpy as np


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    mask = None
    if mode == "train":
        mask = np.where(np.random.random_sample(x.shape) < p, 0, 1 / (1 - p))
        out = np.multiply(x, mask)
    elif mode == "test":
        out = np.multiply(1 - p, x)
    return out, (dropout_param, mask)
