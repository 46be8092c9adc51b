# function: optim.adam
# hint: The step uses m and v without the correction, and t never changes

import numpy as np


def adam(w, dw, config=None):
    config = {} if config is None else config
    for key, value in {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "t": 0}.items():
        config.setdefault(key, value)
    config.setdefault("m", np.zeros_like(w))
    config.setdefault("v", np.zeros_like(w))
    lr, b1, b2, eps, m, v, t = (config[k] for k in ("learning_rate", "beta1", "beta2", "epsilon", "m", "v", "t"))
    m = m + (1 - b1) * (dw - m)
    v = v + (1 - b2) * (dw * dw - v)
    next_w = w - lr * m / (v**0.5 + eps)
    config.update(m=m, v=v, t=t)
    return next_w, config
