def relu_forward(x):
    cache = x.copy()
    x[...] = 0
    return x.copy(), cache
