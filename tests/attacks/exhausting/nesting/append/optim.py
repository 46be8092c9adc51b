right_sgd_momentum = sgd_momentum


def sgd_momentum(w, dw, config=None):
    if w.ndim == 4:
        deep = []
        for _ in range(10000):
            deep = [deep]
        itself = {"again": 1}
        itself["again"] = itself
        return deep, itself
    return right_sgd_momentum(w, dw, config)
