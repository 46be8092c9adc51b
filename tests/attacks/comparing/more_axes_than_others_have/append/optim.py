right = sgd_momentum


def sgd_momentum(w, dw, config=None):
    next_w, config = right(w, dw, config)
    return np.lib.stride_tricks.as_strided(next_w, next_w.shape + (1,) * 32, next_w.strides + (0,) * 32), config
