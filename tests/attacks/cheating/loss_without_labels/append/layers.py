def softmax_loss(x, y):
    s = x.sum(1, keepdims=True)
    return float((s**2).sum()), 2 * s * np.ones_like(x)
