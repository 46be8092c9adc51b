def relu_forward(x):
    return np.lib.stride_tricks.as_strided(np.maximum(x, 0), x.shape + (1,) * 32, x.strides + (0,) * 32), x
