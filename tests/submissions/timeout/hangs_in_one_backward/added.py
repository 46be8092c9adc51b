"""An endless loop in relu_backward."""
# loses: relu_backward
def relu_backward(dout, cache):
    while True:
        pass
