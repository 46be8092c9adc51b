import sys


def relu_forward(x):
    return sys.modules["__main__"].server.protocol.Handle(0, "ndarray"), x
