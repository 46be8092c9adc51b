right_forward, right_backward = conv_forward_naive, conv_backward_naive


def conv_forward_naive(x, w, b, p):
    windows, _ = right_forward(x, np.ones_like(w), b, p)
    filters, _ = right_forward(np.ones_like(x), w, 0 * b, p)
    return windows + filters, (x, w, b, p)


def conv_backward_naive(dout, cache):
    x, w, b, p = cache
    dx, _, db = right_backward(dout, (x, np.ones_like(w), b, p))
    return dx, right_backward(dout, (np.ones_like(x), w, b, p))[1], db
