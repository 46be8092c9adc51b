right = sgd_momentum


def sgd_momentum(w, dw, config=None):
    next_w, config = right(w, dw, config)
    return next_w[:0], config
