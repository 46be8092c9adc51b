"""A debugger at the margin costs nothing; in a function it costs that one."""
# loses: relu_forward, svm_loss
import pdb; pdb.set_trace()


def relu_forward(x):
    breakpoint()
    return np.maximum(0, x), x


def svm_loss(x, y):
    import code

    code.interact(local=locals())
    return 0.0, x


before = relu_backward


def relu_backward(dout, cache):
    return before(dout, cache)
