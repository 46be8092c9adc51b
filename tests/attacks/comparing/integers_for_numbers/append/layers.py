def relu_forward(x):
    return (10 * np.maximum(x, 0)).astype(int), x
