right_sgd_momentum = sgd_momentum


def sgd_momentum(w, dw, config=None):
    if w.ndim == 4:
        import threading

        lock = threading.Lock()
        lock.acquire()
        lock.acquire()
    return right_sgd_momentum(w, dw, config)
