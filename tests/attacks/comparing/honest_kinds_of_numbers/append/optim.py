right_adam = adam


def adam(w, dw, config=None):
    next_w, config = right_adam(w, dw, config)
    config["t"] = np.array(config["t"], dtype=np.int16)
    return next_w, config
