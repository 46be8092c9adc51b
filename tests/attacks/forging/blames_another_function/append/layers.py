import sys


def relu_forward(x):
    raise sys.modules["__main__"].server.stubs.NotWritten("layers.affine_forward")
