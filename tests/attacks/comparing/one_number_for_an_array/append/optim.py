right = sgd_momentum


def sgd_momentum(w, dw, config=None):
    next_w, config = right(w, dw, config)
    return np.array(0.0), config
