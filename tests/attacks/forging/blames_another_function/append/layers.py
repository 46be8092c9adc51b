import sys


def relu_forward(x):
    raise sys.modules["__main__"].stubs.NotWritten("layers.affine_forward")
