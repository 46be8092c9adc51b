import numpy as np


def _defaults(config, **values):
    config = {} if config is None else config
    for key, value in values.items():
        config.setdefault(key, value)
    return config


def sgd(w, dw, config=None):
    config = _defaults(config, learning_rate=1e-2)
    return w - config["learning_rate"] * dw, config


def sgd_momentum(w, dw, config=None, nesterov=False):
    config = _defaults(config, learning_rate=1e-2, momentum=0.9, velocity=np.zeros_like(w))
    step = config["learning_rate"] * dw
    config["velocity"] = velocity = config["momentum"] * config["velocity"] - step
    if nesterov:
        return w + config["momentum"] * velocity - step, config
    return w + velocity, config


def rmsprop(w, dw, config=None):
    config = _defaults(config, learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8, cache=np.zeros_like(w))
    cache = config["cache"] + (1 - config["decay_rate"]) * (dw * dw - config["cache"])
    config["cache"] = cache
    return w - config["learning_rate"] / (np.sqrt(cache) + config["epsilon"]) * dw, config


def adam(w, dw, config=None, amsgrad=False):
    config = _defaults(config, learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, t=0,
                       m=np.zeros_like(w), v=np.zeros_like(w))
    beta1, beta2 = config["beta1"], config["beta2"]
    t = config["t"] + 1
    m = config["m"] + (1 - beta1) * (dw - config["m"])
    v = config["v"] + (1 - beta2) * (dw * dw - config["v"])
    config.update(t=t, m=m, v=v)
    if amsgrad:
        v = config["v_max"] = np.maximum(v, config.get("v_max", v))
    denominator = np.sqrt(v / (1 - beta2 ** t)) + config["epsilon"]
    return w - config["learning_rate"] * (m / (1 - beta1 ** t)) / denominator, config
