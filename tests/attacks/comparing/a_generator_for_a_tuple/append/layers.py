def relu_forward(x):
    yield np.ones_like(x)
    yield x
