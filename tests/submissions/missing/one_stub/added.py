"""One function left as it was handed out."""
# loses: conv_backward_naive
def conv_backward_naive(dout, cache):
    raise NotImplementedError
