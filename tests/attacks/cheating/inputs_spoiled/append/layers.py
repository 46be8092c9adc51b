def relu_forward(x):
    x[...] = 0
    return x, x
