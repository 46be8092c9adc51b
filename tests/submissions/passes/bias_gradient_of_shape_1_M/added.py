"""db of shape (1, M) for (M,): a singleton axis is a remark and costs nothing."""
# loses:
right = affine_backward
def affine_backward(dout, cache):
    dx, dw, db = right(dout, cache)
    return dx, dw, db.reshape(1, -1)
