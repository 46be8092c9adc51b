def relu_forward(x):
    return np.empty((10**11, 0, 10**7)), x
