right_adam = adam


def adam(w, dw, config=None):
    if config and "t" in config:
        config["t"] = int(config["t"])
    next_w, config = right_adam(w, dw, config)
    config["t"] = np.array(config["t"], dtype=np.int16)
    return next_w, config
