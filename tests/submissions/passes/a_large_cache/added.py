"""A cache of ninety megabytes as a bare array: it stays with the worker."""
# loses:
right = relu_backward
def relu_forward(x):
    kept = np.zeros(12 * 1024 * 1024)
    kept[:x.size] = x.ravel()
    return np.maximum(x, 0), kept
def relu_backward(dout, cache):
    return right(dout, cache[:dout.size].reshape(dout.shape))
