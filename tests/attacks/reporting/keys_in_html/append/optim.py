right_sgd_momentum = sgd_momentum


def sgd_momentum(w, dw, config=None):
    next_w, config = right_sgd_momentum(w, dw, config)
    config["<img src=x onerror=alert(1)>"] = "<script>alert(1)</script>"
    return next_w, config
