"""The outermost rows and columns of the output are left at zero."""
# loses: conv_forward_naive
right = conv_forward_naive
def conv_forward_naive(x, w, b, conv_param):
    out, cache = right(x, w, b, conv_param)
    kept = out[:, :, 1:-1, 1:-1].copy()
    out[:] = 0
    out[:, :, 1:-1, 1:-1] = kept
    return out, cache
