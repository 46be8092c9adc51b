def softmax_loss(x, y):
    return 0.0, 0 * x
