right_relu = relu_forward


def relu_forward(x):
    out, cache = right_relu(x)
    return np.ma.masked_array(out), cache
