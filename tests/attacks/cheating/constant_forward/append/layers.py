def relu_forward(x):
    return np.full(x.shape, 0.25), x


def relu_backward(dout, cache):
    return np.zeros_like(cache)
