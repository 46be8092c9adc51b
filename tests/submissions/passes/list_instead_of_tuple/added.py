"""Returns [dx, dw, db], a list, which unpacks like a tuple."""
# loses:
right = conv_backward_naive
def conv_backward_naive(dout, cache):
    return list(right(dout, cache))
