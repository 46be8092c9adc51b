def relu_forward(x):
    return np.broadcast_to(0.0, (1 << 20, 1 << 20)), x
