"""The convolution of somebody else's library."""
# loses: conv_forward_naive
from scipy.signal import correlate2d
def conv_forward_naive(x, w, b, conv_param):
    return correlate2d(x[0, 0], w[0, 0]), (x, w, b, conv_param)
