"""NaN for an answer: equal to nothing, not even to itself."""
# loses: affine_forward
def affine_forward(x, w, b):
    return np.full((x.shape[0], w.shape[1]), np.nan), (x, w, b)
