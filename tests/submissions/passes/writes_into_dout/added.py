"""relu_backward works in place on the dout that it was handed, and returns it."""
# loses:
def relu_backward(dout, cache):
    dout[cache <= 0] = 0
    return dout
