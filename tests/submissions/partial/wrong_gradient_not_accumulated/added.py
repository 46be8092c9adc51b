"""dw holds the last position's share only: = where += is due."""
# loses: conv_backward_naive
right = conv_backward_naive
def conv_backward_naive(dout, cache):
    dx, dw, db = right(dout, cache)
    last = np.zeros_like(dout)
    last[:, :, -1, -1] = dout[:, :, -1, -1]
    return dx, right(last, cache)[1], db
