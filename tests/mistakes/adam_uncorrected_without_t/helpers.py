# function: optim.adam
# hint: The step uses m and v without the correction, and t never changes

import numpy as np


def adam(w, dw, config=None):
    config = {} if config is None else config
    for key, value in {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "t": 0}.items():
        config.setdefault(key, value)
    config.setdefault("m", np.zeros_like(w))
    config.setdefault("v", np.zeros_like(w))
    m, v = averaged(config["m"], dw, config["beta1"]), averaged(config["v"], np.square(dw), config["beta2"])
    config["m"], config["v"] = m, v
    step = np.divide(m, np.sqrt(v) + config["epsilon"])
    next_w = np.subtract(w, config["learning_rate"] * step)
    return next_w, config


def averaged(old, new, beta):
    return beta * old + new - beta * new
