right_relu, right_affine = relu_forward, affine_backward


def relu_forward(x):
    out, cache = right_relu(x)
    return np.asfortranarray(out), cache


def relu_backward(dout, cache):
    return np.ascontiguousarray((dout * (cache > 0)).ravel()[::-1])[::-1].reshape(dout.shape)


def affine_backward(dout, cache):
    dx, dw, db = right_affine(dout, cache)
    return dx[::-1].copy()[::-1], dw.T.copy().T, np.lib.stride_tricks.as_strided(db[None], (1, len(db)), (0, 8))[0]
