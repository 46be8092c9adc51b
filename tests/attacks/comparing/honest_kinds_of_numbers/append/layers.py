right_relu, right_svm, right_softmax = relu_forward, svm_loss, softmax_loss


def relu_forward(x):
    out, cache = right_relu(x)
    return out.astype(np.longdouble), cache


def relu_backward(dout, cache):
    return (dout * (cache > 0)).astype(">f8")


def svm_loss(x, y):
    loss, dx = right_svm(x, y)
    return np.array(loss), dx.astype(complex)


def softmax_loss(x, y):
    loss, dx = right_softmax(x, y)
    return np.array([loss]), dx[None]
