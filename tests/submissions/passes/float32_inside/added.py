"""The convolution computes in float32 inside: right, to 1e-6."""
# loses:
right_forward, right_backward = conv_forward_naive, conv_backward_naive
def conv_forward_naive(x, w, b, conv_param):
    out, _ = right_forward(x.astype(np.float32), w.astype(np.float32), b.astype(np.float32), conv_param)
    return out, (x, w, b, conv_param)
def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    return right_backward(dout.astype(np.float32), (x.astype(np.float32), w.astype(np.float32), b, conv_param))
