# function: layers.softmax_loss
# hint: Large scores give NaN or inf

import numpy as np


def softmax_loss(x, y):
    from math import exp, log

    loss, dx = 0.0, np.zeros_like(x)
    for n, row in enumerate(x):
        powers = [exp(score) for score in row]
        total = sum(powers)
        loss -= log(powers[y[n]] / total)
        dx[n] = [power / total for power in powers]
        dx[n, y[n]] -= 1
    return loss / len(x), dx / len(x)
