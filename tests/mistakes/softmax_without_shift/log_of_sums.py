# function: layers.softmax_loss
# hint: Large scores give NaN or inf

import numpy as np


def softmax_loss(x, y):
    rows = np.arange(len(x))
    e = np.exp(x)
    total = e.sum(axis=1, keepdims=True)
    loss = (np.log(total).sum() - x[rows, y].sum()) / len(x)
    dx = e / total
    dx[rows, y] -= 1
    return loss, dx / len(x)
