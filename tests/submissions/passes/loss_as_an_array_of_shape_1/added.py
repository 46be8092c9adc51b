"""The loss as an array of one entry, the gradient as a list comprehension made it."""
# loses:
right = softmax_loss
def softmax_loss(x, y):
    loss, dx = right(x, y)
    return np.array([loss]), np.array([[v for v in row] for row in dx])
