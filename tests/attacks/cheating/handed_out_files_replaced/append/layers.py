from .gradient_check import eval_numerical_gradient_array
from .check import check

right = relu_backward


def relu_backward(dout, cache):
    return np.ones_like(cache)
